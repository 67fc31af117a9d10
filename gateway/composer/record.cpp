#include "gateway/composer/record.hpp"

#include "gateway/composer/model.hpp"

namespace powershare::gateway::composer {

Record& Record::add(std::string_view name, Cell cell) {
  cells_.emplace_back(std::string(name), std::move(cell));
  return *this;
}

Record& Record::text(std::string_view name, std::string value) {
  return add(name, {Cell::Kind::text, std::move(value), 0});
}

Record& Record::number(std::string_view name, std::int64_t nano) {
  return add(name, {Cell::Kind::number, {}, nano});
}

Record& Record::time(std::string_view name, UtcMillis value) {
  return add(name, {Cell::Kind::time, iso_time(value), value.value});
}

Record& Record::reference(std::string_view name, std::string_view type, std::string_view id) {
  return add(name, {Cell::Kind::reference, resource(type, id), 0});
}

Record& Record::json(std::string_view name, std::string value) {
  return add(name, {Cell::Kind::json, std::move(value), 0});
}

const Cell* Record::find(std::string_view name) const {
  for (const auto& [known, cell] : cells_) {
    if (known == name) return &cell;
  }
  return nullptr;
}

Cell* Record::find(std::string_view name) {
  for (auto& [known, cell] : cells_) {
    if (known == name) return &cell;
  }
  return nullptr;
}

std::string iso_time(UtcMillis time) {
  auto text = to_iso8601(time);
  if (text.find('.') == std::string::npos && !text.empty()) text.insert(text.size() - 1, ".000");
  return text;
}

void write(json::Writer& out, const Record& record) {
  out.begin_object();
  for (const auto& [name, cell] : record.cells()) {
    out.key(name);
    switch (cell.kind) {
      case Cell::Kind::number:
        out.number(cell.nano);
        break;
      case Cell::Kind::json:
        out.raw(cell.text);
        break;
      case Cell::Kind::text:
      case Cell::Kind::time:
      case Cell::Kind::reference:
        out.string(cell.text);
        break;
    }
  }
  out.end_object();
}

std::string to_json(const Record& record) {
  json::Writer out;
  write(out, record);
  return std::move(out).take();
}

}  // namespace powershare::gateway::composer
