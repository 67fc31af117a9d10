// `?filter=` of /api, as JSON and in brackets: the query of a request, the first byte choosing the
// type. A filter that is taken chooses among objects of that type, sorts them and leaves fields
// out.
#include "gateway/composer/filter.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace powershare;
using namespace powershare::gateway::composer;
using fuzz::require;

namespace {

/// An object with every field that the type can have; `number` tells several apart.
Record object_of(const Type& type, std::int64_t number) {
  Record record;
  record.text("$class", type.full_name());
  if (type.kind == Kind::transaction) {
    record.text("transactionId", std::to_string(number)).time("timestamp", {number});
  }
  for (const auto& field : type.fields) {
    switch (field.kind) {
      case FieldKind::number:
        record.number(field.name, number * 1'000'000'007);
        break;
      case FieldKind::reference:
        record.reference(field.name, field.target, std::to_string(number));
        break;
      case FieldKind::text:
      case FieldKind::vehicle_type:
      case FieldKind::owner_entity:
        record.text(field.name, std::to_string(number % 3));
        break;
    }
  }
  return record;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto& type = types()[data[0] % types().size()];
  net::HttpRequest request;
  // As the server reads it: at most 16 kB of percent-decoded pairs.
  const auto query = std::string(as_text({data + 1, std::min<std::size_t>(size - 1, 16'384)}));
  if (!net::parse_target("/api/X?" + query, request)) return 0;
  const auto read = read_filter(request, type);
  if (const auto* problem = std::get_if<Problem>(&read)) {
    require(problem->status == 400 || problem->status == 500);
    require(!problem->message.empty());
    const auto text = to_json(*problem);
    require(gateway::json::parse(text).ok());
    return 0;
  }
  const auto& filter = std::get<Filter>(read);
  std::vector<Record> records;
  for (std::int64_t i = 0; i < 5; ++i) {
    auto record = object_of(type, i);
    const bool holds = filter.where.holds(record);
    require(!filter.is_all() || holds);
    if (holds) records.push_back(std::move(record));
  }
  const auto before = records.size();
  sort(records, filter.order);
  require(records.size() == before);
  for (auto& record : records) {
    const auto fields = record.cells().size();
    filter.select(record);
    require(record.cells().size() <= fields);
    require(gateway::json::parse(to_json(record)).ok());
  }
  return 0;
}
