// What peers tell one another beside consensus: profiles, the question for them, live power, what
// became of news. The first byte chooses which.
#include <algorithm>

#include "ledger/profile.hpp"
#include "protocol/live_board.hpp"
#include "protocol/news_desk.hpp"
#include "protocol/profile_exchange.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace powershare;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView body(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      if (const auto it =
              protocol::decode_live_power(body, protocol::LiveLimits{}.max_in_message)) {
        fuzz::require_same(protocol::encode_live_power(*it), body);
      }
      break;
    case 1:
      if (const auto it = protocol::decode_profile_ask(body, 64)) {
        fuzz::require_same(protocol::encode_profile_ask(*it), body);
      }
      break;
    case 3:
      if (const auto it = protocol::decode_delivery_reports(body, 64)) {
        fuzz::require_same(protocol::encode_delivery_reports(*it), body);
      }
      break;
    default:
      if (const auto it = ledger::decode_profile(body)) {
        ledger::ProfileSalt salt{};
        std::copy_n(body.begin() + 1, salt.size(), salt.begin());
        fuzz::require_same(ledger::encode_profile(*it, salt), body);
      }
      break;
  }
  return 0;
}
