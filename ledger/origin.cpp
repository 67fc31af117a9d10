#include "ledger/origin.hpp"

#include <algorithm>
#include <numeric>

#include "base/assert.hpp"
#include "ledger/history.hpp"
#include "ledger/registry.hpp"
#include "ledger/state_keys.hpp"
#include "ledger/versions.hpp"
#include "market/keys.hpp"

namespace powershare::ledger {
namespace {

constexpr std::array<std::string_view, renewable_sources> names = {"solar", "wind", "hydro"};
constexpr BySource Origin::*fields[] = {&Origin::issued, &Origin::own,    &Origin::sold,
                                        &Origin::fed_in, &Origin::bought, &Origin::supplied};

Error overflow() {
  return {LedgerError::overflow, "the certificates of a slot leave their range"};
}

void add_to(BySource& sum, const BySource& part) {
  for (std::size_t s = 0; s < sum.size(); ++s) sum[s] += part[s];
}

BySource difference(const BySource& whole, const BySource& part) {
  BySource rest{};
  for (std::size_t s = 0; s < rest.size(); ++s) rest[s] = whole[s] - part[s];
  return rest;
}

/// `amount` of `whole`, of each source its part; `amount` is at most the total.
BySource part_of(const BySource& whole, std::int64_t amount) {
  BySource part{};
  if (amount == 0) return part;
  const auto parts = market::pro_rata(amount, market::Amounts(whole.begin(), whole.end()));
  std::copy(parts.begin(), parts.end(), part.begin());
  return part;
}

/// Takes `amount` out of `from`, one source after the other; there is as much.
BySource take(BySource& from, std::int64_t amount) {
  BySource taken{};
  for (std::size_t s = 0; s < from.size() && amount > 0; ++s) {
    taken[s] = std::min(from[s], amount);
    from[s] -= taken[s];
    amount -= taken[s];
  }
  PS_ASSERT(amount == 0);
  return taken;
}

/// False when all production together leaves its range; no sum of certificates can then.
bool fits(const std::vector<BySource>& production) {
  std::int64_t sum = 0;
  for (const BySource& each : production) {
    for (const std::int64_t nano : each) {
      if (nano < 0 || __builtin_add_overflow(sum, nano, &sum)) return false;
    }
  }
  return true;
}

/// What each seller's neighbours bought goes with certificates as far as the seller's reach.
class Certifier {
 public:
  Certifier(const std::vector<Terms>& terms, const SlotResult& result)
      : terms_(terms), result_(result), origins_(terms.size()), for_sale_(terms.size()) {}

  std::vector<Origin> run(const std::vector<Apart>& apart, const std::vector<BySource>& production,
                          bool has_supplier) {
    for (std::size_t i = 0; i < terms_.size(); ++i) {
      const std::int64_t exported =
          result_.settled[i].exported.nano() - (apart.empty() ? 0 : apart[i].exported.nano());
      produced(i, production[i], std::max<std::int64_t>(exported, 0));
    }
    sell();
    BySource pool{};
    for (std::size_t i = 0; i < terms_.size(); ++i) {
      origins_[i].fed_in = for_sale_[i];
      add_to(pool, for_sale_[i]);
    }
    if (has_supplier) supply(pool);
    return std::move(origins_);
  }

 private:
  void produced(std::size_t i, const BySource& production, std::int64_t exported) {
    Origin& origin = origins_[i];
    origin.issued = production;
    for_sale_[i] = part_of(production, std::min(total(production), exported));
    origin.own = difference(production, for_sale_[i]);
  }

  /// What was bought without being drawn, or to cover what was not fed in, is nobody's own: its
  /// certificates come by the supplier, if at all.
  static bool passes_on(const SettledTrade& trade) {
    return trade.venue != Venue::utility && !trade.covers_short && !trade.sells_unused;
  }

  /// Of the trade, what its buyer has drawn: a commitment may be more.
  std::int64_t drawn(const SettledTrade& trade, const std::vector<std::int64_t>& bought) const {
    const auto buyer = position_of(terms_, trade.buyer);
    if (!buyer) return trade.energy.nano();
    const auto imported = result_.settled[*buyer].imported.nano();
    if (bought[*buyer] <= imported) return trade.energy.nano();
    __extension__ using Wide = __int128;
    const auto part = static_cast<Wide>(trade.energy.nano()) * imported / bought[*buyer];
    return static_cast<std::int64_t>(part);
  }

  void sell() {
    std::vector<std::vector<const SettledTrade*>> sales(terms_.size());
    std::vector<std::int64_t> bought(terms_.size());
    for (const SettledTrade& trade : result_.trades) {
      if (!passes_on(trade)) continue;
      if (const auto buyer = position_of(terms_, trade.buyer)) {
        bought[*buyer] += trade.energy.nano();
      }
      if (const auto seller = position_of(terms_, trade.seller)) sales[*seller].push_back(&trade);
    }
    for (std::size_t i = 0; i < sales.size(); ++i) {
      market::Amounts energies;
      for (const SettledTrade* trade : sales[i]) energies.push_back(drawn(*trade, bought));
      const std::int64_t sold = std::accumulate(energies.begin(), energies.end(), std::int64_t{0});
      const std::int64_t certified = std::min(total(for_sale_[i]), sold);
      if (certified == 0) continue;
      const auto parts = market::pro_rata(certified, energies);
      for (std::size_t k = 0; k < parts.size(); ++k) {
        const BySource gone = take(for_sale_[i], parts[k]);
        add_to(origins_[i].sold, gone);
        // A buyer that is not of this chain takes them out of it: they count as fed in.
        const auto buyer = position_of(terms_, sales[i][k]->buyer);
        if (buyer) add_to(origins_[*buyer].bought, gone);
      }
    }
  }

  /// The supplier's go to whom it delivered.
  void supply(BySource pool) {
    market::Amounts drawn;
    std::int64_t all = 0;
    for (const Settled& settled : result_.settled) {
      drawn.push_back(settled.from_utility.nano());
      all += settled.from_utility.nano();
    }
    const std::int64_t delivered = std::min(total(pool), all);
    if (delivered == 0) return;
    BySource left = part_of(pool, delivered);
    const auto parts = market::pro_rata(delivered, drawn);
    for (std::size_t i = 0; i < parts.size(); ++i) origins_[i].supplied = take(left, parts[i]);
  }

  const std::vector<Terms>& terms_;
  const SlotResult& result_;
  std::vector<Origin> origins_;
  std::vector<BySource> for_sale_;  ///< what each exported and has not passed on
};

Bytes source_prefix(const MeterId& meter) {
  return state_key::Builder(StateTable::meter_source).text(meter.text()).take();
}
}  // namespace

std::string_view source_name(std::size_t position) {
  return names.at(position);
}

std::string certificate_asset(std::size_t position) {
  return "GO:" + std::string(source_name(position));
}

BySource Origin::consumed() const {
  BySource sum = own;
  add_to(sum, bought);
  add_to(sum, supplied);
  return sum;
}

std::int64_t total(const BySource& parts) {
  return std::accumulate(parts.begin(), parts.end(), std::int64_t{0});
}

Result<std::vector<Origin>> certify(const std::vector<Terms>& terms, const SlotResult& result,
                                    const std::vector<Apart>& apart,
                                    const std::vector<BySource>& production, bool has_supplier) {
  PS_ASSERT(terms.size() == result.settled.size() && terms.size() == production.size());
  PS_ASSERT(apart.empty() || apart.size() == terms.size());
  if (!fits(production)) return overflow();
  return Certifier(terms, result).run(apart, production, has_supplier);
}

Result<std::vector<BySource>> slot_production(const StateReader& state, UtcMillis slot,
                                              const std::vector<Terms>& terms,
                                              const std::vector<MeterId>& quarantined) {
  struct Counted {
    std::int64_t exported = 0;
    std::int64_t produced = 0;
  };
  std::map<MeterId, Counted> by_meter;
  bool in_range = true;
  const auto sum_up = [&](std::int64_t& sum, std::int64_t part) {
    in_range = in_range && !__builtin_add_overflow(sum, part, &sum);
  };
  for_each_reading(state, slot, [&](const SlotReading& reading) {
    Counted& counted = by_meter[reading.meter];
    sum_up(counted.exported, reading.exported.nano());
    sum_up(counted.produced, reading.produced.nano());
    return true;
  });
  std::vector<BySource> result(terms.size());
  for_each_meter(state, [&](const MeterRecord& meter) {
    if (meter.kind == MeterKind::transformer || !meter.active_at(slot)) return true;
    if (std::binary_search(quarantined.begin(), quarantined.end(), meter.meter)) return true;
    const auto found = by_meter.find(meter.meter);
    const auto at = position_of(terms, meter.owner_at(slot));
    if (found == by_meter.end() || !at) return true;
    const EnergySource source = source_of(state, meter.meter, slot);
    if (!is_renewable(source)) return true;
    const Counted& counted = found->second;
    const bool plant = meter.kind == MeterKind::plant;
    sum_up(result[*at][static_cast<std::size_t>(source) - 1],
           plant ? std::max(counted.produced, counted.exported) : counted.produced);
    return true;
  });
  if (!in_range) return overflow();
  return result;
}

EnergySource source_of(const StateReader& state, const MeterId& meter, UtcMillis slot) {
  const auto value = version_at(state, source_prefix(meter), slot);
  if (!value) return EnergySource::solar;
  Decoder in(*value);
  const auto source = static_cast<EnergySource>(in.u8());
  PS_ASSERT(in.finished() && to_text(source) != "unknown");  // our own record
  return source;
}

void put_source(Overlay& state, const SetSource& source, UtcMillis first_slot,
                UtcMillis oldest_needed) {
  const Bytes prefix = source_prefix(source.meter);
  forget_versions(state, prefix, oldest_needed);
  put_version(state, prefix, first_slot,
              Encoder().u8(static_cast<std::uint8_t>(source.source)).data());
}

HistoryRow origin_row(const OriginRow& row) {
  Encoder key;
  key.raw(history_key::participant(row.participant)).time(row.slot);
  Encoder value;
  encode(value, row.origin);
  return {std::string(history_table::origins), std::move(key).take(), std::move(value).take()};
}

Result<OriginRow> parse_origin_row(ByteView key_bytes, ByteView value_bytes) {
  const Error wrong{LedgerError::malformed, "not a row of certificates"};
  const auto zero = std::find(key_bytes.begin(), key_bytes.end(), std::uint8_t{0});
  if (key_bytes.empty() || zero == key_bytes.end()) return wrong;
  const auto end = static_cast<std::size_t>(zero - key_bytes.begin());
  OriginRow row;
  row.participant.type = static_cast<ParticipantType>(key_bytes[0]);
  auto id = ParticipantId::parse(as_text(key_bytes.subspan(1, end - 1)));
  if (!id || to_text(row.participant.type) == "unknown") return wrong;
  row.participant.id = *std::move(id);
  Decoder key(key_bytes.subspan(end + 1));
  row.slot = key.time();
  Decoder in(value_bytes);
  row.origin = decode_origin(in);
  if (!key.finished() || !in.finished()) return wrong;
  return row;
}

void encode(Encoder& out, const Origin& origin) {
  std::uint32_t present = 0;
  std::uint32_t bit = 1;
  for (const auto field : fields) {
    for (const std::int64_t nano : origin.*field) {
      if (nano != 0) present |= bit;
      bit <<= 1;
    }
  }
  out.u32(present);
  for (const auto field : fields) {
    for (const std::int64_t nano : origin.*field) {
      if (nano != 0) out.i64(nano);
    }
  }
}

Origin decode_origin(Decoder& in) {
  Origin origin;
  const std::uint32_t present = in.u32();
  std::uint32_t bit = 1;
  for (const auto field : fields) {
    for (std::int64_t& nano : origin.*field) {
      if ((present & bit) != 0) nano = in.i64();
      if ((present & bit) != 0 && nano == 0) in.fail();  // one value, one encoding
      bit <<= 1;
    }
  }
  if (present >= bit) in.fail();
  return origin;
}

}  // namespace powershare::ledger
