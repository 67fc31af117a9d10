// Who may call what, at the door: every route by every kind of caller. A new route takes a row.
#include <doctest/doctest.h>

#include "ledger/accounts.hpp"
#include "ledger/identities.hpp"
#include "ledger/network.hpp"
#include "tests/unit/gateway/household_door.hpp"

namespace powershare::gateway {
namespace {

using test::HouseholdDoor;
using test::Json;

/// o: anyone. m: as r, and whoever brings readings. r: whoever may read, and households their own.
/// a: administrators. h: households. l: who brings readings, and households. e: administrators and
/// operators.
struct Row {
  const char* method;
  const char* path;
  char access;
};
const Row rows[] = {
    {"GET", "/", 'o'},
    {"GET", "/explorer/v1", 'o'},
    {"GET", "/explorer/v1/explorer.js", 'o'},
    {"GET", "/explorer/v1/style.css", 'o'},
    {"GET", "/livez", 'o'},
    {"GET", "/healthz", 'o'},
    {"GET", "/readyz", 'o'},
    {"GET", "/v1/openapi.json", 'o'},
    {"GET", "/v1/status", 'o'},
    {"GET", "/v1/genesis", 'o'},
    {"GET", "/v1/parameters", 'o'},
    {"GET", "/v1/members", 'o'},
    {"GET", "/v1/blocks/{height}/certificate", 'o'},
    {"GET", "/v1/ledger/totals", 'o'},
    {"GET", "/v1/slots", 'o'},
    {"GET", "/v1/slots/{start}", 'o'},
    {"GET", "/v1/blocks", 'r'},
    {"GET", "/v1/blocks/{height}", 'r'},
    {"GET", "/v1/transactions/{id}", 'r'},
    {"GET", "/v1/accounts", 'r'},
    {"GET", "/v1/accounts/proof", 'r'},
    {"GET", "/v1/trades", 'r'},
    {"GET", "/v1/bills", 'r'},
    {"GET", "/v1/network", 'r'},
    {"GET", "/v1/kpis", 'r'},
    {"GET", "/v1/participants", 'r'},
    {"GET", "/v1/meters", 'm'},
    {"GET", "/v1/events", 'r'},
    {"POST", "/v1/participants", 'a'},
    {"POST", "/v1/meters", 'a'},
    {"POST", "/v1/invitations", 'a'},
    {"POST", "/v1/transactions", 'o'},  // of a body that is none; fields need a role or a token
    {"POST", "/v1/transactions/prepare", 'o'},
    {"POST", "/etms/readings", 'o'},
    {"POST", "/etms/login", 'o'},
    {"DELETE", "/etms/login", 'h'},
    {"POST", "/etms/refresh", 'o'},
    {"POST", "/etms/password", 'h'},
    {"POST", "/etms/logout", 'h'},
    {"GET", "/etms/sessions", 'h'},
    {"POST", "/etms/sessions", 'o'},
    {"DELETE", "/etms/sessions/{session}", 'h'},
    {"POST", "/etms/accept", 'o'},
    {"GET", "/etms/invitations", 'h'},
    {"POST", "/etms/invitations", 'h'},
    {"DELETE", "/etms/invitations/{invitation}", 'h'},
    {"GET", "/etms/me", 'h'},
    {"PATCH", "/etms/me", 'h'},
    {"GET", "/etms/me/picture", 'h'},
    {"PUT", "/etms/me/picture", 'h'},
    {"DELETE", "/etms/me/picture", 'h'},
    {"GET", "/etms/participants/{id}/picture", 'h'},
    {"GET", "/etms/delivery", 'h'},
    {"PUT", "/etms/delivery", 'h'},
    {"POST", "/etms/usage", 'h'},
    {"GET", "/v1/usage", 'e'},
    {"GET", "/etms/keys", 'h'},
    {"DELETE", "/etms/keys/{key}", 'h'},
    {"GET", "/etms/bills", 'h'},
    {"GET", "/etms/bills/{month}/why", 'h'},
    {"GET", "/etms/slots/{start}/why", 'h'},
    {"GET", "/etms/criteria", 'h'},
    {"PUT", "/etms/criteria", 'h'},
    {"GET", "/etms/disputes", 'h'},
    {"POST", "/etms/disputes", 'h'},
    {"POST", "/etms/ev/{id}/transfer", 'h'},
    {"GET", "/etms/events", 'h'},
    {"GET", "/etms/export", 'h'},
    {"GET", "/etms/export/green-button", 'h'},
    {"GET", "/etms/flow", 'h'},
    {"GET", "/etms/history", 'h'},
    {"GET", "/etms/live", 'o'},
    {"POST", "/etms/live", 'l'},
    {"GET", "/etms/meters", 'h'},
    {"GET", "/etms/neighbours", 'h'},
    {"GET", "/etms/notifications", 'h'},
    {"GET", "/etms/orders", 'h'},
    {"GET", "/etms/orders/results", 'h'},
    {"POST", "/etms/orders", 'h'},
    {"DELETE", "/etms/orders/{id}", 'h'},
    {"GET", "/etms/preferences", 'h'},
    {"PUT", "/etms/preferences", 'h'},
    {"GET", "/etms/ranking", 'h'},
    {"GET", "/etms/readings", 'h'},
    {"GET", "/etms/slot", 'h'},
    {"GET", "/etms/trades", 'h'},
    {"GET", "/etms/wallet", 'h'},
    {"POST", "/etms/wallet/buy", 'h'},
    {"POST", "/etms/wallet/fund", 'h'},
    {"GET", "/etms/wallet/requests", 'h'},
    {"DELETE", "/etms/wallet/requests/{id}", 'h'},
    {"POST", "/etms/wallet/sell", 'h'},
    {"GET", "/etms/wallet/statement", 'h'},
    {"POST", "/etms/wallet/withdraw", 'h'},
    {"GET", "/v1/cash-requests", 'a'},
    {"POST", "/v1/cash-requests/{id}", 'a'},
    {"GET", "/v1/disputes", 'r'},
    {"GET", "/v1/exports/egac", 'e'},
    {"PATCH", "/v1/meters/{meter}", 'a'},
    {"GET", "/v1/meters/{meter}/alarms", 'r'},
    {"POST", "/v1/meters/{meter}/disputes/{seq}", 'a'},
    {"GET", "/v1/meters/{meter}/readings", 'r'},
    {"POST", "/v1/meters/{meter}/standing", 'a'},
    {"GET", "/v1/peers", 'o'},
    {"GET", "/v1/slots/{start}/book", 'a'},
    {"GET", "/v1/slots/{start}/allocation", 'r'},
    {"GET", "/v1/slots/{start}/certificate", 'a'},
    {"GET", "/v1/origin", 'r'},
    {"GET", "/v1/shares", 'r'},
    {"GET", "/v1/tariffs", 'o'},
    {"GET", "/etms/origin", 'h'},
    {"GET", "/v1/transactions", 'r'},
};

struct Visitor {
  const char* name;
  const char* key;
  bool reads;
  bool administers;
};
constexpr Visitor visitors[] = {
    {"anonymous", "", false, false},         {"meter", "meter's", false, false},
    {"gateway", "gateway's", false, false},  {"auditor", "auditor's", true, false},
    {"operator", "operator's", true, false}, {"administrator", "chief's", true, true},
    {"household", "token", true, false},
};

bool may(const Visitor& visitor, char access) {
  const std::string_view name = visitor.name;
  const bool household = name == "household";
  switch (access) {
    case 'o':
      return true;
    case 'm':
      return name != "anonymous";
    case 'r':
      return visitor.reads;
    case 'a':
      return visitor.administers;
    case 'l':
      return household || visitor.administers || name == "meter" || name == "gateway";
    case 'e':
      return visitor.administers || name == "operator";
    default:
      return household;
  }
}

std::string filled(std::string pattern) {
  while (pattern.find('{') != std::string::npos) {
    const auto open = pattern.find('{');
    pattern.replace(open, pattern.find('}') - open + 1, "1");
  }
  return pattern;
}

class Matrix : public HouseholdDoor {
 public:
  explicit Matrix(ledger::TransactionDecoder decoder = {}) {
    door.decode = std::move(decoder);
    door.options.require_key_for_reads = true;
    const auto add = [&](const char* key, Role role) {
      ledger::put_api_key(door.chain->state, {hash_api_key(key), role, key, 0, {}});
    };
    add("meter's", Role::meter);
    add("gateway's", Role::gateway);
    add("auditor's", Role::auditor);
    add("operator's", Role::operator_);
    add("chief's", Role::administrator);
    accept(invite("H01"), "ana");
  }
  int status(const Visitor& visitor, const std::string& method, const std::string& path,
             const std::string& token) {
    auto request = test::request_to(method, path);
    request.body = "{";
    if (std::string_view(visitor.key) == "token") {
      request.headers["authorization"] = "Bearer " + token;
    } else if (visitor.key[0] != 0) {
      request.headers["x-api-key"] = visitor.key;
    }
    return HouseholdDoor::ask(std::move(request)).status;
  }
};

}  // namespace

TEST_CASE("every route by every kind of caller") {
  Matrix matrix;
  std::map<std::string, char> expected;
  for (const auto& row : rows) expected[std::string(row.method) + " " + row.path] = row.access;
  const auto document = matrix.ask("GET", "/v1/openapi.json").body;
  std::string token = matrix.log_in("ana").body["token"];
  for (const auto& described : document["paths"].items()) {
    const std::string path = described.key();
    for (const auto& operation : described.value().items()) {
      std::string method;
      for (const char letter : operation.key()) method += static_cast<char>(std::toupper(letter));
      const auto row = expected.find(method + " " + path);
      CHECK_MESSAGE(row != expected.end(), method, " ", path, " has no row");
      if (row == expected.end()) continue;
      for (const auto& visitor : visitors) {
        const auto status = matrix.status(visitor, method, filled(path), token);
        INFO(method << " " << path << " by " << visitor.name << ": " << status);
        CHECK((status != 401 && status != 403) == may(visitor, row->second));
      }
      if (path == "/etms/logout") token = matrix.log_in("ana").body["token"];
      expected.erase(row);
    }
  }
  for (const auto& row : expected) CHECK_MESSAGE(false, row.first, " is no route");
}

TEST_CASE("of the network a household sees all levels, and only its own place in them") {
  Matrix matrix;
  ledger::SetNetwork network;
  ledger::NetworkZone root;
  root.id = "street";
  root.fees = {{Price::from_nano(7'000'000), 50'000, {{0x21, 480, 1'200}}}};
  network.zones = {root,
                   {"east", 0U, {}, 12'500'000, Energy::from_nano(nano_per_unit), {}},
                   {"west", 0U, {}, 0, {}, {}}};
  network.members = {{test::resident("H01"), 1}, {test::resident("H02"), 2}};
  network.losses = {{1, 2, 3'000'000}, {2, 2, 4'000'000}};
  REQUIRE(ledger::check_network(network).ok());
  CHECK(matrix.ask("GET", "/v1/network", {}, nullptr, "auditor's").body["version"] == 0);
  ledger::put_network(matrix.door.chain->state, network);
  const auto all = matrix.ask("GET", "/v1/network", {}, nullptr, "auditor's").body;
  CHECK(all["version"] == 1);
  REQUIRE(all["zones"].size() == 3);
  CHECK(all["zones"][0]["fees"][0]["per_kwh"] == "0.007");
  CHECK(all["zones"][0]["fees"][0]["tariff_ppm"] == 50'000);
  CHECK(all["zones"][0]["fees"][0]["windows"][0] ==
        Json::parse(R"({"weekdays":["mon","sat"],"from":"08:00","to":"20:00"})"));
  CHECK(all["zones"][1]["parent"] == "street");
  CHECK(all["zones"][1]["loss_kwh_per_kwh"] == "0.0125");
  CHECK(all["zones"][1]["max_export_kwh"] == "1");
  CHECK(all["members"].size() == 2);
  CHECK(all["losses"].size() == 2);
  const std::string token = matrix.log_in("ana").body["token"];
  const auto own = matrix.ask("GET", "/v1/network", token).body;
  CHECK(own["zones"] == all["zones"]);
  CHECK(own["members"] == Json::parse(R"([{"participant":"Resident:H01","zone":"east"}])"));
  CHECK(own["losses"].size() == 1);
}

TEST_CASE("a household reads its own, and of others id, type and rates") {
  Matrix matrix;
  auto& state = matrix.door.chain->state;
  const auto own = test::resident("H01"), other = test::resident("H02");
  for (const auto& ref : {own, other}) {
    ledger::open_account(state, ledger::participant_account(ref, "CO"));
    ledger::MeterRecord meter;
    meter.meter = *MeterId::parse("M-" + ref.id.text());
    meter.owner = ref;
    meter.cpe = "PT0002000012345678AB";
    ledger::put_meter(state, meter);
    auto record = *ledger::find_participant_record(state, ref);
    record.participant.profile = Digest{1};
    record.participant.buy_rate = Price::from_nano(7);
    ledger::put_participant(state, record);
  }
  const std::string token = matrix.log_in("ana").body["token"];
  const auto get = [&](const char* path) { return matrix.ask("GET", path, token); };
  for (const auto* path :
       {"/v1/accounts?owner=H02", "/v1/trades?participant=H02", "/v1/bills?participant=H02"}) {
    CAPTURE(path);
    CHECK(get(path).code() == "not_yours");
    CHECK(matrix.ask("GET", path, {}, nullptr, "auditor's").status == 200);
  }
  for (const auto* path :
       {"/v1/accounts?owner=H01", "/v1/accounts?owner=ElectricVehicle:V1",
        "/v1/trades?participant=H01", "/v1/bills?participant=H01", "/v1/trades", "/v1/bills"}) {
    CAPTURE(path);
    CHECK(get(path).status == 200);
  }
  const auto accounts = get("/v1/accounts").body["items"];
  REQUIRE(accounts.size() == 1);
  CHECK(accounts[0]["owner"] == "Resident:H01");
  CHECK(matrix.ask("GET", "/v1/accounts", {}, nullptr, "auditor's").body["items"].size() == 2);
  const auto meters = get("/v1/meters").body["items"];
  REQUIRE(meters.size() == 1);
  CHECK(meters[0]["owner"] == "Resident:H01");
  CHECK(get("/v1/meters?owner=H02").body["items"].empty());
  const auto delivered = matrix.ask("GET", "/v1/meters", {}, nullptr, "meter's").body["items"];
  REQUIRE(delivered.size() == 2);
  CHECK(delivered[0]["cpe"] == "");
  const auto participants = get("/v1/participants").body;
  for (const auto& row : participants["items"]) {
    CAPTURE(row.dump());
    const bool mine = row.dump().find("H02") == std::string::npos;
    CHECK((row.dump().find("01000000") != std::string::npos) ==
          (mine && row.dump().find("V1") == std::string::npos));
    CHECK((row.dump().find("Renault") != std::string::npos) ==
          (row.dump().find("V1") != std::string::npos));
  }
}

TEST_CASE("bodies that are not a household's are withheld, and proofs still verify") {
  // "of H01" is H01's own trade; "trade" is one of others.
  const auto decode = [](ByteView bytes, std::uint32_t) -> Result<ledger::Transaction> {
    ledger::Transaction result;
    result.principal = "gateway:p1";
    result.id = crypto::sha256(bytes);
    ledger::EnergyToCoins trade;
    trade.seller = test::resident("H02");
    trade.buyer = test::resident("H03");
    if (as_text(bytes).starts_with("of H01")) trade.buyer = test::resident("H01");
    result.payload = trade;
    if (as_text(bytes).starts_with("readings")) result.payload = ledger::ReadingBatch{};
    return result;
  };
  Matrix matrix(decode);
  auto& door = matrix.door;
  const std::string token = matrix.log_in("ana").body["token"];
  const std::vector<Bytes> transactions = {to_bytes("of H01"), to_bytes("trade"),
                                           to_bytes("readings")};
  const auto height = door.chain->append(transactions).header.height;
  const auto path = "/v1/blocks/" + std::to_string(height);
  const auto block = matrix.ask("GET", path, token).body;
  REQUIRE(block["transactions"].size() == 3);
  std::vector<Digest> leaves;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& shown = block["transactions"][i];
    if (i == 0) {
      CHECK(from_base64(shown["bytes"].get<std::string>()) == transactions[0]);
      leaves.push_back(crypto::merkle_leaf(transactions[0]));
      continue;
    }
    for (const auto* name : {"bytes", "payload", "principal", "signer"})
      CHECK(shown[name].is_null());
    leaves.push_back(*crypto::digest_from_hex(shown["leaf"].get<std::string>()));
  }
  CHECK(crypto::to_hex(crypto::merkle_root(leaves)) == block["header"]["transactions_root"]);
  const auto id = crypto::to_hex(crypto::sha256(transactions[1]));
  const auto one = matrix.ask("GET", "/v1/transactions/" + id, token).body;
  CHECK(one["transaction"]["payload"].is_null());
  CHECK(one["transaction"]["leaf"] == one["proof"]["leaf"]);
  const auto whole = matrix.ask("GET", path, {}, nullptr, "operator's").body;
  for (const auto& shown : whole["transactions"]) CHECK_FALSE(shown["bytes"].is_null());
  CHECK(matrix.ask("GET", "/v1/blocks", token)
            .body["items"]
            .back()["transactions"][2]["bytes"]
            .is_null());
}

TEST_CASE("without require_key_for_reads anyone reads, but a token still restricts") {
  HouseholdDoor open;
  open.accept(open.invite("H01"), "ana");
  const std::string token = open.log_in("ana").body["token"];
  CHECK(open.ask("GET", "/v1/accounts?owner=H02").status == 200);
  CHECK(open.ask("GET", "/v1/accounts?owner=H02", token).status == 403);
}

}  // namespace powershare::gateway
