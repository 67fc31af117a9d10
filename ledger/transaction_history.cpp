#include "ledger/transaction_history.hpp"

#include <algorithm>

#include "ledger/error.hpp"

namespace powershare::ledger {
namespace {

constexpr std::size_t place_bytes = 8 + 8 + 4;

struct Participants {
  std::vector<ParticipantRef> operator()(const AddParticipant& p) const {
    return {p.participant.ref};
  }
  std::vector<ParticipantRef> operator()(const UpdateParticipant& p) const {
    return {p.participant.ref};
  }
  std::vector<ParticipantRef> operator()(const DeleteParticipant& p) const { return {p.ref}; }
  std::vector<ParticipantRef> operator()(const ProvisionAsset& p) const { return {p.owner}; }
  std::vector<ParticipantRef> operator()(const AdjustAsset& p) const { return {p.owner}; }
  std::vector<ParticipantRef> operator()(const DeleteAsset& p) const { return {p.owner}; }
  std::vector<ParticipantRef> operator()(const RegisterMeter& p) const { return {p.owner}; }
  std::vector<ParticipantRef> operator()(const EnergyToCoins& p) const {
    return {p.seller, p.buyer};
  }
  std::vector<ParticipantRef> operator()(const CashToCoins& p) const {
    return {p.coins_to, p.coins_from};
  }
  std::vector<ParticipantRef> operator()(const TransferCoinsToEV& p) const {
    return {p.from, p.to};
  }
  std::vector<ParticipantRef> operator()(const CashFundingResident& p) const {
    return {p.resident};
  }
  std::vector<ParticipantRef> operator()(const CashWithdrawalResident& p) const {
    return {p.resident};
  }
  std::vector<ParticipantRef> operator()(const SetCriteria& p) const { return {p.participant}; }
  std::vector<ParticipantRef> operator()(const IssueIdentity& p) const { return {p.participant}; }
  std::vector<ParticipantRef> operator()(const Invite& p) const { return {p.participant}; }
  std::vector<ParticipantRef> operator()(const SetLogin& p) const { return {p.participant}; }
  std::vector<ParticipantRef> operator()(const RemoveLogin& p) const { return {p.participant}; }
  std::vector<ParticipantRef> operator()(const OpenSession& p) const { return {p.participant}; }
  std::vector<ParticipantRef> operator()(const CloseSession& p) const { return {p.participant}; }
  std::vector<ParticipantRef> operator()(const PlaceOrder& p) const { return {p.participant}; }
  std::vector<ParticipantRef> operator()(const CancelOrder& p) const { return {p.participant}; }
  std::vector<ParticipantRef> operator()(const SetPreferences& p) const { return {p.participant}; }
  std::vector<ParticipantRef> operator()(const RequestCash& p) const { return {p.participant}; }
  std::vector<ParticipantRef> operator()(const UpdateMeter& p) const {
    if (!p.owner) return {};
    return {*p.owner};
  }
  std::vector<ParticipantRef> operator()(const BindKey& p) const {
    auto ref = parse_participant_ref(p.principal);
    if (!ref) return {};
    return {*ref};
  }
  template <class Other>
  std::vector<ParticipantRef> operator()(const Other&) const {
    return {};
  }
};

void append_place(Encoder& key, const TransactionPlace& place) {
  key.time(place.time).u64(place.height).u32(place.index);
}

Bytes key_of(std::string_view text, const TransactionPlace& place) {
  Encoder key;
  key.raw(as_bytes(text)).u8(0);
  append_place(key, place);
  return std::move(key).take();
}

}  // namespace

Bytes TransactionRow::encode() const {
  return Encoder().raw(id).u8(static_cast<std::uint8_t>(outcome)).text(type).data();
}

Result<TransactionRow> TransactionRow::decode(ByteView value) {
  Decoder in(value);
  TransactionRow row;
  row.id = in.array<32>();
  row.outcome = static_cast<Outcome>(in.u8());
  row.type = in.text(64);
  if (!in.finished()) return Error{LedgerError::malformed, "not a row of transactions"};
  return row;
}

Result<TransactionPlace> place_of_row(ByteView key) {
  if (key.size() < place_bytes) return Error{LedgerError::malformed, "not a key of transactions"};
  Decoder in(key.last(place_bytes));
  TransactionPlace place;
  place.time = in.time();
  place.height = in.u64();
  place.index = in.u32();
  return place;
}

Bytes history_prefix(std::string_view text) {
  return std::move(Encoder().raw(as_bytes(text)).u8(0)).take();
}

std::vector<ParticipantRef> participants_of(const Payload& payload) {
  auto result = std::visit(Participants{}, payload);
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

std::vector<HistoryRow> transaction_rows(const Transaction& transaction, const Receipt& receipt,
                                         const TransactionPlace& place) {
  const std::string type(payload_name(transaction.payload));
  const Bytes row = TransactionRow{transaction.id, receipt.outcome, type}.encode();
  std::vector<HistoryRow> rows;
  rows.push_back({std::string(history_transactions),
                  Encoder().raw(transaction.id).u64(place.height).u32(place.index).data(),
                  Bytes{static_cast<std::uint8_t>(receipt.outcome)}});
  rows.push_back({std::string(history_transactions_by_type), key_of(type, place), row});
  std::vector<std::string> names{transaction.principal};
  for (const auto& ref : participants_of(transaction.payload)) names.push_back(to_text(ref));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (const auto& name : names) {
    rows.push_back({std::string(history_transactions_by_participant), key_of(name, place), row});
  }
  const bool is_stream = std::holds_alternative<ReadingBatch>(transaction.payload) ||
                         std::holds_alternative<ClockStep>(transaction.payload);
  if (!is_stream) {
    Encoder key;
    append_place(key, place);
    rows.push_back({std::string(history_transactions_by_time), std::move(key).take(), row});
  }
  return rows;
}

}  // namespace powershare::ledger
