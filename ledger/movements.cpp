#include "ledger/movements.hpp"

#include <algorithm>

#include "ledger/accounts.hpp"
#include "ledger/cash_requests.hpp"
#include "ledger/forward.hpp"
#include "ledger/slot_record.hpp"
#include "ledger/state_keys.hpp"

namespace powershare::ledger {
namespace {

constexpr std::uint32_t max_lines = 16;
/// Accounts of one participant that a statement lists at most.
constexpr std::size_t max_accounts = 256;

struct KindName {
  MovementKind kind;
  std::string_view name;
};
constexpr KindName kind_names[] = {
    {MovementKind::energy_bought, "energy_bought"},
    {MovementKind::energy_sold, "energy_sold"},
    {MovementKind::utility_charge, "utility_charge"},
    {MovementKind::utility_credit, "utility_credit"},
    {MovementKind::settlement, "settlement"},
    {MovementKind::due, "due"},
    {MovementKind::late_reading, "late_reading"},
    {MovementKind::energy_trade, "energy_trade"},
    {MovementKind::cash_exchange, "cash_exchange"},
    {MovementKind::ev_transfer, "ev_transfer"},
    {MovementKind::funding, "funding"},
    {MovementKind::withdrawal, "withdrawal"},
    {MovementKind::top_up, "top_up"},
    {MovementKind::order, "order"},
    {MovementKind::adjustment, "adjustment"},
    {MovementKind::other, "other"},
    {MovementKind::network_fees, "network_fees"},
    {MovementKind::losses, "losses"},
    {MovementKind::reward, "reward"},
    {MovementKind::deviation, "deviation"},
};

std::string take_text(Decoder& in) {
  std::string text;
  while (in.ok() && text.size() <= 128) {
    const auto byte = in.u8();
    if (byte == 0) return text;
    text.push_back(static_cast<char>(byte));
  }
  in.fail();
  return {};
}

Bytes account_prefix(const ParticipantRef& who, std::string_view asset, std::string_view name) {
  return Encoder()
      .raw(history_key::participant(who))
      .raw(as_bytes(asset))
      .u8(0)
      .raw(as_bytes(name))
      .u8(0)
      .data();
}

std::int64_t decode_balance(const std::optional<Bytes>& value) {
  if (!value) return 0;
  Decoder in(*value);
  return in.i64();
}

/// What one account's balance was and is.
struct Change {
  AccountId account;
  std::int64_t before_nano = 0;
  std::int64_t after_nano = 0;
  std::int64_t delta_nano() const { return after_nano - before_nano; }  // both are >= 0
};

/// The changed accounts of participants, claims on them last.
std::vector<Change> changes_of(const Overlay& changes, const StateReader& below) {
  std::vector<Change> result;
  for (const auto account_class : {AccountClass::participant, AccountClass::claim}) {
    const auto prefix =
        state_key::Builder(StateTable::account).u8(static_cast<std::uint8_t>(account_class)).take();
    changes.for_each_change(prefix, [&](ByteView key, const std::optional<Bytes>& value) {
      auto account = parse_account_key(key);
      if (!account || !account->owner) return;
      Change change{*std::move(account), decode_balance(below.get(key)), decode_balance(value)};
      if (change.delta_nano() != 0) result.push_back(std::move(change));
    });
  }
  return result;
}

/// What the lines of a participant's coins say besides what is left for the cause.
using Lines = std::vector<MovementLine>;

class Teller {
 public:
  Teller(const Overlay& changes, const StateReader& below, const BlockContext& context,
         MovementKind cause)
      : context_(context), cause_(cause), changes_(changes_of(changes, below)) {
    for (const auto& change : changes_) {
      if (change.account.account_class == AccountClass::claim) {
        due_[*change.account.owner] += change.delta_nano();
      }
    }
    // A charge that was advanced whole leaves the wallet as it was, and is told nevertheless.
    for (const auto& [owner, due_nano] : due_) {
      const auto wallet = participant_account(owner, asset_coins);
      const auto is_wallet = [&](const Change& change) { return change.account == wallet; };
      if (std::any_of(changes_.begin(), changes_.end(), is_wallet)) continue;
      if (const auto held = find_balance(changes, wallet))
        changes_.push_back({wallet, *held, *held});
    }
  }
  Teller& of_slot(UtcMillis slot) {
    slot_ = slot;
    return *this;
  }
  Teller& of_transaction(const Digest& id) {
    transaction_ = id;
    return *this;
  }
  /// `parts` gives the lines of a participant's own coins that are known; may be empty.
  void tell(const std::function<Lines(const ParticipantRef&)>& parts) const {
    for (const auto& change : changes_) {
      const auto& account = change.account;
      MovementRow row{*account.owner,
                      account.asset,
                      account.name,
                      context_.island_time,
                      context_.height,
                      next_history_index(context_),
                      slot_,
                      transaction_,
                      {},
                      change.after_nano};
      if (account.account_class == AccountClass::claim) {
        row.lines = {{MovementKind::due, change.delta_nano()}};
      } else {
        row.lines = lines_of(change, parts);
      }
      context_.history.push_back(movement_row(row));
    }
  }

 private:
  Lines lines_of(const Change& change,
                 const std::function<Lines(const ParticipantRef&)>& parts) const {
    Lines lines;
    const auto& account = change.account;
    const bool is_wallet = account.asset == asset_coins && account.name.empty();
    if (is_wallet) {
      if (parts) lines = parts(*account.owner);
      const auto due = due_.find(*account.owner);
      if (due != due_.end()) lines.push_back({MovementKind::due, due->second});
    }
    auto rest_nano = change.delta_nano();
    for (const auto& line : lines) rest_nano -= line.amount_nano;
    if (rest_nano != 0) lines.push_back({cause_, rest_nano});
    std::erase_if(lines, [](const MovementLine& line) { return line.amount_nano == 0; });
    return lines;
  }

  const BlockContext& context_;
  MovementKind cause_;
  std::vector<Change> changes_;
  std::map<ParticipantRef, std::int64_t> due_;
  std::optional<UtcMillis> slot_;
  Digest transaction_{};
};

struct Cause {
  const StateReader& below;

  MovementKind operator()(const EnergyToCoins&) const { return MovementKind::energy_trade; }
  MovementKind operator()(const CashToCoins&) const { return MovementKind::cash_exchange; }
  MovementKind operator()(const TransferCoinsToEV&) const { return MovementKind::ev_transfer; }
  MovementKind operator()(const CashFundingResident&) const { return MovementKind::funding; }
  MovementKind operator()(const CashWithdrawalResident&) const { return MovementKind::withdrawal; }
  MovementKind operator()(const ReadingBatch&) const { return MovementKind::late_reading; }
  MovementKind operator()(const PlaceOrder&) const { return MovementKind::order; }
  MovementKind operator()(const CancelOrder&) const { return MovementKind::order; }
  MovementKind operator()(const ProvisionAsset&) const { return MovementKind::adjustment; }
  MovementKind operator()(const AdjustAsset&) const { return MovementKind::adjustment; }
  MovementKind operator()(const DeleteAsset&) const { return MovementKind::adjustment; }
  MovementKind operator()(const RequestCash&) const { return MovementKind::withdrawal; }
  MovementKind operator()(const DeleteParticipant&) const { return MovementKind::withdrawal; }
  MovementKind operator()(const ResolveCashRequest& payload) const {
    const auto request = find_cash_request(below, payload.request);
    return request && !request->request.withdrawal ? MovementKind::funding
                                                   : MovementKind::withdrawal;
  }
  template <class Other>
  MovementKind operator()(const Other&) const {
    return MovementKind::other;
  }
};

const Settled* settled_of(const std::optional<SlotRecord>& record, const ParticipantRef& who) {
  if (!record) return nullptr;
  const auto at = std::lower_bound(
      record->terms.begin(), record->terms.end(), who,
      [](const Terms& terms, const ParticipantRef& ref) { return terms.participant < ref; });
  if (at == record->terms.end() || at->participant != who) return nullptr;
  return &record->settled[static_cast<std::size_t>(at - record->terms.begin())];
}

/// What deviations bring: < 0 where they cost.
std::int64_t deviation_nano(const Settled& settled) {
  const Forward& forward = settled.forward;
  return forward.earned.nano() + forward.utility_credit.nano() - forward.paid.nano() -
         forward.utility_charge.nano() - forward.margin.nano();
}

std::int64_t held_nano(const std::optional<ForwardRecord>& record, const ParticipantRef& who) {
  if (!record) return 0;
  for (const Held& each : record->held) {
    if (each.participant == who) return each.coins.nano();
  }
  return 0;
}

}  // namespace

std::string_view to_text(MovementKind kind) {
  for (const auto& entry : kind_names) {
    if (entry.kind == kind) return entry.name;
  }
  return "unknown";
}

HistoryRow movement_row(const MovementRow& row) {
  Encoder key;
  key.raw(account_prefix(row.participant, row.asset, row.name));
  key.time(row.time).u64(row.height).u64(row.index);
  Encoder value;
  value.boolean(row.slot.has_value()).time(row.slot.value_or(UtcMillis{})).raw(row.transaction);
  value.u32(static_cast<std::uint32_t>(row.lines.size()));
  for (const auto& line : row.lines) {
    value.u8(static_cast<std::uint8_t>(line.kind)).i64(line.amount_nano);
  }
  value.i64(row.balance_nano);
  return {std::string(history_table::movements), std::move(key).take(), std::move(value).take()};
}

Result<MovementRow> parse_movement_row(ByteView key_bytes, ByteView value_bytes) {
  Decoder key(key_bytes);
  Decoder in(value_bytes);
  MovementRow row;
  row.participant.type = static_cast<ParticipantType>(key.u8());
  auto id = ParticipantId::parse(take_text(key));
  if (id) row.participant.id = *std::move(id);
  row.asset = take_text(key);
  row.name = take_text(key);
  row.time = key.time();
  row.height = key.u64();
  row.index = key.u64();
  const bool has_slot = in.boolean();
  const auto slot = in.time();
  if (has_slot) row.slot = slot;
  row.transaction = in.array<32>();
  const auto count = in.count(max_lines, 9);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const auto kind = static_cast<MovementKind>(in.u8());
    if (kind < MovementKind::energy_bought || kind > MovementKind::deviation) in.fail();
    const auto amount = in.i64();
    row.lines.push_back({kind, amount});
  }
  row.balance_nano = in.i64();
  if (!id || !key.finished() || !in.finished()) {
    return Error{LedgerError::malformed, "not a row of movements"};
  }
  return row;
}

std::uint64_t next_history_index(const BlockContext& context) {
  return (std::uint64_t{context.transaction} << 32) | context.history.size();
}

void tell_transaction_movements(const Overlay& changes, const StateReader& below,
                                const BlockContext& context, const Transaction& transaction) {
  const auto cause = std::visit(Cause{below}, transaction.payload);
  Teller(changes, below, context, cause).of_transaction(transaction.id).tell({});
}

void tell_slot_movements(const Overlay& changes, const StateReader& below,
                         const BlockContext& context, UtcMillis slot) {
  const auto before = find_slot(below, slot);
  const auto now = find_slot(changes, slot);
  const auto held_before = find_forward(below, slot);
  const auto held_now = find_forward(changes, slot);
  Teller(changes, below, context, MovementKind::settlement)
      .of_slot(slot)
      .tell([&](const ParticipantRef& who) -> Lines {
        const auto* settled = settled_of(now, who);
        if (settled == nullptr) return {};
        const auto* earlier = settled_of(before, who);
        const Settled old = earlier != nullptr ? *earlier : Settled{};
        return {{MovementKind::energy_bought, old.paid.nano() - settled->paid.nano()},
                {MovementKind::energy_sold, settled->earned.nano() - old.earned.nano()},
                {MovementKind::utility_charge,
                 old.utility_charge.nano() - settled->utility_charge.nano()},
                {MovementKind::utility_credit,
                 settled->utility_credit.nano() - old.utility_credit.nano()},
                {MovementKind::network_fees, old.fees.nano() - settled->fees.nano()},
                {MovementKind::losses, old.losses.nano() - settled->losses.nano()},
                {MovementKind::deviation, deviation_nano(*settled) - deviation_nano(old)},
                {MovementKind::order, held_nano(held_before, who) - held_nano(held_now, who)}};
      });
}

void tell_reward_movements(const Overlay& changes, const StateReader& below,
                           const BlockContext& context, UtcMillis slot) {
  Teller(changes, below, context, MovementKind::reward).of_slot(slot).tell({});
}

void tell_gate_movements(const Overlay& changes, const StateReader& below,
                         const BlockContext& context, UtcMillis slot) {
  Teller(changes, below, context, MovementKind::order).of_slot(slot).tell({});
}

void tell_top_up_movements(const Overlay& changes, const StateReader& below,
                           const BlockContext& context, UtcMillis slot) {
  Teller(changes, below, context, MovementKind::top_up).of_slot(slot).tell({});
}

namespace {

/// The first row at or after a key, or the last before it.
Result<std::optional<MovementRow>> one_row(const HistoryReader& history, ByteView prefix,
                                           ByteView from, bool descending) {
  Result<std::optional<MovementRow>> result = std::optional<MovementRow>();
  history.scan(history_table::movements, prefix, from, descending,
               [&](ByteView key, ByteView value) {
                 auto row = parse_movement_row(key, value);
                 if (row) {
                   result = std::optional(*std::move(row));
                 } else {
                   result = row.error();
                 }
                 return false;
               });
  return result;
}

Bytes time_bytes(UtcMillis time) {
  return Encoder().time({std::max<std::int64_t>(0, time.value)}).data();
}

std::int64_t sum_of(const std::vector<MovementLine>& lines) {
  std::int64_t sum = 0;
  for (const auto& line : lines) sum += line.amount_nano;
  return sum;
}

/// The balance just before `from`.
Result<std::int64_t> opening_of(const StateReader& state, const HistoryReader& history,
                                const AccountId& account, ByteView prefix, UtcMillis from) {
  if (from.value > 0) {
    // The last row before `from`: all that follow the time in its key are bytes 255 at most.
    auto edge = Encoder().time({from.value - 1}).u64(UINT64_MAX).u64(UINT64_MAX).data();
    const auto last = one_row(history, prefix, edge, true);
    if (!last) return last.error();
    if (*last) return (*last)->balance_nano;
  }
  const auto first = one_row(history, prefix, {}, false);
  if (!first) return first.error();
  // Nothing moved before the period: what was there stood in the genesis.
  if (*first) return (*first)->balance_nano - sum_of((*first)->lines);
  return balance(state, account);
}

struct AccountName {
  std::string asset;
  std::string name;
  friend auto operator<=>(const AccountName&, const AccountName&) = default;
};

/// The accounts that the participant has, and those of which there are rows.
Result<std::vector<AccountName>> accounts_of(const StateReader& state, const HistoryReader& history,
                                             const ParticipantRef& who) {
  std::vector<AccountName> names;
  for_each_account_of(state, who, [&](const AccountId& account, std::int64_t) {
    names.push_back({account.asset, account.name});
    return names.size() < max_accounts;
  });
  const auto prefix = history_key::participant(who);
  Bytes from;
  while (names.size() < 2 * max_accounts) {
    const auto row = one_row(history, prefix, from, false);
    if (!row) return row.error();
    if (!*row) break;
    names.push_back({(*row)->asset, (*row)->name});
    auto next = account_prefix(who, (*row)->asset, (*row)->name);
    next.back() = 1;  // it was 0, and no name holds a byte as small
    from = Bytes(next.begin() + static_cast<std::ptrdiff_t>(prefix.size()), next.end());
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

void add_line(std::vector<MovementTotal>& totals, const MovementLine& line, bool& fits) {
  const auto at =
      std::lower_bound(totals.begin(), totals.end(), line.kind,
                       [](const MovementTotal& total, MovementKind k) { return total.kind < k; });
  auto& total = at != totals.end() && at->kind == line.kind
                    ? *at
                    : *totals.insert(at, MovementTotal{line.kind, 0, 0, 0});
  auto& sum = line.amount_nano > 0 ? total.in_nano : total.out_nano;
  const auto size = line.amount_nano > 0 ? line.amount_nano : -line.amount_nano;
  fits = fits && !__builtin_add_overflow(sum, size, &sum);
  ++total.count;
}

}  // namespace

Result<void> for_each_movement(const HistoryReader& history, const ParticipantRef& who,
                               std::string_view asset, std::string_view name, UtcMillis from,
                               UtcMillis to, const std::function<bool(const MovementRow&)>& visit) {
  Result<void> result;
  history.scan(history_table::movements, account_prefix(who, asset, name), time_bytes(from), false,
               [&](ByteView key, ByteView value) {
                 const auto row = parse_movement_row(key, value);
                 if (!row) {
                   result = row.error();
                   return false;
                 }
                 return row->time < to && visit(*row);
               });
  return result;
}

Result<std::vector<AccountStatement>> query_movement_totals(const StateReader& state,
                                                            const HistoryReader& history,
                                                            const ParticipantRef& who,
                                                            UtcMillis from, UtcMillis to,
                                                            std::size_t max_rows) {
  const auto names = accounts_of(state, history, who);
  if (!names) return names.error();
  std::vector<AccountStatement> statements;
  std::size_t rows = 0;
  for (const auto& [asset, name] : *names) {
    AccountStatement statement{asset, name, 0, 0, {}};
    const auto account_class = asset == asset_due ? AccountClass::claim : AccountClass::participant;
    const auto opening = opening_of(state, history, {account_class, who, name, asset},
                                    account_prefix(who, asset, name), from);
    if (!opening) return opening.error();
    statement.opening_nano = statement.closing_nano = *opening;
    bool fits = true;
    const auto scanned =
        for_each_movement(history, who, asset, name, from, to, [&](const MovementRow& row) {
          for (const auto& line : row.lines) add_line(statement.totals, line, fits);
          statement.closing_nano = row.balance_nano;
          return fits && ++rows <= max_rows;
        });
    if (!scanned) return scanned.error();
    if (!fits) return Error{LedgerError::overflow, "a sum of the statement leaves its range"};
    if (rows > max_rows) return Error{BaseError::out_of_range, "the period holds too many rows"};
    statements.push_back(std::move(statement));
  }
  return statements;
}

}  // namespace powershare::ledger
