// Writes the seeds that stand in tests/fuzz/corpus: `fuzz_corpus FOLDER`. What a chain of four
// makes and says in a few batches and a view change, and what clients and operators write, each in
// small.
#include <cstdio>
#include <fstream>
#include <set>

#include "adapters/dsmr_p1.hpp"
#include "gateway/json.hpp"
#include "ledger/reading.hpp"
#include "protocol/block_store.hpp"
#include "protocol/catch_up_messages.hpp"
#include "protocol/live_board.hpp"
#include "protocol/news_desk.hpp"
#include "protocol/pbft/request.hpp"
#include "protocol/profile_exchange.hpp"
#include "protocol/wire/envelope.hpp"
#include "storage/identity.hpp"
#include "tests/fuzz/chain.hpp"
#include "tests/fuzz/picture_corpus.hpp"
#include "tests/unit/protocol/test_committee.hpp"

using namespace powershare;
namespace fs = std::filesystem;

namespace {

class Corpus {
 public:
  explicit Corpus(fs::path folder) : folder_(std::move(folder)) {}
  void add(const std::string& target, const std::string& name, ByteView content) {
    if (content.size() > 4'096) return;
    fs::create_directories(folder_ / target);
    std::ofstream out(folder_ / target / name, std::ios::binary | std::ios::trunc);
    out << as_text(content);
  }
  void add(const std::string& target, const std::string& name, std::string_view content) {
    add(target, name, as_bytes(content));
  }
  /// With the byte that chooses the decoder.
  void add(const std::string& target, const std::string& name, std::uint8_t choice,
           ByteView content) {
    add(target, name, Encoder().u8(choice).raw(content).data());
  }

 private:
  fs::path folder_;
};

/// One message of each type, as envelope and as body, and the logs that are left at the end.
void add_consensus(Corpus& corpus) {
  test::Group group(4);
  std::set<pbft::MessageType> seen;
  group.drop = [&](std::uint32_t, const pbft::Received& message) {
    if (!seen.insert(message.type).second) return false;
    const auto name = std::string(pbft::to_text(message.type));
    corpus.add("envelope", name,
               wire::encode_envelope({group.committee.genesis, 0, message.type, message.sender,
                                      message.body, message.signature}));
    for (std::uint8_t choice = 0; choice < 13; ++choice) {
      if (choice == static_cast<std::uint8_t>(seen.size() % 13) || message.body.size() < 200) {
        corpus.add("consensus", name + "-" + std::to_string(choice), choice, message.body);
      }
    }
    return false;
  };
  for (int i = 0; i < 6; ++i) {
    group.submit(static_cast<std::uint32_t>(i % 4), "request " + std::to_string(i));
    group.pass(50);
  }
  group.cut[0] = true;
  group.submit(1, "after the primary is gone");
  group.pass(6'000);
  for (std::uint32_t member = 0; member < 4; ++member) {
    Encoder log;
    for (const auto& [key, value] : group.members[member]->log) {
      log.u8(static_cast<std::uint8_t>(key.size())).raw(key);
      log.u16(static_cast<std::uint16_t>(value.size())).raw(value);
    }
    corpus.add("recovery", "log-" + std::to_string(member), log.data());
    for (const auto& [key, value] : group.members[member]->log) {
      const auto one = Encoder()
                           .u8(static_cast<std::uint8_t>(key.size()))
                           .raw(key)
                           .u16(static_cast<std::uint16_t>(value.size()))
                           .raw(value)
                           .data();
      corpus.add("recovery", std::string("record-") + static_cast<char>(key.front()), one);
    }
  }
}

ledger::Transaction transaction_with(ledger::Payload payload) {
  ledger::Transaction transaction;
  transaction.genesis = fuzz::genesis_hash();
  transaction.principal = "administrator";
  transaction.idempotency_key = Bytes(8, 7);
  transaction.expires = {ledger::test::created.value + millis_per_hour};
  transaction.payload = std::move(payload);
  return transaction;
}

ledger::SignedReading some_reading() {
  ledger::SignedReading reading;
  reading.reading.meter = MeterId::parse("M1").value();
  reading.reading.sequence = 1;
  reading.reading.start = ledger::test::created;
  reading.reading.seconds = 900;
  reading.reading.imported = ledger::test::kwh("0.5");
  return reading;
}

void add_transactions(Corpus& corpus, std::vector<Bytes>& all) {
  const auto key = ledger::test::key(ledger::test::administrator);
  auto payloads = fuzz::genesis().registry;
  ledger::ReadingBatch batch;
  batch.readings.push_back(some_reading());
  payloads.emplace_back(std::move(batch));
  std::set<std::string> seen;
  for (const auto& payload : payloads) {
    const auto name = std::string(ledger::payload_name(payload));
    if (!seen.insert(name).second) continue;
    all.push_back(wire::encode_and_sign(transaction_with(payload), key));
    corpus.add("transaction", name, all.back());
  }
}

/// A block with these transactions, as it stands on disk and as it travels.
void add_blocks(Corpus& corpus, const std::vector<Bytes>& transactions) {
  ledger::StateMachine machine(fuzz::genesis(),
                               wire::transaction_decoder(fuzz::genesis_hash(), true));
  ledger::DecidedBatch decided{0, 1, ledger::test::created, transactions};
  const auto block = machine.apply(decided);
  std::vector<std::shared_ptr<const Bytes>> requests;
  for (const auto& one : transactions) requests.push_back(std::make_shared<const Bytes>(one));
  const auto encoded = Encoder().time(ledger::test::created).raw(pbft::encode_requests(requests));
  auto batch = pbft::Batch::decode(encoded.data(), 0, {});
  if (!batch) batch = pbft::Batch::null();
  const pbft::OrderingCertificate ordering;
  std::vector<protocol::TableWrite> writes;
  protocol::append_block_writes(block, *batch, ordering, writes);
  writes.push_back(protocol::position_write({{1, 1, block.header.hash()}, 3}));
  std::set<std::string> seen;
  Encoder state;
  for (const auto& write : writes) {
    if (!write.value) continue;
    if (write.table == protocol::table::state && state.data().size() < 3'000 &&
        write.key.size() < 256) {
      state.u8(static_cast<std::uint8_t>(write.key.size())).raw(write.key);
      state.u16(static_cast<std::uint16_t>(write.value->size())).raw(*write.value);
    }
    if (seen.insert(write.table).second) corpus.add("store", write.table, 0, *write.value);
  }
  corpus.add("store", "records-of-the-state", 1, state.data());
  Encoder reading;
  ledger::encode_signed_reading(some_reading(), reading);
  corpus.add("store", "reading", 2, reading.data());
  corpus.add("block", "header", block.header.encode());
  for (const auto& receipt : block.receipts) corpus.add("block", "receipt", receipt.encode());
  protocol::BlocksRead blocks;
  blocks.from_height = 1;
  blocks.further_headers.push_back(block.header);
  corpus.add("catch_up", "blocks", 0, protocol::encode_blocks(blocks));
  corpus.add("catch_up", "chunk", 2, protocol::encode_chunk({0, 3, {}}));
  corpus.add("catch_up", "fetch-blocks", 3, protocol::encode_fetch_blocks({7, 1}));
  corpus.add("catch_up", "fetch-chunk", 4, protocol::encode_fetch_chunk(9));
}

void add_texts(Corpus& corpus) {
  const char* const reading =
      R"({"meter":"M1","seq":1,"start":"2019-10-21T00:00:00Z","seconds":900,"imported_kwh":0.5,"exported_kwh":0})";
  const char* const participant = R"({"type":"Resident","id":"R1"})";
  const char* const transfer =
      R"({"type":"EnergyToCoins","resident":"Resident:H01","bank":"Bank:B1","kwh":"1.5","coins":"2"})";
  corpus.add("door", "reading", std::string("POST /etms/readings\n") + reading);
  corpus.add("door", "readings",
             std::string("POST /etms/readings\n[") + reading + "," + reading + "]");
  corpus.add("door", "participant", std::string("POST /v1/participants\n") + participant);
  corpus.add("door", "meter", "POST /v1/meters\n{\"meter\":\"M2\",\"owner\":\"Resident:R1\"}");
  corpus.add("door", "transaction", std::string("POST /v1/transactions?wait=1s\n") + transfer);
  corpus.add("door", "signed", "POST /v1/transactions\n{\"bytes\":\"AAECAw==\"}");
  corpus.add("door", "slots", "GET /v1/slots?from=2019-10-21T00:00:00Z&limit=5\n");
  corpus.add("door", "blocks", "GET /v1/blocks?limit=2&before=9%20\n");
  corpus.add("door", "bills", "GET /v1/bills?participant=Resident:H01\n");
  corpus.add("door", "status", "GET /v1/status\n");
  corpus.add("json", "reading", reading);
  corpus.add("json", "participant", participant);
  corpus.add("json", "transfer", transfer);
  corpus.add("text", "time", "2019-10-21T00:00:00.123Z");
  corpus.add("text", "number", "-12.000000001");
  corpus.add("text", "duration", "15m");
  corpus.add("text", "participant", "Resident:H01");
}

/// What clients of the former server send: the first byte chooses the type and the kind of body.
void add_composer(Corpus& corpus) {
  constexpr std::uint8_t coins = 4;  // the fifth of composer::types()
  constexpr std::uint8_t trade = 7;
  const auto filter = [&](const char* name, std::uint8_t type, const char* query) {
    corpus.add("composer_filter", name, type, as_bytes(query));
  };
  filter("where", coins, R"(filter={"where":{"value":{"between":[1,"2.5"]},"ownerID":"R1"}})");
  filter("nested", coins,
         R"(filter={"where":{"or":[{"value":{"gt":1}},{"and":[{"id":"a"},{"coinsID":"b"}]}]}})");
  filter("order", coins, R"(filter={"order":["value DESC","ownerID"],"limit":2,"skip":1})");
  filter("fields", coins,
         R"(filter={"fields":{"value":true,"ownerID":false},"include":"resolve"})");
  filter("brackets", coins, "filter[where][or][0][value][gt]=1&filter[order]=value%20ASC");
  filter("time", trade, R"(filter={"where":{"timestamp":{"gte":"2019-10-01T00:00:00.000Z"}}})");
  const auto body = [&](const char* name, std::uint8_t type, std::uint8_t kind, const char* text) {
    corpus.add("composer_body", name, static_cast<std::uint8_t>(type * 4 + kind), as_bytes(text));
  };
  body("coins", coins, 0,
       R"({"coinsID":"CO_R1","value":"20.5","ownerID":42,"ownerEntity":"Resident"})");
  body("trade", trade, 0,
       R"([{"energyRate":0.1629,"energyValue":1e-3,"coinsInc":"a","coinsDec":"NS.Coins#b",)"
       R"("energyInc":"resource:org.smile.energy.network.Energy#c","energyDec":"d"}])");
  body("form", coins, 1, "coinsID=CO+1&value=2%2e5&ownerID=R1&ownerEntity=Bank&a[b][]=1");
  body("card", coins, 2,
       "--b\r\nContent-Disposition: form-data; name=\"card\"\r\n\r\nPK\r\n--b--\r\n");
}

void add_configuration(Corpus& corpus) {
  corpus.add(
      "configuration", "peer.yaml", 0,
      as_bytes("peer: funchal-0\ngenesis: genesis.json\nkeys: keys\ndata: data\n"
               "http: {address: 127.0.0.1, port: 8100}\n"
               "metrics: {address: 127.0.0.1, port: 9100}\n"
               "transport: {control: \"tcp://127.0.0.1:7400\", bulk: \"tcp://127.0.0.1:7401\"}\n"
               "peers:\n  - {peer: funchal-1, control: \"tcp://127.0.0.1:7402\", "
               "bulk: \"tcp://127.0.0.1:7403\"}\nwatts_per_core: 10\n"));
  auto small = fuzz::genesis();
  small.registry.resize(3);
  corpus.add("configuration", "genesis.json", 1, as_bytes(small.to_json()));
  corpus.add("configuration", "island.json", 2,
             as_bytes(R"({"microgrids":[{"id":"funchal","peers":[{"id":"funchal-0","pid":1,)"
                      R"("config":"/a/peer.yaml","http":"http://127.0.0.1:1",)"
                      R"("metrics":"http://127.0.0.1:2/metrics","data":"/a/data"}]}],)"
                      R"("admin_api_key":"k"})"));
  const std::string key(64, 'a');
  corpus.add("configuration", "member", 3,
             as_bytes(R"({"peer":"funchal-4","consensus_key":")" + key + R"(","gateway_key":")" +
                      key + R"(","transport_key":")" + key + "\"}"));
  storage::Identity identity;
  identity.owner.chain = ChainId::parse("funchal").value();
  identity.owner.peer = PeerId::parse("funchal-0").value();
  identity.log_commits = 5;
  corpus.add("identity", "identity", storage::format_identity(identity));
}

/// What devices of other makers say.
void add_devices(Corpus& corpus) {
  corpus.add("tasmota", "plug",
             R"({"Time":"2026-11-30T12:00:00","ENERGY":{"TotalStartTime":"2020-01-01T00:00:00",)"
             R"("Total":123.456,"Yesterday":1.5,"Today":0.25,"ExportActive":12.001,"Power":-230.5,)"
             R"("ApparentPower":231,"Factor":0.99,"Voltage":230,"Current":1.002}})");
  corpus.add("tasmota", "phases",
             R"({"ENERGY":{"Total":[1.1,2.2,3.3],"Power":[100,-50,7],"TotalReturned":0.5}})");
  corpus.add("tasmota", "script",
             R"({"SML":{"Total_in":1234.5678,"Total_out":1e3,"Power_curr":-12}})");
  corpus.add("shelly", "gen1",
             "s/emeter/0/power -100.25\ns/emeter/0/total 1000.1\ns/emeter/0/total_returned 20\n"
             "s/emeter/1/power 7\ns/emeter/1/total 1\ns/emeter/1/total_returned 0\n"
             "s/emeter/2/power 0\ns/emeter/2/total 2.5\ns/emeter/2/total_returned 3\n");
  corpus.add("shelly", "em",
             R"(s/status/em:0 {"id":0,"a_act_power":5.1,"total_act_power":-1234.567})"
             "\n"
             R"(s/status/emdata:0 {"id":0,"total_act":1234567.89,"total_act_ret":0.01})");
  corpus.add("shelly", "em1",
             R"(s/status/em1:1 {"id":1,"act_power":7})"
             "\n"
             R"(s/status/em1data:1 {"total_act_energy":12.5,"total_act_ret_energy":3})");
  corpus.add("shelly", "switch",
             R"(s/status/switch:0 {"apower":8.9,"aenergy":{"total":6532.1,"by_minute":[1,2,3]}})");
  std::string line;
  for (const auto& [stamp, low] :
       {std::pair("261025021500S", "001234.000"), std::pair("261025024500S", "001234.500"),
        std::pair("261025020500W", "001235.567")}) {
    const auto telegram = std::string("/ISK5\\2M550T-1012\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(") +
                          stamp + ")\r\n1-0:1.8.1(" + low +
                          "*kWh)\r\n1-0:1.8.2(000765.433*kWh)\r\n1-0:2.8.1(000010.001*kWh)\r\n"
                          "1-0:1.7.0(00.250*kW)\r\n1-0:2.7.0(00.000*kW)\r\n!";
    char checksum[8];
    std::snprintf(checksum, sizeof checksum, "%04X", adapters::crc16_arc(telegram));
    line += telegram + checksum + "\r\n";
  }
  corpus.add("dsmr_p1", "line", line);
  corpus.add(
      "dsmr_p1", "old",
      "/KMP5 KA6U001511209910\r\n\r\n1-0:1.8.1(00185.000*kWh)\r\n1-0:2.8.1(00013.000*kWh)\r\n"
      "1-0:1.7.0(0000.98*kW)\r\n0-1:24.3.0(121030140000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n"
      "(00024.123)\r\n!\r\n");
}

void add_side_messages(Corpus& corpus) {
  const ledger::LivePower bare{MeterId::parse("M1").value(), {1'700'000'000'000}, 250, 0, {}, {}};
  auto full = bare;
  full.meter = MeterId::parse("M2").value();
  full.watts_pv = 3'000;
  full.soc_per_mille = std::int16_t{500};
  corpus.add("side_messages", "live", 0, protocol::encode_live_power({bare, full}));
  corpus.add("side_messages", "ask", 1,
             protocol::encode_profile_ask({crypto::Digest{}, crypto::Digest{1}}));
  corpus.add("side_messages", "profile", 2,
             ledger::encode_profile({"Ana", "Freitas", "ana@example.pt"}, ledger::ProfileSalt{7}));
  const ledger::Profile whole{
      "Ana", "Freitas", "ana@example.pt", to_bytes("a picture"), {true, 6, "https://a.pt/", "key"}};
  corpus.add("side_messages", "profile-with-picture", 2,
             ledger::encode_profile(whole, ledger::ProfileSalt{7}));
  const protocol::DeliveryKey news{
      {ledger::ParticipantType::resident, ParticipantId::parse("R1").value()},
      12,
      3,
      protocol::DeliveryWay::webhook};
  corpus.add("side_messages", "delivery", 3,
             protocol::encode_delivery_reports(
                 {{news, protocol::DeliveryOutcome::failed, 60, "It answered 500."}}));
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: fuzz_corpus FOLDER\n");
    return 64;
  }
  crypto::initialise();
  Corpus corpus(arguments[1]);
  std::vector<Bytes> transactions;
  add_consensus(corpus);
  add_transactions(corpus, transactions);
  add_blocks(corpus, transactions);
  add_texts(corpus);
  add_composer(corpus);
  add_configuration(corpus);
  add_devices(corpus);
  fuzz::add_pictures(
      [&](const std::string& name, ByteView file) { corpus.add("picture", name, file); });
  add_side_messages(corpus);
  return 0;
}
