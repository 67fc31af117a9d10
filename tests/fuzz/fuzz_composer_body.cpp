// Bodies of /api: JSON, forms and cards. The first byte chooses the type of body and the model.
// What is taken reads as an instance, whose echo is taken again and says the same.
#include "gateway/composer/body.hpp"
#include "gateway/composer/card.hpp"
#include "gateway/composer/instance.hpp"
#include "gateway/composer/zip.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace powershare;
using namespace powershare::gateway::composer;
using fuzz::require;

namespace {

constexpr const char* media_types[] = {"application/json", "application/x-www-form-urlencoded",
                                       "multipart/form-data; boundary=b",
                                       "application/json; charset=\"UTF-8\""};

void check_problem(const Problem& problem) {
  require(problem.status >= 400 && problem.status <= 500);
  require(gateway::json::parse(to_json(problem)).ok());
}

void check_instance(const Type& type, const gateway::json::Value& body) {
  const auto never = gateway::ComposerNamespaces::never;
  const auto read = read_instance(type, never, body);
  if (const auto* problem = std::get_if<Problem>(&read)) return check_problem(*problem);
  const auto& instance = std::get<Instance>(read);
  const auto written = gateway::json::parse(to_json(instance.echo));
  require(written.ok());
  const auto again = read_instance(type, never, *written);
  require(std::holds_alternative<Instance>(again));
  const auto& same = std::get<Instance>(again);
  require(same.id == instance.id && same.texts == instance.texts);
  require(same.numbers == instance.numbers && same.references == instance.references);
}

void check_card(const net::HttpRequest& request) {
  const auto field = card_field(request);
  const auto& archive =
      std::holds_alternative<std::string>(field) ? std::get<std::string>(field) : request.body;
  if (const auto files = read_zip(archive)) {
    for (const auto& file : *files) require(file.content.size() <= archive.size());
  }
  const auto card = read_card(archive);
  if (const auto* problem = std::get_if<Problem>(&card)) return check_problem(*problem);
  require(!std::get<Card>(card).secret.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  net::HttpRequest request;
  request.method = "POST";
  request.headers["content-type"] = media_types[data[0] % 4];
  request.body = as_text({data + 1, size - 1});
  if (data[0] % 4 == 2) {
    check_card(request);
    return 0;
  }
  const auto body = read_body(request);
  if (const auto* problem = std::get_if<Problem>(&body)) {
    check_problem(*problem);
    return 0;
  }
  const auto& value = std::get<gateway::json::Value>(body);
  require(value.is_object() || value.is_array());
  const auto& type = types()[data[0] / 4 % types().size()];
  if (value.is_object()) {
    check_instance(type, value);
  } else {
    for (const auto& item : value.items()) check_instance(type, item);
  }
  return 0;
}
