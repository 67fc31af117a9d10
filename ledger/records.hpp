// The fixed-layout encoding of what stands under the state root and in the genesis. Byte by byte in
// docs/formats-ledger.md.
#pragma once

#include "base/encoding.hpp"
#include "ledger/genesis.hpp"
#include "ledger/registry.hpp"

namespace powershare::ledger {

void encode(Encoder& out, const ParticipantRef& ref);
ParticipantRef decode_participant_ref(Decoder& in);
/// u8 count ‖ each; at most 255.
void encode(Encoder& out, const std::vector<ParticipantRef>& refs);
std::vector<ParticipantRef> decode_participant_refs(Decoder& in);
void encode(Encoder& out, const Participant& participant);
Participant decode_participant(Decoder& in);
void encode(Encoder& out, const ParticipantRecord& record);
ParticipantRecord decode_participant_record(Decoder& in);
void encode(Encoder& out, const MeterRecord& record);
MeterRecord decode_meter_record(Decoder& in);
void encode(Encoder& out, const SetCriteria& criteria);
SetCriteria decode_criteria(Decoder& in);
void encode(Encoder& out, const SetCalendar& calendar);
SetCalendar decode_calendar(Decoder& in);
void encode(Encoder& out, const SetNetwork& network);
SetNetwork decode_network(Decoder& in);
void encode(Encoder& out, const SetShares& shares);
SetShares decode_shares(Decoder& in);
void encode(Encoder& out, const SetTariff& tariff);
SetTariff decode_tariff(Decoder& in);
/// Fields of level 1, which stand in every genesis hash and state record.
void encode_first_parameters(Encoder& out, const Parameters& parameters);
/// Fields since levels 3 and 4, which follow where Parameters::extended().
void encode_later_parameters(Encoder& out, const Parameters& parameters);
void encode(Encoder& out, const Parameters& parameters);
Parameters decode_parameters(Decoder& in);
void encode(Encoder& out, const std::vector<Member>& members);
std::vector<Member> decode_members(Decoder& in);

/// u8 kind ‖ fields, for the payloads that a genesis may hold; false for others.
bool encode_registry_payload(Encoder& out, const Payload& payload);

/// The encoding of one value.
template <class T>
Bytes encoded(const T& value) {
  Encoder out;
  encode(out, value);
  return std::move(out).take();
}

}  // namespace powershare::ledger
