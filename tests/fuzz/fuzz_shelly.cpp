// What Shelly meters say over MQTT: lines of a topic, a blank and a payload, heard by a
// first-generation meter of three channels and by each kind of later component.
#include "adapters/shelly.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace powershare;
using fuzz::require;

namespace {

void check(const Result<adapters::Report>& report) {
  if (!report) return;
  require(!report->imported.value_or(Energy{}).is_negative());
  require(!report->exported.value_or(Energy{}).is_negative());
  require(!report->time.has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = as_text({data, size});
  adapters::ShellyGen1 gen1("s", 3);
  std::vector<adapters::ShellyComponent> components;
  for (const char* component : {"em:0", "em1:1", "switch:0", "pm1:12"}) {
    components.push_back(adapters::ShellyComponent::create("s", component).value());
  }
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const auto blank = line.find(' ');
    const auto topic = line.substr(0, blank);
    const auto payload = blank == std::string_view::npos ? "" : line.substr(blank + 1);
    const auto report = gen1.take(topic, payload);
    check(report);
    if (report) require(report->imported.has_value() == report->exported.has_value());
    for (const auto& component : components) check(component.take(topic, payload));
    (void)adapters::ShellyComponent::create("s", topic);
  }
  return 0;
}
