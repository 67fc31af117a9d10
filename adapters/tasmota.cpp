#include "adapters/tasmota.hpp"

#include "adapters/error.hpp"
#include "adapters/json_numbers.hpp"

namespace powershare::adapters {

Result<Report> read_tasmota(std::string_view payload, const TasmotaFields& fields) {
  const auto numbers = JsonNumbers::parse(payload);
  if (!numbers) return numbers.error();
  const auto energy = [&](std::string_view name) {
    return sum_at(*numbers, fields.group + "." + std::string(name), read_kilowatt_hours);
  };
  const auto imported = energy(fields.imported);
  if (!imported) return imported.error();
  auto exported = energy(fields.exported.empty() ? "ExportActive" : fields.exported);
  if (exported && !*exported && fields.exported.empty()) exported = energy("TotalReturned");
  if (!exported) return exported.error();
  const auto power = sum_at(*numbers, fields.group + "." + fields.power, read_watts);
  if (!power) return power.error();
  if (!*imported && !*exported && !*power) {
    return Error{AdapterError::no_meter, "the message has no " + fields.group};
  }
  Report report;
  report.imported = *imported;
  report.exported = *exported;
  report.power = *power;
  return report;
}

}  // namespace powershare::adapters
