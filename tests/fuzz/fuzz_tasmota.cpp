// What Tasmota says over MQTT, with the names of its energy drivers and with others.
#include "adapters/json_numbers.hpp"
#include "adapters/tasmota.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace powershare;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  adapters::TasmotaFields script;
  script.group = "SML";
  script.imported = "Total_in";
  script.exported = "Total_out";
  script.power = "Power_curr";
  for (const auto& fields : {adapters::TasmotaFields{}, script}) {
    const auto report = adapters::read_tasmota(text, fields);
    if (!report) continue;
    require(report->imported || report->exported || report->power);
    require(!report->imported.value_or(Energy{}).is_negative());
    require(!report->exported.value_or(Energy{}).is_negative());
    require(!report->time.has_value());
    // Written as digits and read again, the register is the same.
    if (report->imported) {
      const auto again = adapters::read_kilowatt_hours(to_text(*report->imported));
      require(again.ok() && *again == *report->imported);
    }
  }
  if (const auto numbers = adapters::JsonNumbers::parse(text)) {
    require(numbers->size() <= adapters::JsonNumbers::max_numbers);
  }
  return 0;
}
