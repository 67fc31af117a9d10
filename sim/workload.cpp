#include "sim/workload.hpp"

#include <algorithm>

#include "ledger/orders.hpp"
#include "ledger/reading.hpp"
#include "ledger/registry.hpp"

namespace powershare::sim {
namespace {

constexpr std::int64_t retry_ms = 700;
constexpr std::size_t max_resubmitted = 64;
constexpr std::size_t max_reusable = 16;

std::string text_of(const ledger::ParticipantRef& ref) {
  return ledger::to_text(ref);
}

}  // namespace

Workload::Workload(const Chain& chain, EventQueue& time, Generator generator, Submit submit)
    : chain_(chain),
      time_(time),
      generator_(generator),
      wishes_(generator.fork()),
      submit_(std::move(submit)),
      meter_sequences_(Chain::max_homes, 0),
      meter_ends_ms_(Chain::max_homes, epoch_ms),
      fed_until_ms_(chain.genesis.simulated ? chain.genesis.simulated_start.value : epoch_ms) {}

void Workload::start() {
  time_.schedule(1, [this] { client_event(); });
  time_.schedule(200, [this] { feeder_event(); });
  time_.schedule(retry_ms, [this] { retry_event(); });
}

std::uint32_t Workload::any_peer() {
  return static_cast<std::uint32_t>(generator_.below(chain_.processes()));
}

const Home& Workload::any_home() {
  return chain_.homes[generator_.below(homes_)];
}

Bytes Workload::make(const Draft& draft, Bytes idempotency_key, UtcMillis expires) {
  ledger::Transaction transaction;
  transaction.genesis = chain_.genesis_hash;
  transaction.principal = draft.principal;
  transaction.idempotency_key = std::move(idempotency_key);
  transaction.expires = expires;
  transaction.payload = draft.payload;
  return chain_.notary.encode_and_sign(transaction, draft.client);
}

crypto::Digest Workload::remember(Bytes bytes, UtcMillis expires) {
  const auto id = crypto::sha256(bytes);
  ClientRequest request;
  request.bytes = std::move(bytes);
  request.expires = expires;
  request.submitted_ms = time_.now_ms();
  if (requests_.emplace(id, std::move(request)).second) open_.insert(id);
  return id;
}

void Workload::submit_draft(Draft draft, std::uint32_t peer) {
  const auto expires = UtcMillis{now().value + (generator_.chance(30) ? 1'000 : millis_per_hour)};
  // Now and then a key is used again: for the same content or for another one.
  const bool again = !reusable_.empty() && generator_.chance(30);
  Bytes key = Encoder().raw(as_bytes("sim-")).u64(++counter_).data();
  if (again) {
    auto& [former, former_key] = reusable_[generator_.below(reusable_.size())];
    key = former_key;
    draft.principal = former.principal;
    draft.client = former.client;
    if (generator_.chance(500)) draft.payload = former.payload;
  } else if (reusable_.size() < max_reusable) {
    reusable_.emplace_back(draft, key);
  }
  auto bytes = make(draft, std::move(key), expires);
  if (generator_.chance(10)) {
    bytes.back() ^= 1;  // a forged signature: no peer may let it in
    submit_(peer, bytes);
    return;
  }
  const auto id = remember(std::move(bytes), expires);
  ask(peer, requests_.at(id));
}

void Workload::client_event() {
  if (winding_down_) return;
  const auto peer = any_peer();
  if (!paused_) submit_draft(draft(), peer);
  const auto pause = generator_.chance(50) ? 1'000U : 30U;
  time_.schedule(1 + static_cast<std::int64_t>(generator_.below(pause)),
                 [this] { client_event(); });
}

void Workload::retry_event() {
  std::size_t count = 0;
  auto next = open_.upper_bound(last_retried_);
  for (std::size_t i = 0; i < open_.size() && count < max_resubmitted; ++i, ++next) {
    if (next == open_.end()) next = open_.begin();
    last_retried_ = *next;
    auto& request = requests_.at(*next);
    if (request.expires <= now() || time_.now_ms() - request.submitted_ms < retry_ms) continue;
    ask(any_peer(), request);
    ++count;
  }
  time_.schedule(retry_ms, [this] { retry_event(); });
}

// ── What clients want ───────────────────────────────────────────────────────────────────────────

Workload::Draft Workload::draft() {
  const auto dice = generator_.below(100);
  if (dice < 70) return draft_transfer();
  if (dice < 85) return draft_registry();
  return readings();
}

Workload::Draft Workload::draft_transfer() {
  const auto& home = any_home();
  const auto amount = static_cast<std::int64_t>(generator_.below(5) + 1) * nano_per_unit / 2;
  switch (generator_.below(5)) {
    case 0: {
      const auto& other = any_home();
      return {ledger::EnergyToCoins{ledger::default_rate, Energy::from_nano(amount), home.ref,
                                    other.ref},
              text_of(other.ref), other.client};
    }
    case 1:
      return {ledger::CashToCoins{Price::from_nano(nano_per_unit), Cash::from_nano(amount), "EUR",
                                  home.ref, Chain::bank()},
              text_of(home.ref), home.client};
    case 2:
      return {ledger::TransferCoinsToEV{Coins::from_nano(amount), chain_.homes[0].ref,
                                        Chain::vehicle()},
              text_of(chain_.homes[0].ref), chain_.homes[0].client};
    case 3:
      return {ledger::CashFundingResident{Cash::from_nano(amount), "EUR", home.ref},
              "administrator", Chain::administrator};
    default:
      return {ledger::CashWithdrawalResident{Cash::from_nano(amount), "EUR", home.ref},
              "administrator", Chain::administrator};
  }
}

Workload::Draft Workload::draft_registry() {
  const auto& home = any_home();
  switch (generator_.below(homes_ < Chain::max_homes ? 4 : 1)) {
    case 0: {
      ledger::SetCriteria criteria;
      criteria.participant = home.ref;
      criteria.sell_price = Price::from_nano(static_cast<std::int64_t>(generator_.below(100)) *
                                             nano_per_unit / 1'000);
      criteria.buy_price = ledger::default_rate;
      return {trading(criteria), text_of(home.ref), home.client};
    }
    case 1: {  // a home joins; the next drafts open its accounts, its key and its meter
      ledger::AddParticipant add;
      add.participant.ref = chain_.homes[homes_].ref;
      ++homes_;
      return {add, "administrator", Chain::administrator};
    }
    case 2: {
      const auto& newest = chain_.homes[homes_ - 1];
      const auto asset = static_cast<ledger::AssetClass>(1 + generator_.below(3));
      return {
          ledger::ProvisionAsset{newest.ref, asset, asset == ledger::AssetClass::cash ? "EUR" : "",
                                 20 * nano_per_unit},
          "administrator", Chain::administrator};
    }
    default: {
      const auto& newest = chain_.homes[homes_ - 1];
      if (generator_.chance(500)) {
        return {ledger::BindKey{chain_.notary.public_key(newest.client), text_of(newest.ref),
                                ledger::scope_bit(ledger::Scope::own)},
                "administrator", Chain::administrator};
      }
      ledger::RegisterMeter meter;
      meter.meter = newest.meter;
      meter.owner = newest.ref;
      if (chain_.options.real_signatures) {
        meter.public_key = chain_.notary.public_key(newest.client);
      }
      return {meter, "administrator", Chain::administrator};
    }
  }
}

/// The criteria, mostly with rules, or an explicit order instead. Draws of its own, so that what
/// else a seed does is what it was before there were any.
ledger::Payload Workload::trading(ledger::SetCriteria criteria) {
  if (chain_.genesis.feature_level < 3) return criteria;
  const auto partner = [&] { return chain_.homes[wishes_.below(homes_)].ref; };
  if (wishes_.chance(300)) {
    const auto slot_ms = chain_.genesis.parameters.slot_ms;
    const auto island_ms = chain_.genesis.simulated ? fed_until_ms_ : now().value;
    ledger::PlaceOrder order;
    order.participant = criteria.participant;
    order.side = wishes_.chance(500) ? ledger::OrderSide::buy : ledger::OrderSide::sell;
    order.first_slot = slot_start({island_ms + chain_.genesis.parameters.gate_closure_ms}, slot_ms);
    order.first_slot.value += slot_ms * static_cast<std::int64_t>(1 + wishes_.below(3));
    order.slots = static_cast<std::uint16_t>(1 + wishes_.below(4));
    order.energy = Energy::from_nano(static_cast<std::int64_t>(1 + wishes_.below(1'000'000)));
    order.limit = *criteria.sell_price;
    if (const auto one = partner(); wishes_.chance(300) && one != order.participant) {
      order.partners = {one};
    }
    return order;
  }
  criteria.automatic = wishes_.chance(200);
  criteria.only_renewable = wishes_.chance(200);
  criteria.pay_more_for_green = wishes_.chance(200);
  if (wishes_.chance(200)) {
    criteria.sell_price.reset();
    criteria.sell_rules.tariff_offset = Price::from_nano(-50'000'000);
  }
  if (wishes_.chance(200)) {
    const auto weekdays = static_cast<std::uint8_t>(1 + wishes_.below(127));
    criteria.buy_rules.windows = {{weekdays, 360, 1'320}};
  }
  if (const auto one = partner(); wishes_.chance(200) && one != criteria.participant) {
    criteria.buy_rules.partners = {one};
  }
  return criteria;
}

/// One home's next reading; now and then one that was sent before, or a conflict.
Workload::Draft Workload::readings() {
  const auto index = generator_.below(homes_);
  const auto& home = chain_.homes[index];
  const auto slot_ms = chain_.genesis.parameters.slot_ms;
  ledger::SignedReading entry;
  auto& reading = entry.reading;
  reading.meter = home.meter;
  auto& end_ms = meter_ends_ms_[index];
  const bool repeat = meter_sequences_[index] > 0 && generator_.chance(100);
  if (!repeat) ++meter_sequences_[index];
  reading.sequence = meter_sequences_[index];
  if (chain_.genesis.simulated) {
    reading.start = UtcMillis{fed_until_ms_};
    reading.seconds = static_cast<std::uint32_t>(slot_ms / 1'000);
  } else {
    const auto slot_end = end_ms - end_ms % slot_ms + slot_ms;
    reading.start = UtcMillis{end_ms};
    end_ms =
        std::min(slot_end, end_ms + 1'000 * static_cast<std::int64_t>(1 + generator_.below(5)));
    reading.seconds = static_cast<std::uint32_t>((end_ms - reading.start.value) / 1'000);
  }
  const auto sun = static_cast<std::int64_t>(generator_.below(1'000'000));
  if (generator_.chance(500)) {
    reading.exported = Energy::from_nano(sun);
    reading.produced = Energy::from_nano(sun);
  } else {
    reading.imported = Energy::from_nano(sun);
  }
  if (chain_.options.real_signatures) {
    entry.signature =
        chain_.notary.sign(home.client, ledger::reading_statement(chain_.genesis_hash, reading));
  }
  const auto peer = static_cast<std::uint32_t>(generator_.below(chain_.options.peers));
  return {ledger::ReadingBatch{{std::move(entry)}}, "gateway:peer-" + std::to_string(peer),
          chain_.gateway_of(peer)};
}

void Workload::feeder_event() {
  if (winding_down_) return;
  if (!paused_) submit_draft(readings(), any_peer());
  if (!paused_ && chain_.genesis.simulated && generator_.chance(400)) {
    fed_until_ms_ += chain_.genesis.parameters.slot_ms;
    submit_draft({ledger::ClockStep{UtcMillis{fed_until_ms_}}, "feeder", Chain::feeder},
                 any_peer());
  }
  time_.schedule(100 + static_cast<std::int64_t>(generator_.below(400)),
                 [this] { feeder_event(); });
}

// ── Receipts ────────────────────────────────────────────────────────────────────────────────────

crypto::Digest Workload::submit_to_all(const Draft& draft) {
  const auto expires = UtcMillis{now().value + millis_per_hour};
  const auto id = remember(
      make(draft, Encoder().raw(as_bytes("probe-")).u64(++counter_).data(), expires), expires);
  for (std::uint32_t peer = 0; peer < chain_.processes(); ++peer) ask(peer, requests_.at(id));
  return id;
}

crypto::Digest Workload::probe() {
  return submit_to_all(
      {ledger::CashFundingResident{Cash::from_nano(nano_per_unit), "EUR", chain_.homes[0].ref},
       "administrator", Chain::administrator});
}

crypto::Digest Workload::govern(ledger::Payload payload) {
  return submit_to_all({std::move(payload), "administrator", Chain::administrator});
}

void Workload::door_closed(std::uint32_t peer) {
  for (const auto& id : open_) {
    auto& request = requests_.at(id);
    if (request.asked == peer) request.last_answer = Door::unavailable;
  }
}

bool Workload::receipt(std::uint32_t peer, const crypto::Digest& transaction) {
  const auto found = requests_.find(transaction);
  if (found == requests_.end() || found->second.acknowledged) return false;
  auto& request = found->second;
  request.receipts_at.insert(peer);
  if (request.receipts_at.size() < crypto::weak_quorum(chain_.processes())) return false;
  request.acknowledged = true;
  ++acknowledged_;
  open_.erase(transaction);
  return true;
}

bool Workload::acknowledged(const crypto::Digest& transaction) const {
  const auto found = requests_.find(transaction);
  return found != requests_.end() && found->second.acknowledged;
}

std::size_t Workload::waiting_since(std::int64_t at_ms) const {
  return static_cast<std::size_t>(std::ranges::count_if(open_, [&](const auto& id) {
    const auto& request = requests_.at(id);
    return request.submitted_ms <= at_ms && request.last_answer == Door::admitted &&
           request.expires > now();
  }));
}

}  // namespace powershare::sim
