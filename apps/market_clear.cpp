#include <cstdio>

#include "apps/error.hpp"
#include "apps/exit.hpp"
#include "apps/files.hpp"
#include "apps/market_book.hpp"
#include "apps/market_commands.hpp"

namespace powershare::apps {
namespace {

constexpr std::size_t max_book_bytes = std::size_t{1} << 30;

Result<std::string> read_book(const std::filesystem::path& path) {
  if (path != "-") return read_file(path, max_book_bytes);
  std::string text;
  char piece[1 << 16];
  std::size_t count = 0;
  while ((count = std::fread(piece, 1, sizeof piece, stdin)) > 0) {
    text.append(piece, count);
    if (text.size() > max_book_bytes) return Error{AppError::usage, "a book has at most 1 GiB"};
  }
  return text;
}

}  // namespace

int run_market_clear(const MarketClearOptions& options) {
  if (!market::is_rule(options.rule)) {
    return report(Error{AppError::usage, "--rule takes one of " + market::rule_list()});
  }
  const auto text = read_book(options.book);
  if (!text) return report(Error{AppError::usage, text.error().detail()});
  const auto book = parse_market_book(*text);
  if (!book) return report(book.error());
  const auto clearing = market::clear(options.rule, book->book, book->network);
  if (!clearing) {
    return report(Error{AppError::damaged_data, "book: " + clearing.error().detail()});
  }
  Result<void> checked;
  if (clearing->certificate) {
    checked = market::check_certificate(book->book, book->network, *clearing);
  }
  if (!options.json) {
    std::fputs(clearing_table(*book, *clearing, checked).c_str(), stderr);
  }
  std::printf("%s\n", clearing_json(*book, *clearing, checked).c_str());
  return checked ? 0 : static_cast<int>(ExitCode::failed);
}

int run_market_rules() {
  for (const auto rule : market::rule_names()) {
    std::printf("%.*s\n", static_cast<int>(rule.size()), rule.data());
  }
  return 0;
}

}  // namespace powershare::apps
