// Writes the seeds that stand in tests/fuzz/corpus: `fuzz_corpus FOLDER`. What a chain of four
// makes and says in a few batches and a view change, and what clients and operators write, each in
// small.
#include <cstdio>
#include <fstream>
#include <set>

#include "gateway/json.hpp"
#include "ledger/reading.hpp"
#include "protocol/block_store.hpp"
#include "protocol/catch_up_messages.hpp"
#include "protocol/pbft/request.hpp"
#include "protocol/wire/envelope.hpp"
#include "storage/identity.hpp"
#include "tests/fuzz/chain.hpp"
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
  add_configuration(corpus);
  return 0;
}
