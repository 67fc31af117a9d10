// A gateway over ports in memory: a chain of blocks, a state, and a submitter and an inbox that do
// as the test says.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "crypto/merkle_list.hpp"
#include "gateway/gateway.hpp"
#include "ledger/error.hpp"
#include "ledger/overlay.hpp"

namespace powershare::gateway::test {

using Json = nlohmann::json;

class EmptyState final : public ledger::StateReader {
 public:
  std::optional<Bytes> get(ByteView) const override { return std::nullopt; }
  void scan(ByteView, ByteView, const std::function<bool(ByteView, ByteView)>&) const override {}
};

/// Tables in memory, read as the database's snapshot is.
class MemoryHistory final : public ledger::HistoryReader {
 public:
  std::map<std::string, std::map<Bytes, Bytes>, std::less<>> tables;
  std::optional<Bytes> get(std::string_view table, ByteView key) const override;
  void scan(std::string_view table, ByteView prefix, ByteView from, bool descending,
            const std::function<bool(ByteView, ByteView)>& visit) const override;
};

/// What all views of one test show.
struct Chain {
  Chain();
  std::mutex mutex;
  EmptyState nothing;
  ledger::Overlay state{nothing};
  MemoryHistory history;
  std::vector<BlockRecord> blocks;  ///< heights 1, 2, …
  bool unreadable = false;          ///< views cannot be opened

  /// Appends a block with these transactions (any bytes) and one receipt each.
  const BlockRecord& append(std::vector<Bytes> transactions,
                            std::vector<ledger::Event> events = {});
};

class Stream final : public net::HttpStream {
 public:
  bool write(std::string chunk) override {
    const std::lock_guard lock(mutex);
    if (gone) return false;
    text += chunk;
    return true;
  }
  void close() override { closed = true; }
  std::string taken() {
    const std::lock_guard lock(mutex);
    return std::exchange(text, {});
  }
  std::mutex mutex;
  std::string text;
  std::atomic<bool> gone{false};
  std::atomic<bool> closed{false};
};

class Reply final : public net::HttpReply {
 public:
  void send(net::HttpResponse given) override {
    ++answers;
    response = std::move(given);
  }
  std::shared_ptr<net::HttpStream> stream(net::HttpResponse head) override {
    ++answers;
    response = std::move(head);
    opened = std::make_shared<Stream>();
    return opened;
  }
  int answers = 0;
  net::HttpResponse response;
  std::shared_ptr<Stream> opened;

  std::string header(std::string_view name) const;
  Json json() const { return Json::parse(response.body); }
};

class FakeSubmitter final : public Submitter {
 public:
  struct Call {
    std::optional<ledger::Payload> payload;
    std::string principal;
    std::string initiator;
    Bytes idempotency_key;
    Bytes bytes;
    std::int64_t timeout_ms = 0;
    std::optional<crypto::PublicKey> signer{};  ///< of submit_as
  };
  void submit(ledger::Payload payload, std::string principal, std::string initiator,
              Bytes idempotency_key, std::int64_t timeout_ms, SubmitCallback done) override {
    calls.push_back({std::move(payload),
                     std::move(principal),
                     std::move(initiator),
                     std::move(idempotency_key),
                     {},
                     timeout_ms});
    done(answer);
  }
  void submit_as(ledger::Payload payload, std::string principal, const crypto::KeyPair& signer,
                 Bytes idempotency_key, std::int64_t timeout_ms, SubmitCallback done) override {
    calls.push_back({std::move(payload),
                     std::move(principal),
                     {},
                     std::move(idempotency_key),
                     {},
                     timeout_ms,
                     signer.public_key()});
    done(answer);
  }
  void submit_signed(Bytes transaction, std::int64_t timeout_ms, SubmitCallback done) override {
    calls.push_back({std::nullopt, {}, {}, {}, std::move(transaction), timeout_ms});
    done(answer);
  }
  std::vector<Call> calls;
  SubmitAnswer answer;
};

/// Knows every meter but "unknown"; the same sequence again is a duplicate.
class FakeIngestion final : public Ingestion {
 public:
  void ingest(std::vector<ledger::SignedReading> readings, IngestCallback done) override;
  std::vector<ledger::SignedReading> taken;
  std::map<std::pair<std::string, std::uint64_t>, ledger::SignedReading> inbox;
  std::map<std::string, std::uint64_t> in_ledger;
  IngestAnswer::Kind kind = IngestAnswer::Kind::done;
};

/// Keeps names in memory.
class FakeProfiles final : public ProfileStore {
 public:
  void keep(Profile profile, std::function<void(Result<Digest>)> done) override;
  void fetch(std::vector<Digest> commitments,
             std::function<void(std::vector<std::optional<Profile>>)> done) override;
  std::map<Digest, Profile> kept;
  bool refuses = false;
};

/// Knows every meter but "unknown"; its clock stands where the test says.
class FakeLive final : public LiveStore {
 public:
  std::vector<bool> put(const std::vector<LivePower>& values) override {
    std::vector<bool> taken;
    for (auto value : values) {
      taken.push_back(value.meter.text() != "unknown");
      value.at = time;
      if (taken.back()) kept[value.meter] = value;
    }
    return taken;
  }
  std::optional<LivePower> last(const MeterId& meter) const override {
    const auto found = kept.find(meter);
    return found == kept.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<LivePower> last(const ledger::ParticipantRef&) const override { return {}; }
  std::vector<LiveMinute> ring(const MeterId&, UtcMillis from) const override {
    std::vector<LiveMinute> result;
    for (const auto& minute : minutes) {
      if (minute.start >= from) result.push_back(minute);
    }
    return result;
  }
  UtcMillis now() const override { return time; }
  std::map<MeterId, LivePower> kept;
  std::vector<LiveMinute> minutes;
  UtcMillis time{1'571'648'400'000};
};

class FakeDeliveries final : public DeliveryBoard {
 public:
  std::vector<DeliveryState> states(const ledger::ParticipantRef& who) const override {
    const auto found = known.find(who);
    return found == known.end() ? std::vector<DeliveryState>{} : found->second;
  }
  std::map<ledger::ParticipantRef, std::vector<DeliveryState>> known;
};

inline constexpr auto administrator_key = "administrator-key-for-tests";
inline constexpr auto meter_key = "meter-key-for-tests";

/// A gateway with its ports. Change `options` before the first request.
class Door {
 public:
  Door();
  std::shared_ptr<Reply> ask(net::HttpRequest request);
  std::shared_ptr<Reply> get(std::string_view target, std::string_view key = {});
  std::shared_ptr<Reply> post(std::string_view target, std::string body, std::string_view key = {});
  Gateway& gateway();

  GatewayOptions options;
  NodeStatus status;
  MonotonicMillis now;
  UtcMillis wall_clock;
  std::shared_ptr<Chain> chain = std::make_shared<Chain>();
  FakeSubmitter submitter;
  FakeIngestion ingestion;
  FakeProfiles profiles;
  FakeLive live;
  FakeDeliveries deliveries;
  std::vector<std::string> screens;  ///< of Ports::on_usage
  bool keeps_profiles = true;
  Submitter* other_submitter = nullptr;  ///< instead of `submitter`
  ledger::TransactionDecoder decode;     ///< decode_for_tests, unless a test has its own
  std::vector<std::tuple<std::string, int, double>> requests;

 private:
  std::unique_ptr<Gateway> gateway_;
};

/// "/a/b?c=d" as the HTTP server would hand it on.
net::HttpRequest request_to(std::string_view method, std::string_view target);
/// What the decoder of these tests makes of bytes: an EnergyToCoins whose idempotency key is the
/// bytes; "bad…" does not decode.
Result<ledger::Transaction> decode_for_tests(ByteView bytes, std::uint32_t feature_level);
ledger::ParticipantRef resident(std::string_view id);

}  // namespace powershare::gateway::test
