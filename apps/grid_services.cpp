#include "apps/grid_services.hpp"

#include <cstdio>

#include "apps/error.hpp"
#include "apps/exit.hpp"
#include "apps/files.hpp"
#include "apps/key_files.hpp"

namespace powershare::apps {
namespace {

constexpr std::size_t max_bytes = std::size_t{1} << 26;

Result<std::string> read_document(const std::filesystem::path& path) {
  if (path != "-") return read_file(path, max_bytes);
  std::string text;
  char piece[1 << 16];
  std::size_t count = 0;
  while ((count = std::fread(piece, 1, sizeof piece, stdin)) > 0) {
    text.append(piece, count);
    if (text.size() > max_bytes) return Error{AppError::usage, "at most 64 MiB"};
  }
  return text;
}

Result<GridServiceAnswer> answer(GridService service, std::string_view text,
                                 const std::optional<crypto::KeyPair>& key) {
  switch (service) {
    case GridService::flexibility:
      return answer_flexibility(text, key);
    case GridService::curtailment:
      return answer_curtailment(text);
    case GridService::dispatch:
      return answer_dispatch(text);
  }
  return Error{AppError::usage, "no such service"};
}

}  // namespace

int run_grid_service(const GridServiceOptions& options) {
  const auto text = read_document(options.file);
  if (!text) return report(Error{AppError::usage, text.error().detail()});
  std::optional<crypto::KeyPair> key;
  if (!options.key.empty()) {
    crypto::initialise();
    auto loaded = load_key(options.key);
    if (!loaded) return report(Error{AppError::usage, loaded.error().detail()});
    key = *std::move(loaded);
  }
  const auto answered = answer(options.service, *text, key);
  if (!answered) return report(answered.error());
  if (!options.json) std::fputs(answered->table.c_str(), stderr);
  std::printf("%s\n", answered->json.c_str());
  return 0;
}

}  // namespace powershare::apps
