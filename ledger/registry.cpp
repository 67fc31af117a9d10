#include "ledger/registry.hpp"

#include "ledger/records.hpp"
#include "ledger/state_keys.hpp"
#include "ledger/validity.hpp"

namespace powershare::ledger {
namespace {

/// Decodes a state record, which only this program writes.
template <class Decode>
auto decoded(ByteView value, Decode decode) {
  Decoder in(value);
  auto result = decode(in);
  PS_ASSERT(in.finished());
  return result;
}

template <class Decode>
auto find(const StateReader& state, const Bytes& key, Decode decode)
    -> std::optional<decltype(decode(std::declval<Decoder&>()))> {
  const auto value = state.get(key);
  if (!value) return std::nullopt;
  return decoded(*value, decode);
}

std::uint32_t decode_scopes(Decoder& in) {
  return in.u32();
}

}  // namespace

std::optional<Participant> find_participant(const StateReader& state, const ParticipantRef& ref) {
  auto record = find_participant_record(state, ref);
  if (!record || record->closed) return std::nullopt;
  return std::move(record->participant);
}

std::optional<ParticipantRecord> find_participant_record(const StateReader& state,
                                                         const ParticipantRef& ref) {
  return find(state, state_key::participant(ref), decode_participant_record);
}

void put_participant(Overlay& state, const ParticipantRecord& record) {
  state.put(state_key::participant(record.participant.ref), encoded(record));
}

void for_each_participant(const StateReader& state,
                          const std::function<bool(const Participant&)>& visit) {
  state.scan(state_key::table(StateTable::participant), {}, [&](ByteView, ByteView value) {
    const auto record = decoded(value, decode_participant_record);
    return record.closed || visit(record.participant);
  });
}

void for_each_participant_of(const StateReader& state, ParticipantType type,
                             const std::function<bool(const Participant&)>& visit) {
  const auto prefix =
      state_key::Builder(StateTable::participant).u8(static_cast<std::uint8_t>(type)).take();
  state.scan(prefix, {}, [&](ByteView, ByteView value) {
    const auto record = decoded(value, decode_participant_record);
    return record.closed || visit(record.participant);
  });
}

std::optional<Participant> find_supplier(const StateReader& state) {
  std::optional<ParticipantRecord> supplier;
  const auto utilities = state_key::Builder(StateTable::participant)
                             .u8(static_cast<std::uint8_t>(ParticipantType::utility_company))
                             .take();
  state.scan(utilities, {}, [&](ByteView, ByteView value) {
    auto record = decoded(value, decode_participant_record);
    if (record.closed || !record.participant.supplier) return true;
    if (!supplier || record.since < supplier->since) supplier = std::move(record);
    return true;
  });
  if (!supplier) return std::nullopt;
  return std::move(supplier->participant);
}

std::optional<MeterRecord> find_meter(const StateReader& state, const MeterId& meter) {
  return find(state, state_key::meter(meter), decode_meter_record);
}

void put_meter(Overlay& state, const MeterRecord& record) {
  state.put(state_key::meter(record.meter), encoded(record));
  state.put(state_key::meter_of_owner(record.owner, record.meter), {});
}

void for_each_meter(const StateReader& state,
                    const std::function<bool(const MeterRecord&)>& visit) {
  state.scan(state_key::table(StateTable::meter), {},
             [&](ByteView, ByteView value) { return visit(decoded(value, decode_meter_record)); });
}

std::vector<MeterRecord> meters_of(const StateReader& state, const ParticipantRef& owner) {
  std::vector<MeterRecord> result;
  state.scan(state_key::meters_of(owner), {}, [&](ByteView key, ByteView) {
    state_key::Reader in(key);
    in.participant();
    auto record = find_meter(state, in.meter());
    PS_ASSERT(in.finished() && record.has_value());
    result.push_back(*std::move(record));
    return true;
  });
  return result;
}

std::optional<SetCriteria> find_criteria(const StateReader& state, const ParticipantRef& ref,
                                         UtcMillis slot) {
  std::optional<SetCriteria> criteria;
  state.scan(state_key::criteria_of(ref), {}, [&](ByteView key, ByteView value) {
    state_key::Reader in(key);
    in.participant();
    if (in.time() > slot) return false;
    criteria = decoded(value, decode_criteria);
    return true;
  });
  return criteria;
}

void put_criteria(Overlay& state, const SetCriteria& criteria, UtcMillis first_slot,
                  UtcMillis oldest_needed) {
  std::vector<Bytes> versions;  // in force at or before the oldest slot that is still needed
  state.scan(state_key::criteria_of(criteria.participant), {}, [&](ByteView key, ByteView) {
    state_key::Reader in(key);
    in.participant();
    if (in.time() > oldest_needed) return false;
    versions.push_back(to_bytes(key));
    return true;
  });
  if (!versions.empty()) versions.pop_back();  // the newest of them is the one that slot goes by
  for (auto& key : versions) state.erase(std::move(key));
  state.put(state_key::criteria(criteria.participant, first_slot), encoded(criteria));
}

std::optional<KeyBinding> find_binding(const StateReader& state, const PublicKey& key,
                                       std::string_view principal) {
  const auto scopes = find(state, state_key::key_binding(key, principal), decode_scopes);
  if (!scopes) return std::nullopt;
  return KeyBinding{key, std::string(principal), *scopes};
}

std::vector<KeyBinding> bindings_of(const StateReader& state, const PublicKey& key) {
  std::vector<KeyBinding> result;
  state.scan(state_key::key_bindings(key), {}, [&](ByteView record_key, ByteView value) {
    state_key::Reader in(record_key);
    KeyBinding binding;
    binding.key = in.public_key();
    binding.principal = in.text();
    binding.scopes = decoded(value, decode_scopes);
    PS_ASSERT(in.finished());
    result.push_back(std::move(binding));
    return true;
  });
  return result;
}

std::vector<KeyBinding> keys_of(const StateReader& state, std::string_view principal) {
  std::vector<KeyBinding> result;
  state.scan(state_key::principal_keys(principal), {}, [&](ByteView record_key, ByteView) {
    state_key::Reader in(record_key);
    in.text();
    auto binding = find_binding(state, in.public_key(), principal);
    PS_ASSERT(in.finished() && binding.has_value());
    result.push_back(*std::move(binding));
    return true;
  });
  return result;
}

void put_binding(Overlay& state, const KeyBinding& binding) {
  state.put(state_key::key_binding(binding.key, binding.principal),
            std::move(Encoder().u32(binding.scopes)).take());
  state.put(state_key::principal_key(binding.principal, binding.key), {});
}

void erase_binding(Overlay& state, const PublicKey& key, std::string_view principal) {
  state.erase(state_key::key_binding(key, principal));
  state.erase(state_key::principal_key(principal, key));
}

bool binding_fits(const StateReader& state, const PublicKey& key, std::string_view principal) {
  constexpr std::size_t max_bindings = 1024;  // of one key, or of one principal
  return find_binding(state, key, principal).has_value() ||
         (bindings_of(state, key).size() < max_bindings &&
          keys_of(state, principal).size() < max_bindings);
}

bool is_principal(std::string_view text) {
  if (text.size() > max_principal_bytes) return false;
  if (text == "administrator" || text == "governance" || text == "feeder") return true;
  constexpr std::string_view gateway = "gateway:";
  if (text.substr(0, gateway.size()) == gateway) return is_plain_name(text.substr(gateway.size()));
  return parse_participant_ref(text).ok();
}

}  // namespace powershare::ledger
