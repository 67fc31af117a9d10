#include "tests/unit/gateway/fakes.hpp"

#include "base/encoding.hpp"
#include "ledger/parameters.hpp"

namespace powershare::gateway::test {
namespace {

class View final : public ChainView {
 public:
  explicit View(std::shared_ptr<Chain> chain) : chain_(std::move(chain)) {}
  const ledger::StateReader& state() const override { return chain_->state; }
  const ledger::HistoryReader& history() const override { return chain_->history; }
  ledger::Header head() const override {
    const std::lock_guard lock(chain_->mutex);
    return chain_->blocks.empty() ? ledger::Header{} : chain_->blocks.back().header;
  }
  Digest head_hash() const override { return head().hash(); }
  Result<std::optional<BlockRecord>> block(std::uint64_t height) const override {
    const std::lock_guard lock(chain_->mutex);
    if (height == 0 || height > chain_->blocks.size()) return std::optional<BlockRecord>();
    return std::optional(chain_->blocks[height - 1]);
  }
  Result<std::optional<ledger::HeaderProof>> header_proof(std::uint64_t height) const override {
    const std::lock_guard lock(chain_->mutex);
    ledger::HeaderProof proof;
    for (auto next = height; next >= 1 && next <= chain_->blocks.size(); ++next) {
      const auto& block = chain_->blocks[next - 1];
      proof.headers.push_back(block.header);
      if (!block.certificate) continue;
      proof.certificate = *block.certificate;
      return std::optional(std::move(proof));
    }
    return std::optional<ledger::HeaderProof>();
  }
  Result<std::optional<TransactionPlace>> place(const Digest& id) const override {
    const std::lock_guard lock(chain_->mutex);
    for (const auto& block : chain_->blocks) {
      for (std::uint32_t i = 0; i < block.transactions.size(); ++i) {
        if (crypto::sha256(block.transactions[i]) == id) {
          return std::optional(TransactionPlace{block.header.height, i});
        }
      }
    }
    return std::optional<TransactionPlace>();
  }

 private:
  std::shared_ptr<Chain> chain_;
};

bool begins_with(const Bytes& key, ByteView prefix) {
  return key.size() >= prefix.size() && equal(ByteView(key).first(prefix.size()), prefix);
}

}  // namespace

std::optional<Bytes> MemoryHistory::get(std::string_view table, ByteView key) const {
  const auto found = tables.find(table);
  if (found == tables.end()) return std::nullopt;
  const auto record = found->second.find(to_bytes(key));
  if (record == found->second.end()) return std::nullopt;
  return record->second;
}

void MemoryHistory::scan(std::string_view table, ByteView prefix, ByteView from, bool descending,
                         const std::function<bool(ByteView, ByteView)>& visit) const {
  const auto found = tables.find(table);
  if (found == tables.end()) return;
  auto edge = to_bytes(prefix);
  edge.insert(edge.end(), from.begin(), from.end());
  std::vector<std::pair<Bytes, Bytes>> chosen;
  for (const auto& [key, value] : found->second) {
    if (!begins_with(key, prefix)) continue;
    if (!descending && less(key, edge)) continue;
    if (descending && !from.empty() && less(edge, key)) continue;
    chosen.emplace_back(key, value);
  }
  if (descending) std::reverse(chosen.begin(), chosen.end());
  for (const auto& [key, value] : chosen) {
    if (!visit(key, value)) break;
  }
}

Chain::Chain() {
  ledger::put_parameters(state, ledger::Parameters{});
  std::vector<ledger::Member> members(4);
  for (std::size_t i = 0; i < members.size(); ++i) {
    members[i].peer = *PeerId::parse("p" + std::to_string(i + 1));
  }
  ledger::put_members(state, 0, members);
  ledger::put_clock(state, {{1'571'648'400'000}, {1'571'648'400'000}});
}

const BlockRecord& Chain::append(std::vector<Bytes> transactions,
                                 std::vector<ledger::Event> events) {
  const std::lock_guard lock(mutex);
  BlockRecord block;
  block.header.height = blocks.size() + 1;
  block.header.sequence = block.header.height;
  block.header.time = {1'571'648'400'000 + static_cast<std::int64_t>(blocks.size()) * 1000};
  if (!blocks.empty()) block.header.previous = blocks.back().header.hash();
  std::vector<Digest> leaves;
  std::vector<Digest> receipt_leaves;
  for (const auto& bytes : transactions) {
    leaves.push_back(crypto::merkle_leaf(bytes));
    ledger::Receipt receipt;
    receipt.transaction = crypto::sha256(bytes);
    receipt_leaves.push_back(crypto::merkle_leaf(receipt.encode()));
    block.receipts.push_back(std::move(receipt));
  }
  block.header.transactions_root = crypto::merkle_root(leaves);
  block.header.receipts_root = crypto::merkle_root(receipt_leaves);
  block.transactions = std::move(transactions);
  block.events = std::move(events);
  block.ordering_certificate = {1, 2, 3};
  blocks.push_back(std::move(block));
  return blocks.back();
}

std::string Reply::header(std::string_view name) const {
  for (const auto& [known, value] : response.headers) {
    if (known == name) return value;
  }
  return {};
}

void FakeProfiles::keep(Profile profile, std::function<void(Result<Digest>)> done) {
  if (refuses) return done(Error{LedgerError::not_found, "too few peers"});
  const auto commitment = ledger::profile_commitment(ledger::encode_profile(profile, {}));
  kept[commitment] = std::move(profile);
  done(commitment);
}

void FakeProfiles::fetch(std::vector<Digest> commitments,
                         std::function<void(std::vector<std::optional<Profile>>)> done) {
  std::vector<std::optional<Profile>> found;
  for (const auto& commitment : commitments) {
    const auto known = kept.find(commitment);
    found.push_back(known == kept.end() ? std::nullopt : std::optional(known->second));
  }
  done(std::move(found));
}

void FakeIngestion::ingest(std::vector<ledger::SignedReading> readings, IngestCallback done) {
  IngestAnswer answer;
  answer.kind = kind;
  answer.retry_after_seconds = 3;
  if (kind == IngestAnswer::Kind::done) {
    for (const auto& reading : readings) {
      using Kind = ledger::ReadingResult::Kind;
      const auto& meter = reading.reading.meter.text();
      if (meter == "unknown") {
        answer.readings.push_back({Kind::rejected, "unknown_meter"});
        continue;
      }
      const auto [at, fresh] = inbox.emplace(std::pair(meter, reading.reading.sequence), reading);
      if (fresh) {
        answer.readings.push_back({Kind::accepted, {}});
      } else if (at->second == reading) {
        answer.readings.push_back({Kind::duplicate, {}});
      } else {
        answer.readings.push_back({Kind::rejected, "conflict"});
      }
      if (in_ledger.contains(meter)) answer.in_ledger_through[meter] = in_ledger[meter];
    }
    taken.insert(taken.end(), readings.begin(), readings.end());
  }
  done(answer);
}

Result<ledger::Transaction> decode_for_tests(ByteView bytes, std::uint32_t) {
  if (as_text(bytes).starts_with("bad")) {
    return Error{LedgerError::malformed, "not a transaction"};
  }
  ledger::Transaction result;
  result.id = crypto::sha256(bytes);
  result.principal = "administrator";
  result.idempotency_key = to_bytes(bytes);
  result.expires = {1'571'734'800'000};
  ledger::EnergyToCoins payload;
  payload.energy_rate = Price::from_nano(162'900'000);
  payload.energy = Energy::from_nano(1'500'000'000);
  payload.seller = resident("H01");
  payload.buyer = resident("H02");
  result.payload = payload;
  return result;
}

ledger::ParticipantRef resident(std::string_view id) {
  return {ledger::ParticipantType::resident, *ParticipantId::parse(id)};
}

net::HttpRequest request_to(std::string_view method, std::string_view target) {
  net::HttpRequest request;
  request.method = method;
  request.remote_address = "127.0.0.1";
  if (net::parse_target(target, request)) return request;
  // A target that the HTTP server would refuse.
  const auto mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark == std::string_view::npos) return request;
  auto rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const auto pair = rest.substr(0, end);
    const auto equals = pair.find('=');
    request.query.emplace_back(pair.substr(0, equals), equals == std::string_view::npos
                                                           ? std::string_view()
                                                           : pair.substr(equals + 1));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return request;
}

Door::Door() {
  options.api_keys = {{hash_api_key(administrator_key), Role::administrator, "admin"},
                      {hash_api_key(meter_key), Role::meter, "meters"}};
  status.peer = "p1";
  status.chain = "funchal";
}

Gateway& Door::gateway() {
  if (gateway_ == nullptr) {
    Ports ports;
    ports.view = [chain = chain]() -> Result<std::unique_ptr<ChainView>> {
      if (chain->unreadable) return Error{LedgerError::not_found, "no"};
      return std::unique_ptr<ChainView>(std::make_unique<View>(chain));
    };
    ports.status = [this] { return status; };
    ports.clock = [this] { return now; };
    ports.wall_clock = [this] { return wall_clock; };
    ports.encode_body = [](const ledger::Transaction& draft) {
      return to_bytes("body of " + draft.principal);
    };
    ports.assemble = [](ByteView body, const crypto::PublicKey& key,
                        const crypto::Signature& signature) {
      return std::move(Encoder().raw(body).raw(key).raw(signature)).take();
    };
    ports.submitter = other_submitter != nullptr ? other_submitter : &submitter;
    ports.ingestion = &ingestion;
    ports.live = &live;
    ports.deliveries = &deliveries;
    ports.on_usage = [this](std::string_view screen) { screens.emplace_back(screen); };
    if (keeps_profiles) ports.profiles = &profiles;
    ports.decode = decode ? decode : decode_for_tests;
    ports.genesis_json = R"({"chain":"funchal"})";
    ports.genesis_hash = crypto::sha256(as_bytes("genesis"));
    ports.on_request = [this](std::string_view route, int code, double seconds) {
      requests.emplace_back(route, code, seconds);
    };
    gateway_ = Gateway::create(options, std::move(ports));
  }
  return *gateway_;
}

std::shared_ptr<Reply> Door::ask(net::HttpRequest request) {
  auto reply = std::make_shared<Reply>();
  gateway().handle(std::move(request), reply);
  return reply;
}

std::shared_ptr<Reply> Door::get(std::string_view target, std::string_view key) {
  auto request = request_to("GET", target);
  if (!key.empty()) request.headers["x-api-key"] = key;
  return ask(std::move(request));
}

std::shared_ptr<Reply> Door::post(std::string_view target, std::string body, std::string_view key) {
  auto request = request_to("POST", target);
  request.body = std::move(body);
  if (!key.empty()) request.headers["x-api-key"] = key;
  return ask(std::move(request));
}

}  // namespace powershare::gateway::test
