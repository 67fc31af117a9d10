// A transaction as a client or a proposal brings it: what decodes can be written again, and is then
// the same transaction.
#include "protocol/wire/transaction_codec.hpp"
#include "tests/fuzz/chain.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace powershare;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const auto& genesis = fuzz::genesis_hash();
  (void)wire::stateless_check(bytes, UtcMillis{0}, genesis, ledger::known_feature_level).ok();
  const auto transaction =
      wire::decode_verified_transaction(bytes, genesis, ledger::known_feature_level);
  if (!transaction) return 0;
  const auto body = wire::encode_body(*transaction);
  const auto again = wire::decode_verified_transaction(
      wire::assemble(body, transaction->signer, crypto::Signature{}), genesis,
      ledger::known_feature_level);
  require(again.ok());
  require(again->principal == transaction->principal);
  require(equal(wire::encode_body(*again), body));
  return 0;
}
