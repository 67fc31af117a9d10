#include "ledger/state_keys.hpp"

namespace powershare::ledger::state_key {

Bytes table(StateTable table) {
  return Builder(table).take();
}
Bytes clock() {
  return table(StateTable::clock);
}
Bytes parameters() {
  return table(StateTable::parameters);
}
Bytes members(std::uint64_t epoch) {
  return Builder(StateTable::members).u64(epoch).take();
}

Bytes epoch(std::uint64_t number) {
  return Builder(StateTable::epoch).u64(number).take();
}
Bytes current_epoch() {
  return table(StateTable::current_epoch);
}
Bytes next_epoch() {
  return table(StateTable::next_epoch);
}

Bytes used_consensus_key(const crypto::PublicKey& key) {
  return Builder(StateTable::used_consensus_key).raw(key).take();
}

Bytes member_endpoints(const PeerId& peer) {
  return Builder(StateTable::member_endpoints).text(peer.text()).take();
}

Bytes participant(const ParticipantRef& ref) {
  return Builder(StateTable::participant).participant(ref).take();
}

Bytes key_binding(const crypto::PublicKey& key, std::string_view principal) {
  return Builder(StateTable::key_binding).raw(key).text(principal).take();
}

Bytes key_bindings(const crypto::PublicKey& key) {
  return Builder(StateTable::key_binding).raw(key).take();
}

Bytes principal_key(std::string_view principal, const crypto::PublicKey& key) {
  return Builder(StateTable::principal_key).text(principal).raw(key).take();
}

Bytes principal_keys(std::string_view principal) {
  return Builder(StateTable::principal_key).text(principal).take();
}

Bytes criteria(const ParticipantRef& ref, UtcMillis first_slot) {
  return Builder(StateTable::criteria).participant(ref).time(first_slot).take();
}

Bytes criteria_of(const ParticipantRef& ref) {
  return Builder(StateTable::criteria).participant(ref).take();
}

Bytes claim(const ParticipantRef& debtor, UtcMillis since, const ParticipantId& creditor) {
  return Builder(StateTable::claim).participant(debtor).time(since).text(creditor.text()).take();
}

Bytes claims_of(const ParticipantRef& debtor) {
  return Builder(StateTable::claim).participant(debtor).take();
}

Bytes meter(const MeterId& meter) {
  return Builder(StateTable::meter).text(meter.text()).take();
}

Bytes meter_of_owner(const ParticipantRef& owner, const MeterId& meter) {
  return Builder(StateTable::meter_of_owner).participant(owner).text(meter.text()).take();
}

Bytes meters_of(const ParticipantRef& owner) {
  return Builder(StateTable::meter_of_owner).participant(owner).take();
}

Bytes dedup(std::string_view principal, ByteView idempotency_key) {
  return Builder(StateTable::dedup).text(principal).raw(idempotency_key).take();
}

std::string Reader::text() {
  std::string result;
  while (in_.ok()) {
    const auto byte = in_.u8();
    if (byte == 0) break;
    result.push_back(static_cast<char>(byte));
  }
  return result;
}

ParticipantRef Reader::participant() {
  ParticipantRef ref;
  ref.type = static_cast<ParticipantType>(in_.u8());
  auto id = ParticipantId::parse(text());
  if (!id) {
    in_.fail();
  } else {
    ref.id = *std::move(id);
  }
  return ref;
}

MeterId Reader::meter() {
  auto id = MeterId::parse(text());
  if (id) return *std::move(id);
  in_.fail();
  return {};
}

}  // namespace powershare::ledger::state_key
