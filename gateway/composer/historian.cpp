#include "gateway/composer/historian.hpp"

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "gateway/composer/identities.hpp"
#include "gateway/composer/multiuser.hpp"
#include "ledger/parameters.hpp"

namespace powershare::gateway::composer {
namespace {

constexpr std::string_view record_class = "HistorianRecord";

std::string system_type(std::string_view name) {
  return std::string(system_space) + "." + std::string(name);
}

/// A UUID (RFC 9562, version 8) out of a hash.
std::string uuid_of(const Digest& hash) {
  auto text = crypto::to_hex(hash).substr(0, 32);
  text[12] = '8';
  text[16] = '8';
  for (const std::size_t at : {8U, 13U, 18U, 23U}) text.insert(at, "-");
  return text;
}

struct Actor {
  std::optional<std::string> participant;  ///< "resource:…"
  std::optional<std::string> identity;     ///< its id
};

Record historian_record(const std::string& id, const std::string& type, const Actor& actor,
                        UtcMillis time) {
  Record record;
  record.text("$class", system_type(record_class)).text("transactionId", id);
  record.text("transactionType", type).reference("transactionInvoked", type, id);
  if (actor.participant) record.text("participantInvoking", *actor.participant);
  if (actor.identity) record.reference("identityUsed", system_type("Identity"), *actor.identity);
  record.json("eventsEmitted", "[]").time("transactionTimestamp", time);
  return record;
}

/// Who stands behind a transaction: the one that a gateway acted for, or the one who signed.
Actor actor_of(const Context& context, const ChainView& view,
               const ledger::Transaction& transaction) {
  constexpr std::string_view by_identity = "identity:";
  Actor actor;
  const auto& principal = transaction.principal;
  if (principal == "administrator") {
    actor.participant = resource(administrator, "admin");
    actor.identity = administrator_identity(context);
  } else if (const auto ref = ledger::parse_participant_ref(principal)) {
    actor.participant = resource(type_of(ref->type).name, ref->id.text());
    actor.identity = crypto::to_hex(crypto::sha256(ByteView(transaction.signer)));
  }
  if (transaction.initiator.starts_with(by_identity)) {
    const auto identity =
        ledger::find_identity_named(view.state(), transaction.initiator.substr(by_identity.size()));
    if (identity) {
      const auto& owner = identity->participant;
      actor.participant = resource(type_of(owner.type).name, owner.id.text());
      actor.identity = crypto::to_hex(identity->id);
    }
  }
  return actor;
}

std::optional<Record> submitted_record(const Context& context, const ChainView& view,
                                       BlockReader& blocks, const Entry& entry) {
  const auto found = blocks.read(entry.height, entry.index);
  if (!found) return std::nullopt;
  return historian_record(entry.id, historian_type(found->transaction.payload),
                          actor_of(context, view, found->transaction), found->time);
}

/// Nobody has invoked a trade that the market has settled.
Record settled_record(const Entry& entry) {
  return historian_record(entry.id, find_type("EnergyToCoins")->full_name(), {}, entry.time);
}

class HistorianSource final : public Source {
 public:
  HistorianSource(const Context& context, std::shared_ptr<ChainView> view)
      : context_(context),
        view_(std::move(view)),
        blocks_(*view_, context.ports().decode),
        submitted_(view_->history(), ledger::history_transactions_by_time, {}, is_in_historian),
        trades_(view_->history(), context.ports().genesis_hash,
                ledger::parameters(view_->state()).slot_ms),
        start_(start_records(context, *view_)) {
    std::sort(start_.begin(), start_.end(), [](const Record& left, const Record& right) {
      return left.find("transactionId")->text < right.find("transactionId")->text;
    });
  }

  std::vector<Row> next(std::size_t most) override {
    std::vector<Row> rows;
    while (rows.size() < most) {
      const auto* submitted = submitted_.peek();
      const auto* trade = trades_.peek();
      const auto* start =
          start_at_ < start_.size() ? &start_[start_at_].find("transactionId")->text : nullptr;
      const bool has_more = submitted != nullptr || trade != nullptr || start != nullptr;
      if (!has_more) break;
      const auto first = [](const std::string* one, const std::string* other) {
        return one != nullptr && (other == nullptr || *one < *other);
      };
      const auto* submitted_id = submitted != nullptr ? &submitted->id : nullptr;
      const auto* trade_id = trade != nullptr ? &trade->id : nullptr;
      if (first(start, submitted_id) && first(start, trade_id)) {
        rows.push_back({start_[start_at_++], {}});
      } else if (first(trade_id, submitted_id)) {
        rows.push_back({settled_record(*trade), {}});
        trades_.pop();
      } else {
        auto record = submitted_record(context_, *view_, blocks_, *submitted);
        if (record) rows.push_back({std::move(*record), {}});
        submitted_.pop();
      }
    }
    return rows;
  }

 private:
  const Context& context_;  // outlived by the list, which holds it
  std::shared_ptr<ChainView> view_;
  BlockReader blocks_;
  SubmittedIds submitted_;
  TradeIds trades_;
  std::vector<Record> start_;
  std::size_t start_at_ = 0;
};

std::optional<Record> find_record(const Context& context, const ChainView& view,
                                  const std::string& id) {
  for (auto& record : start_records(context, view)) {
    if (record.find("transactionId")->text == id) return record;
  }
  if (const auto key = parse_trade_id(context.ports().genesis_hash, id)) {
    const auto bytes = Encoder().time(key->slot).u32(key->index).data();
    if (!view.history().get(ledger::history_table::trades, bytes)) return std::nullopt;
    Entry entry;
    entry.id = id;
    entry.time = {key->slot.value + ledger::parameters(view.state()).slot_ms};
    return settled_record(entry);
  }
  const auto digest = crypto::digest_from_hex(id);
  if (!digest || crypto::to_hex(*digest) != id) return std::nullopt;
  const auto place = view.place(*digest);
  if (!place || !*place) return std::nullopt;
  BlockReader blocks(view, context.ports().decode);
  const auto found = blocks.read((*place)->height, (*place)->index);
  if (!found || !is_in_historian(ledger::payload_name(found->transaction.payload))) {
    return std::nullopt;
  }
  Entry entry;
  entry.id = id;
  entry.height = (*place)->height;
  entry.index = (*place)->index;
  return submitted_record(context, view, blocks, entry);
}

}  // namespace

bool is_in_historian(std::string_view payload_name) {
  constexpr std::array<std::string_view, 12> hidden = {
      "ReadingBatch", "ClockStep",    "SetParameter",      "SetCalendar",
      "SetNetwork",   "SetSource",    "SetShares",         "SetTariff",
      "AddMember",    "RemoveMember", "ReplaceMemberKeys", "SetFeatureLevel"};
  return std::find(hidden.begin(), hidden.end(), payload_name) == hidden.end();
}

std::string historian_type(const ledger::Payload& payload) {
  const auto name = ledger::payload_name(payload);
  if (const auto* type = find_type(name)) return type->full_name();
  if (const auto* identity = std::get_if<ledger::IssueIdentity>(&payload)) {
    return system_type(identity->certificate.empty() ? "IssueIdentity" : "BindIdentity");
  }
  constexpr std::pair<std::string_view, std::string_view> other_names[] = {
      {"ProvisionAsset", "AddAsset"},
      {"AdjustAsset", "UpdateAsset"},
      {"DeleteAsset", "RemoveAsset"},
      {"DeleteParticipant", "RemoveParticipant"}};
  for (const auto& [ours, theirs] : other_names) {
    if (name == ours) return system_type(theirs);
  }
  return system_type(name);
}

std::vector<Record> start_records(const Context& context, const ChainView& view) {
  const auto& genesis = context.ports().genesis_hash;
  const auto time = [&] {
    const auto first = view.block(1);
    return first && *first ? (*first)->header.time : view.head().time;
  }();
  const auto id = uuid_of(genesis);
  const auto activation = crypto::sha256(
      Encoder().raw(as_bytes("powershare/composer/activation/1")).raw(genesis).data());
  Actor activated;
  activated.identity = administrator_identity(context);
  return {historian_record(id, system_type("StartBusinessNetwork"), {}, time),
          historian_record(id + "#0", system_type("AddParticipant"), {}, time),
          historian_record(id + "#1", system_type("IssueIdentity"), {}, time),
          historian_record(crypto::to_hex(activation), system_type("ActivateCurrentIdentity"),
                           activated, time)};
}

std::unique_ptr<Source> historian_source(const Context& context, std::shared_ptr<ChainView> view) {
  return std::make_unique<HistorianSource>(context, std::move(view));
}

void get_historian(const ContextPtr& context, const ExchangePtr& exchange) {
  auto view = open_view(*context, *exchange);
  if (!view) return;
  auto source = historian_source(*context, view);
  answer_list(context, exchange, std::move(view), std::move(source), {});
}

void get_historian_record(const ContextPtr& context, const ExchangePtr& exchange,
                          const std::string& id) {
  const auto view = open_view(*context, *exchange);
  if (!view) return;
  auto record = find_record(*context, *view, id);
  Row row{record ? std::move(*record) : Record(), {}};
  if (!record || !may_read(exchange->holder, view->state(), row)) {
    return exchange->send(system_object_not_found(record_class, id));
  }
  exchange->send_json(to_json(row.record));
}

}  // namespace powershare::gateway::composer
