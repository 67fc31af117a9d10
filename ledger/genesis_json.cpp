// The genesis as JSON text. Quantities are decimal strings and never pass through a floating-point
// number.
#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "ledger/accounts.hpp"
#include "ledger/error.hpp"
#include "ledger/genesis.hpp"
#include "ledger/genesis_state.hpp"
#include "ledger/parameters.hpp"
#include "ledger/registry.hpp"

namespace powershare::ledger {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t max_genesis_text_bytes = 64 << 20;

// ── Writing ─────────────────────────────────────────────────────────────────────────────────────

std::string hex(const std::array<std::uint8_t, 32>& bytes) {
  return to_hex(ByteView(bytes));
}

std::string_view asset_text(AssetClass asset) {
  switch (asset) {
    case AssetClass::energy:
      return "energy";
    case AssetClass::coins:
      return "coins";
    case AssetClass::cash:
      break;
  }
  return "cash";
}

constexpr std::string_view meter_kinds[] = {"home", "plant", "charger", "transformer"};

struct ScopeName {
  Scope scope;
  std::string_view name;
};
constexpr ScopeName scope_names[] = {{Scope::own, "own"},
                                     {Scope::administrator, "administrator"},
                                     {Scope::governance, "governance"},
                                     {Scope::gateway, "gateway"},
                                     {Scope::feeder, "feeder"}};

/// Parameters since levels 3 and 4, as set_parameter() takes them, where they are not at their
/// defaults.
void write_later(Json& out, const Parameters& parameters) {
  const Parameters standard;
  if (parameters.signed_readings_only) out["signed_readings_only"] = "true";
  if (parameters.plausibility != standard.plausibility) {
    out["plausibility"] = to_text(parameters.plausibility);
  }
  if (parameters.site) out["site"] = to_text(*parameters.site);
  if (parameters.gateway_daily_coins != standard.gateway_daily_coins) {
    out["gateway_daily_coins"] = to_text(parameters.gateway_daily_coins);
  }
  if (parameters.gateway_daily_cash != standard.gateway_daily_cash) {
    out["gateway_daily_cash"] = to_text(parameters.gateway_daily_cash);
  }
  if (parameters.origin) out["origin"] = "on";
  if (rewards_text(parameters) != "none") out["rewards"] = rewards_text(parameters);
  if (parameters.gate_closure_ms != standard.gate_closure_ms) {
    out["gate_closure"] = std::to_string(parameters.gate_closure_ms) + "ms";
  }
  if (parameters.deviation_margin_nano != standard.deviation_margin_nano) {
    out["deviation_margin"] = format_nano(parameters.deviation_margin_nano);
  }
}

/// Fields at their defaults are left out.
void write(Json& out, const Participant& participant) {
  const Participant standard;
  const auto price = [&](const char* name, Price value, Price standard_value) {
    if (value != standard_value) out[name] = to_text(value);
  };
  const auto text = [&](const char* name, const std::string& value) {
    if (!value.empty()) out[name] = value;
  };
  out["participant"] = to_text(participant.ref);
  price("buy_rate_coins_per_kwh", participant.buy_rate, standard.buy_rate);
  price("sell_rate_coins_per_kwh", participant.sell_rate, standard.sell_rate);
  if (participant.owner) out["owner_id"] = participant.owner->text();
  if (participant.vehicle_type != standard.vehicle_type) {
    out["vehicle_type"] = to_text(participant.vehicle_type);
  }
  text("brand", participant.brand);
  text("model", participant.model);
  text("name", participant.name);
  if (participant.supplier) out["supplier"] = true;
  price("tariff_coins_per_kwh", participant.tariff, standard.tariff);
  price("feed_in_coins_per_kwh", participant.feed_in, standard.feed_in);
  if (participant.profile != standard.profile) out["profile"] = hex(participant.profile);
}

Json zone_json(const NetworkZone& zone) {
  Json out = {{"id", zone.id}};
  if (zone.parent) out["parent"] = *zone.parent;
  for (const auto& fee : zone.fees) {
    Json entry = {{"per_kwh", to_text(fee.per_kwh)}, {"tariff_ppm", fee.tariff_ppm}};
    for (const auto& window : fee.windows) {
      entry["windows"].push_back({{"weekdays", window.weekdays},
                                  {"from_minute", window.from_minute},
                                  {"to_minute", window.to_minute}});
    }
    out["fees"].push_back(std::move(entry));
  }
  out["loss_nano"] = zone.loss_nano;
  if (zone.max_export) out["max_export_kwh"] = to_text(*zone.max_export);
  if (zone.max_import) out["max_import_kwh"] = to_text(*zone.max_import);
  return out;
}

struct PayloadWriter {
  Json& out;
  void operator()(const AddParticipant& payload) const { write(out, payload.participant); }
  void operator()(const ProvisionAsset& payload) const {
    out["owner"] = to_text(payload.owner);
    out["asset"] = asset_text(payload.asset);
    if (!payload.currency.empty()) out["currency"] = payload.currency;
    out["balance"] = format_nano(payload.balance_nano);
  }
  void operator()(const RegisterMeter& payload) const {
    out["meter"] = payload.meter.text();
    out["owner"] = to_text(payload.owner);
    if (payload.public_key) out["public_key"] = hex(*payload.public_key);
    if (payload.parent) out["parent"] = payload.parent->text();
    out["kind"] = meter_kinds[static_cast<std::size_t>(payload.kind) - 1];
    if (payload.plant_watts != 0) out["plant_watts"] = payload.plant_watts;
    if (!payload.cpe.empty()) out["cpe"] = payload.cpe;
  }
  void operator()(const BindKey& payload) const {
    out["key"] = hex(payload.key);
    out["principal"] = payload.principal;
    out["scopes"] = Json::array();
    for (const auto& entry : scope_names) {
      if ((payload.scopes & scope_bit(entry.scope)) != 0) out["scopes"].push_back(entry.name);
    }
  }
  void operator()(const SetCriteria& payload) const {
    out["participant"] = to_text(payload.participant);
    out["sell_enabled"] = payload.sell_enabled;
    if (payload.sell_price) out["sell_price_coins_per_kwh"] = to_text(*payload.sell_price);
    out["buy_enabled"] = payload.buy_enabled;
    if (payload.buy_price) out["buy_price_coins_per_kwh"] = to_text(*payload.buy_price);
  }
  void operator()(const SetCalendar& payload) const {
    out["zone"] = payload.zone;
    out["offsets"] = Json::array();
    for (const auto& offset : payload.offsets) {
      out["offsets"].push_back({{"from", to_iso8601(offset.from)}, {"minutes", offset.minutes}});
    }
  }
  void operator()(const SetNetwork& payload) const {
    out["zones"] = Json::array();
    for (const auto& zone : payload.zones) out["zones"].push_back(zone_json(zone));
    if (!payload.members.empty()) out["members"] = Json::array();
    for (const auto& member : payload.members) {
      out["members"].push_back(
          {{"participant", to_text(member.participant)}, {"zone", member.zone}});
    }
    if (!payload.losses.empty()) out["losses"] = Json::array();
    for (const auto& loss : payload.losses) {
      out["losses"].push_back(
          {{"from", loss.from}, {"to", loss.to}, {"loss_nano", loss.loss_nano}});
    }
  }
  template <class Other>
  void operator()(const Other&) const {}  // refused by check_genesis
};

// ── Reading ─────────────────────────────────────────────────────────────────────────────────────

/// The fields of one JSON object. The first fault is kept; every field must be asked for once.
class Fields {
 public:
  Fields(const Json& value, std::string where, std::string& fault)
      : value_(value), where_(std::move(where)), fault_(fault) {
    if (!value.is_object()) fail("is not an object");
  }

  bool has(const char* name) const { return value_.is_object() && value_.contains(name); }
  void fail(const std::string& what) {
    if (fault_.empty()) fault_ = where_ + ": " + what;
  }

  const Json* find(const char* name) {
    asked_.insert(name);
    if (!value_.is_object()) return nullptr;
    const auto field = value_.find(name);
    return field == value_.end() ? nullptr : &*field;
  }
  const Json& required(const char* name) {
    static const Json none;
    const auto* field = find(name);
    if (field == nullptr) fail(std::string("field ") + name + " is missing");
    return field == nullptr ? none : *field;
  }

  std::string text(const char* name) { return as_text(required(name), name); }
  std::string text(const char* name, std::string standard) {
    const auto* field = find(name);
    return field == nullptr ? std::move(standard) : as_text(*field, name);
  }
  bool boolean(const char* name, bool standard) {
    const auto* field = find(name);
    if (field == nullptr) return standard;
    if (!field->is_boolean()) fail(std::string(name) + " is not true or false");
    return field->is_boolean() && field->get<bool>();
  }
  std::int64_t integer(const char* name, std::int64_t standard) {
    const auto* field = find(name);
    if (field == nullptr) return standard;
    const bool fits = field->is_number_integer() &&
                      (!field->is_number_unsigned() ||
                       field->get<std::uint64_t>() <=
                           static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
    if (!fits) fail(std::string(name) + " is not a whole number");
    return fits ? field->get<std::int64_t>() : 0;
  }
  std::int64_t nano(const char* name) {
    auto value = parse_nano_exact(text(name));
    if (!value) fail(std::string(name) + " is not a decimal number of at most 9 decimals");
    return value ? *value : 0;
  }
  std::array<std::uint8_t, 32> key(const char* name) {
    auto digest = crypto::digest_from_hex(text(name));
    if (!digest) fail(std::string(name) + " is not 64 hexadecimal digits");
    return digest ? *digest : Digest{};
  }
  template <class T>
  T parsed(const char* name, Result<T> (*parse)(std::string_view)) {
    auto value = parse(text(name));
    if (value) return *std::move(value);
    fail(std::string(name) + ": " + value.error().detail());
    return T{};
  }
  Price price(const char* name, Price standard) {
    return has(name) ? Price::from_nano(nano(name)) : standard;
  }
  std::optional<Price> optional_price(const char* name) {
    if (!has(name)) return std::nullopt;
    return Price::from_nano(nano(name));
  }
  template <class Id>
  std::optional<Id> optional_id(const char* name) {
    if (!has(name)) return std::nullopt;
    return parsed<Id>(name, Id::parse);
  }

  /// To be called last: a field that nobody asked for is a fault.
  void finish() {
    if (!value_.is_object()) return;
    for (const auto& [name, field] : value_.items()) {
      if (!asked_.contains(name)) fail("unknown field " + name);
    }
  }

 private:
  std::string as_text(const Json& field, const char* name) {
    if (!field.is_string()) fail(std::string(name) + " is not a text");
    return field.is_string() ? field.get<std::string>() : std::string();
  }

  const Json& value_;
  std::string where_;
  std::string& fault_;
  std::set<std::string> asked_;
};

AddParticipant read_add_participant(Fields& in) {
  Participant participant;
  participant.ref = in.parsed<ParticipantRef>("participant", parse_participant_ref);
  participant.buy_rate = in.price("buy_rate_coins_per_kwh", participant.buy_rate);
  participant.sell_rate = in.price("sell_rate_coins_per_kwh", participant.sell_rate);
  participant.owner = in.optional_id<ParticipantId>("owner_id");
  const auto type = vehicle_type(in.text("vehicle_type", "BEV"));
  if (!type) in.fail("vehicle_type is none of BEV, PHEV, HEV, SCOOTER, BIKE");
  participant.vehicle_type = type.value_or(VehicleType::bev);
  participant.brand = in.text("brand", "");
  participant.model = in.text("model", "");
  participant.name = in.text("name", "");
  participant.supplier = in.boolean("supplier", false);
  participant.tariff = in.price("tariff_coins_per_kwh", participant.tariff);
  participant.feed_in = in.price("feed_in_coins_per_kwh", participant.feed_in);
  if (in.has("profile")) participant.profile = in.key("profile");
  return {participant};
}

ProvisionAsset read_provision_asset(Fields& in) {
  ProvisionAsset payload;
  payload.owner = in.parsed<ParticipantRef>("owner", parse_participant_ref);
  const auto asset = in.text("asset");
  payload.asset = asset == "energy"  ? AssetClass::energy
                  : asset == "coins" ? AssetClass::coins
                                     : AssetClass::cash;
  if (asset != asset_text(payload.asset)) in.fail("asset is none of energy, coins, cash");
  payload.currency = in.text("currency", "");
  payload.balance_nano = in.nano("balance");
  return payload;
}

RegisterMeter read_register_meter(Fields& in) {
  RegisterMeter payload;
  payload.meter = in.parsed<MeterId>("meter", MeterId::parse);
  payload.owner = in.parsed<ParticipantRef>("owner", parse_participant_ref);
  if (in.has("public_key")) payload.public_key = in.key("public_key");
  payload.parent = in.optional_id<MeterId>("parent");
  const auto kind = in.text("kind", "home");
  const auto* found = std::find(std::begin(meter_kinds), std::end(meter_kinds), kind);
  if (found == std::end(meter_kinds)) in.fail("kind is none of home, plant, charger, transformer");
  payload.kind = static_cast<MeterKind>(found - std::begin(meter_kinds) + 1);
  payload.plant_watts = in.integer("plant_watts", 0);
  payload.cpe = in.text("cpe", "");
  return payload;
}

BindKey read_bind_key(Fields& in) {
  BindKey payload;
  payload.key = in.key("key");
  payload.principal = in.text("principal");
  const auto& scopes = in.required("scopes");
  for (const auto& scope : scopes) {
    const auto name = scope.is_string() ? scope.get<std::string>() : std::string();
    const auto* found = std::find_if(std::begin(scope_names), std::end(scope_names),
                                     [&](const ScopeName& entry) { return entry.name == name; });
    if (found == std::end(scope_names)) {
      in.fail("a scope is none of own, administrator, governance, gateway, feeder");
    } else {
      payload.scopes |= scope_bit(found->scope);
    }
  }
  return payload;
}

SetCriteria read_set_criteria(Fields& in) {
  SetCriteria payload;
  payload.participant = in.parsed<ParticipantRef>("participant", parse_participant_ref);
  payload.sell_enabled = in.boolean("sell_enabled", true);
  payload.sell_price = in.optional_price("sell_price_coins_per_kwh");
  payload.buy_enabled = in.boolean("buy_enabled", true);
  payload.buy_price = in.optional_price("buy_price_coins_per_kwh");
  return payload;
}

SetCalendar read_set_calendar(Fields& in, const std::string& where, std::string& fault) {
  SetCalendar payload;
  payload.zone = in.text("zone");
  const auto& offsets = in.required("offsets");
  if (!offsets.is_array()) in.fail("offsets is not a list");
  for (const auto& offset : offsets) {
    Fields fields(offset, where, fault);
    UtcOffset entry;
    entry.from = fields.parsed<UtcMillis>("from", parse_iso8601);
    const auto minutes = fields.integer("minutes", 0);
    if (minutes < INT16_MIN || minutes > INT16_MAX) fields.fail("minutes is out of range");
    entry.minutes = static_cast<std::int16_t>(minutes);
    fields.finish();
    payload.offsets.push_back(entry);
  }
  return payload;
}

// A network's fields have the names of the transaction's (gateway/payload_fields.hpp), so that one
// file does for both.

/// A whole number in [0, max].
std::uint64_t whole(Fields& in, const char* name, std::uint64_t max) {
  const auto value = in.integer(name, 0);
  if (value >= 0 && static_cast<std::uint64_t>(value) <= max) {
    return static_cast<std::uint64_t>(value);
  }
  in.fail(std::string(name) + " is out of range");
  return 0;
}

/// Calls `read` for the items of a list that may be absent.
template <class Read>
void each_item(Fields& in, const char* name, Read read) {
  const auto* list = in.find(name);
  if (list == nullptr) return;
  if (!list->is_array()) return in.fail(std::string(name) + " is not a list");
  for (const auto& item : *list) read(item);
}

NetworkFee read_network_fee(const Json& value, const std::string& where, std::string& fault) {
  Fields in(value, where, fault);
  NetworkFee fee;
  fee.per_kwh = in.price("per_kwh", {});
  fee.tariff_ppm = static_cast<std::uint32_t>(whole(in, "tariff_ppm", UINT32_MAX));
  each_item(in, "windows", [&](const Json& item) {
    Fields fields(item, where, fault);
    WeeklyWindow window;
    window.weekdays = static_cast<std::uint8_t>(whole(fields, "weekdays", UINT8_MAX));
    window.from_minute = static_cast<std::uint16_t>(whole(fields, "from_minute", UINT16_MAX));
    window.to_minute = static_cast<std::uint16_t>(whole(fields, "to_minute", UINT16_MAX));
    fields.finish();
    fee.windows.push_back(window);
  });
  in.finish();
  return fee;
}

NetworkZone read_network_zone(const Json& value, const std::string& where, std::string& fault) {
  Fields in(value, where, fault);
  NetworkZone zone;
  zone.id = in.text("id");
  if (in.has("parent")) zone.parent = static_cast<std::uint32_t>(whole(in, "parent", UINT32_MAX));
  each_item(in, "fees",
            [&](const Json& item) { zone.fees.push_back(read_network_fee(item, where, fault)); });
  zone.loss_nano = in.integer("loss_nano", 0);
  if (in.has("max_export_kwh")) zone.max_export = Energy::from_nano(in.nano("max_export_kwh"));
  if (in.has("max_import_kwh")) zone.max_import = Energy::from_nano(in.nano("max_import_kwh"));
  in.finish();
  return zone;
}

SetNetwork read_set_network(Fields& in, const std::string& where, std::string& fault) {
  SetNetwork network;
  if (!in.has("zones")) in.fail("field zones is missing");
  each_item(in, "zones", [&](const Json& item) {
    network.zones.push_back(read_network_zone(item, where, fault));
  });
  each_item(in, "members", [&](const Json& item) {
    Fields fields(item, where, fault);
    NetworkMember member;
    member.participant = fields.parsed<ParticipantRef>("participant", parse_participant_ref);
    member.zone = static_cast<std::uint32_t>(whole(fields, "zone", UINT32_MAX));
    fields.finish();
    network.members.push_back(std::move(member));
  });
  each_item(in, "losses", [&](const Json& item) {
    Fields fields(item, where, fault);
    NetworkLoss loss;
    loss.from = static_cast<std::uint32_t>(whole(fields, "from", UINT32_MAX));
    loss.to = static_cast<std::uint32_t>(whole(fields, "to", UINT32_MAX));
    loss.loss_nano = fields.integer("loss_nano", 0);
    fields.finish();
    network.losses.push_back(loss);
  });
  return network;
}

Payload read_payload(const Json& value, const std::string& where, std::string& fault) {
  Fields in(value, where, fault);
  Payload payload;
  const auto type = in.text("type");
  if (type == "AddParticipant") {
    payload = read_add_participant(in);
  } else if (type == "ProvisionAsset") {
    payload = read_provision_asset(in);
  } else if (type == "RegisterMeter") {
    payload = read_register_meter(in);
  } else if (type == "BindKey") {
    payload = read_bind_key(in);
  } else if (type == "SetCriteria") {
    payload = read_set_criteria(in);
  } else if (type == "SetCalendar") {
    payload = read_set_calendar(in, where, fault);
  } else if (type == "SetNetwork") {
    payload = read_set_network(in, where, fault);
  } else {
    in.fail(
        "type is none of AddParticipant, ProvisionAsset, RegisterMeter, BindKey, SetCriteria, "
        "SetCalendar, SetNetwork");
  }
  in.finish();
  return payload;
}

Parameters read_parameters(const Json& value, std::string& fault) {
  Fields in(value, "parameters", fault);
  Parameters parameters;
  parameters.slot_ms = in.integer("slot_ms", parameters.slot_ms);
  parameters.close_grace_ms = in.integer("close_grace_ms", parameters.close_grace_ms);
  parameters.final_after_ms = in.integer("final_after_ms", parameters.final_after_ms);
  parameters.silent_meter_ms = in.integer("silent_meter_ms", parameters.silent_meter_ms);
  parameters.future_reading_ms = in.integer("future_reading_ms", parameters.future_reading_ms);
  if (in.has("credit_limit_coins")) {
    parameters.credit_limit = Coins::from_nano(in.nano("credit_limit_coins"));
  }
  parameters.clearing_rule = in.text("clearing_rule", parameters.clearing_rule);
  parameters.currency = in.text("currency", parameters.currency);
  for (const char* name :
       {"signed_readings_only", "plausibility", "site", "gateway_daily_coins", "gateway_daily_cash",
        "origin", "rewards", "gate_closure", "deviation_margin"}) {
    if (!in.has(name)) continue;
    if (const auto set = set_parameter(parameters, name, in.text(name), false); !set) {
      in.fail(set.error().detail());
    }
  }
  in.finish();
  return parameters;
}

std::uint32_t read_u32(Fields& in, const char* name, std::uint32_t standard) {
  const auto value = in.integer(name, standard);
  if (value >= 0 && value <= std::numeric_limits<std::uint32_t>::max()) {
    return static_cast<std::uint32_t>(value);
  }
  in.fail(std::string(name) + " is not between 0 and 4294967295");
  return standard;
}

ConsensusConstants read_consensus(const Json& value, std::string& fault) {
  Fields in(value, "consensus", fault);
  ConsensusConstants constants;
  constants.checkpoint_interval =
      read_u32(in, "checkpoint_interval", constants.checkpoint_interval);
  constants.window = read_u32(in, "window", constants.window);
  in.finish();
  return constants;
}

Member read_member(const Json& value, const std::string& where, std::string& fault) {
  Fields in(value, where, fault);
  Member member;
  member.peer = in.parsed<PeerId>("peer", PeerId::parse);
  member.consensus_key = in.key("consensus_key");
  member.gateway_key = in.key("gateway_key");
  member.transport_key = in.key("transport_key");
  in.finish();
  return member;
}

Genesis read_genesis(const Json& value, std::string& fault) {
  Fields in(value, "genesis", fault);
  Genesis genesis;
  genesis.chain = in.parsed<ChainId>("chain", ChainId::parse);
  genesis.created = in.parsed<UtcMillis>("created", parse_iso8601);
  genesis.simulated = in.boolean("simulated", false);
  if (genesis.simulated) {
    genesis.simulated_start = in.parsed<UtcMillis>("simulated_start", parse_iso8601);
    genesis.feeder_key = in.key("feeder_key");
  }
  genesis.administrator_key = in.key("administrator_key");
  // Levels came later than the first genesis files, which say nothing of them.
  genesis.feature_level = read_u32(in, "feature_level", 1);
  if (const auto* consensus = in.find("consensus")) {
    genesis.consensus = read_consensus(*consensus, fault);
  }
  genesis.parameters = read_parameters(in.required("parameters"), fault);
  const auto& members = in.required("members");
  const auto& registry = in.required("registry");
  if (!members.is_array()) in.fail("members is not a list");
  if (!registry.is_array()) in.fail("registry is not a list");
  in.finish();
  if (!fault.empty()) return genesis;
  for (const auto& member : members) {
    const auto where = "member " + std::to_string(genesis.members.size() + 1);
    genesis.members.push_back(read_member(member, where, fault));
  }
  for (const auto& payload : registry) {
    const auto where = "registry entry " + std::to_string(genesis.registry.size() + 1);
    genesis.registry.push_back(read_payload(payload, where, fault));
  }
  return genesis;
}

}  // namespace

std::string Genesis::to_json() const {
  Json out;
  out["chain"] = chain.text();
  out["created"] = to_iso8601(created);
  out["simulated"] = simulated;
  if (simulated) {
    out["simulated_start"] = to_iso8601(simulated_start);
    out["feeder_key"] = hex(feeder_key);
  }
  out["administrator_key"] = hex(administrator_key);
  out["feature_level"] = feature_level;
  out["consensus"] = {{"checkpoint_interval", consensus.checkpoint_interval},
                      {"window", consensus.window}};
  out["parameters"] = {{"slot_ms", parameters.slot_ms},
                       {"close_grace_ms", parameters.close_grace_ms},
                       {"final_after_ms", parameters.final_after_ms},
                       {"silent_meter_ms", parameters.silent_meter_ms},
                       {"future_reading_ms", parameters.future_reading_ms},
                       {"credit_limit_coins", to_text(parameters.credit_limit)},
                       {"clearing_rule", parameters.clearing_rule},
                       {"currency", parameters.currency}};
  write_later(out["parameters"], parameters);
  out["members"] = Json::array();
  for (const auto& member : members) {
    out["members"].push_back({{"peer", member.peer.text()},
                              {"consensus_key", hex(member.consensus_key)},
                              {"gateway_key", hex(member.gateway_key)},
                              {"transport_key", hex(member.transport_key)}});
  }
  out["registry"] = Json::array();
  for (const auto& payload : registry) {
    Json entry;
    entry["type"] = payload_name(payload);
    std::visit(PayloadWriter{entry}, payload);
    out["registry"].push_back(std::move(entry));
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Genesis> Genesis::from_json(std::string_view text) {
  if (text.size() > max_genesis_text_bytes) {
    return Error{LedgerError::malformed, "genesis: longer than 64 MiB"};
  }
  const auto value = Json::parse(text, nullptr, false);
  if (value.is_discarded()) return Error{LedgerError::malformed, "genesis: not JSON"};
  std::string fault;
  auto genesis = read_genesis(value, fault);
  if (!fault.empty()) return Error{LedgerError::malformed, fault};
  if (const auto valid = check_genesis(genesis); !valid) {
    return Error{LedgerError::malformed, "genesis: " + valid.error().detail()};
  }
  return genesis;
}

}  // namespace powershare::ledger
