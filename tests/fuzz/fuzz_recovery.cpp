// A replica starts from whatever stands in its log, and goes on: records as u8 length ‖ key ‖ u16
// length ‖ value, until the input ends.
#include "protocol/pbft/replica.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace powershare;

namespace {

/// Takes every signature for good, so that the content of records decides.
class CredulousSignatory final : public protocol::Signatory {
 public:
  explicit CredulousSignatory(crypto::PublicKey key) : key_(key) {}
  bool owns(const crypto::PublicKey& key) const override { return key == key_; }
  crypto::Signature sign(const crypto::PublicKey&, ByteView) const override { return {}; }
  bool verify(const crypto::PublicKey&, ByteView, const crypto::Signature&) const override {
    return true;
  }

 private:
  crypto::PublicKey key_;
};

pbft::Config config() {
  pbft::Config config;
  config.committee.genesis = crypto::sha256(as_bytes("test chain"));
  for (std::uint8_t member = 0; member < 4; ++member) {
    config.committee.members.push_back(crypto::sha256(Bytes{member}));
  }
  config.options.checkpoint_interval = 4;
  config.options.window = 8;
  config.options.confirm_at_start = false;
  return config;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Decoder in({data, size});
  pbft::Recovered recovered;
  recovered.executed.head = config().committee.genesis;
  while (in.ok() && in.remaining() > 0) {
    const auto key = in.raw(in.u8());
    const auto value = in.raw(in.u16());
    if (!in.ok()) break;
    recovered.log.push_back({to_bytes(key), to_bytes(value)});
  }
  const auto chosen = config();
  const CredulousSignatory signatory(chosen.committee.members[0]);
  pbft::Replica replica(
      chosen, signatory, [](ByteView, UtcMillis, std::uint32_t) { return true; },
      std::move(recovered));
  (void)replica.start();
  for (std::int64_t now = 0; now < 20'000; now += 2'500) {
    (void)replica.step(pbft::Tick{MonotonicMillis{now}, UtcMillis{1'600'000'000'000 + now}, true});
  }
  (void)replica.status();
  return 0;
}
