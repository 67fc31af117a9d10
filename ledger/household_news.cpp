#include "ledger/household_news.hpp"

#include <algorithm>

#include "ledger/accounts.hpp"
#include "ledger/cash_requests.hpp"
#include "ledger/movements.hpp"
#include "ledger/registry.hpp"
#include "ledger/slot_record.hpp"
#include "ledger/state_keys.hpp"

namespace powershare::ledger {
namespace {

constexpr std::size_t max_subject_bytes = 128;

struct KindName {
  NewsKind kind;
  std::string_view name;
};
constexpr KindName kind_names[] = {
    {NewsKind::low_balance, "low_balance"},
    {NewsKind::top_up, "top_up"},
    {NewsKind::cash_request_approved, "cash_request_approved"},
    {NewsKind::cash_request_refused, "cash_request_refused"},
    {NewsKind::invitation, "invitation"},
    {NewsKind::access_added, "access_added"},
    {NewsKind::login_changed, "login_changed"},
    {NewsKind::login_removed, "login_removed"},
    {NewsKind::log_in, "log_in"},
    {NewsKind::meter_quarantined, "meter_quarantined"},
    {NewsKind::meter_trusted, "meter_trusted"},
    {NewsKind::reading_disputed, "reading_disputed"},
    {NewsKind::dispute_upheld, "dispute_upheld"},
    {NewsKind::dispute_dismissed, "dispute_dismissed"},
    {NewsKind::slot_corrected, "slot_corrected"},
};

/// Coins that have fallen below what the household wants, in `changes`.
void tell_low_balances(const Overlay& changes, const StateReader& below,
                       const BlockContext& context, std::optional<UtcMillis> slot) {
  if (!has_any_preferences(changes)) return;
  const auto wallets = state_key::Builder(StateTable::account)
                           .u8(static_cast<std::uint8_t>(AccountClass::participant))
                           .take();
  changes.for_each_change(wallets, [&](ByteView key, const std::optional<Bytes>& value) {
    const auto account = parse_account_key(key);
    if (!account || account->asset != asset_coins || !account->name.empty() || !value) return;
    const auto preferences = find_preferences(changes, *account->owner);
    if (!preferences) return;
    Decoder in(*value);
    const auto now = in.i64();
    const auto bound = preferences->low_balance.nano();
    if (now >= bound || balance(below, *account) < bound) return;
    tell_news(context, {*account->owner, 0, 0, {}, NewsKind::low_balance, {}, 0, slot, bound, now});
  });
}

/// One overload per payload that somebody should hear of.
struct News {
  const StateReader& below;
  const BlockContext& context;
  const Transaction& transaction;

  void tell(const ParticipantRef& who, NewsKind kind, std::string subject = {},
            std::uint64_t number = 0, std::int64_t amount_nano = 0) const {
    NewsRow row;
    row.participant = who;
    row.kind = kind;
    row.subject = std::move(subject);
    row.number = number;
    row.amount_nano = amount_nano;
    tell_news(context, std::move(row));
  }
  void tell_owner(const MeterId& meter, NewsKind kind, std::uint64_t number = 0) const {
    if (const auto record = find_meter(below, meter)) {
      tell(record->owner, kind, meter.text(), number);
    }
  }

  void operator()(const ResolveCashRequest& payload) const {
    const auto request = find_cash_request(below, payload.request);
    // Who takes a request back knows of it.
    if (!request || transaction.principal == to_text(request->request.participant)) return;
    tell(request->request.participant,
         payload.approved ? NewsKind::cash_request_approved : NewsKind::cash_request_refused,
         crypto::to_hex(payload.request), 0, request->request.cash.nano());
  }
  void operator()(const Invite& payload) const { tell(payload.participant, NewsKind::invitation); }
  void operator()(const AcceptInvitation&) const {
    const auto who = parse_participant_ref(transaction.principal);
    if (who) tell(*who, NewsKind::access_added);
  }
  void operator()(const SetLogin& payload) const {
    tell(payload.participant, NewsKind::login_changed);
  }
  void operator()(const RemoveLogin& payload) const {
    tell(payload.participant, NewsKind::login_removed);
  }
  void operator()(const OpenSession& payload) const {
    // A session that only goes on is signed by the one before it, which is bound to nobody.
    if (find_binding(below, transaction.signer, transaction.principal)) {
      tell(payload.participant, NewsKind::log_in);
    }
  }
  void operator()(const SetMeterStanding& payload) const {
    tell_owner(payload.meter, payload.standing == MeterStanding::trusted
                                  ? NewsKind::meter_trusted
                                  : NewsKind::meter_quarantined);
  }
  void operator()(const DisputeReading& payload) const {
    tell_owner(payload.meter, NewsKind::reading_disputed, payload.sequence);
  }
  void operator()(const ResolveDispute& payload) const {
    tell_owner(payload.meter,
               payload.upheld ? NewsKind::dispute_upheld : NewsKind::dispute_dismissed,
               payload.sequence);
  }
  template <class Other>
  void operator()(const Other&) const {}
};

std::int64_t net_coins(const Settled& settled) {
  return settled.earned.nano() + settled.utility_credit.nano() - settled.paid.nano() -
         settled.utility_charge.nano() - settled.fees.nano() - settled.losses.nano() +
         settled.forward.earned.nano() + settled.forward.utility_credit.nano() -
         settled.forward.paid.nano() - settled.forward.utility_charge.nano() -
         settled.forward.margin.nano();
}

Result<void> scan_news(const HistoryReader& history, ByteView prefix, ByteView from,
                       bool descending, const std::function<bool(const NewsRow&)>& visit) {
  Result<void> result;
  history.scan(history_table::household_news, prefix, from, descending,
               [&](ByteView key, ByteView value) {
                 const auto row = parse_news_row(key, value);
                 if (!row) result = row.error();
                 return row.ok() && visit(*row);
               });
  return result;
}

}  // namespace

std::string_view to_text(NewsKind kind) {
  for (const auto& entry : kind_names) {
    if (entry.kind == kind) return entry.name;
  }
  return "unknown";
}

HistoryRow news_row(const NewsRow& row) {
  Encoder key;
  key.raw(history_key::participant(row.participant)).u64(row.height).u64(row.index);
  Encoder value;
  value.time(row.time).u8(static_cast<std::uint8_t>(row.kind)).text(row.subject).u64(row.number);
  value.boolean(row.slot.has_value()).time(row.slot.value_or(UtcMillis{}));
  value.i64(row.amount_nano).i64(row.balance_nano);
  return {std::string(history_table::household_news), std::move(key).take(),
          std::move(value).take()};
}

Result<NewsRow> parse_news_row(ByteView key_bytes, ByteView value_bytes) {
  const auto malformed = [] { return Error{LedgerError::malformed, "not a row of news"}; };
  constexpr std::size_t place_bytes = 16;
  if (key_bytes.size() < place_bytes + 2) return malformed();
  Decoder place(key_bytes.last(place_bytes));
  Decoder in(value_bytes);
  NewsRow row;
  row.participant.type = static_cast<ParticipantType>(key_bytes.front());
  auto id = ParticipantId::parse(as_text(key_bytes.subspan(1, key_bytes.size() - place_bytes - 2)));
  if (!id) return malformed();
  row.participant.id = *std::move(id);
  row.height = place.u64();
  row.index = place.u64();
  row.time = in.time();
  row.kind = static_cast<NewsKind>(in.u8());
  row.subject = in.text(max_subject_bytes);
  row.number = in.u64();
  const bool has_slot = in.boolean();
  const auto slot = in.time();
  if (has_slot) row.slot = slot;
  row.amount_nano = in.i64();
  row.balance_nano = in.i64();
  if (!in.finished()) return malformed();
  return row;
}

void tell_news(const BlockContext& context, NewsRow row) {
  row.height = context.height;
  row.index = next_history_index(context);
  row.time = context.island_time;
  context.history.push_back(news_row(row));
}

void tell_transaction_news(const Overlay& changes, const StateReader& below,
                           const BlockContext& context, const Transaction& transaction) {
  std::visit(News{below, context, transaction}, transaction.payload);
  tell_low_balances(changes, below, context, std::nullopt);
}

void tell_slot_news(const Overlay& changes, const StateReader& below, const BlockContext& context,
                    UtcMillis slot) {
  const auto before = find_slot(below, slot);
  const auto now = find_slot(changes, slot);
  if (before && now) {
    // Participants only join a slot, so that the earlier ones are among those now, in this order.
    std::size_t at = 0;
    for (std::size_t i = 0; i < before->terms.size(); ++i) {
      const auto& who = before->terms[i].participant;
      while (at < now->terms.size() && now->terms[at].participant != who) ++at;
      if (at == now->terms.size()) break;
      if (now->settled[at] == before->settled[i]) continue;
      const auto brought = net_coins(now->settled[at]) - net_coins(before->settled[i]);
      tell_news(context, {who, 0, 0, {}, NewsKind::slot_corrected, {}, 0, slot, brought, 0});
    }
  }
  tell_low_balances(changes, below, context, slot);
}

Result<void> for_each_news_before(const HistoryReader& history, const ParticipantRef& who,
                                  NewsPlace before,
                                  const std::function<bool(const NewsRow&)>& visit) {
  const auto edge = Encoder().u64(before.height).u64(before.index).data();
  return scan_news(history, history_key::participant(who), edge, true, [&](const NewsRow& row) {
    if (row.height == before.height && row.index == before.index) return true;
    return visit(row);
  });
}

Result<void> for_each_news_of_block(const HistoryReader& history, const ParticipantRef& who,
                                    std::uint64_t height,
                                    const std::function<bool(const NewsRow&)>& visit) {
  const auto prefix = Encoder().raw(history_key::participant(who)).u64(height).data();
  return scan_news(history, prefix, {}, false, visit);
}

}  // namespace powershare::ledger
