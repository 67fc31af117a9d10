// What the gateway's host must bring. The host is the room of actors; unit tests bring fakes.
//
// Everything here is called from the HTTP server's threads, several at a time, so it must be
// thread-safe, must not block on consensus, and must not throw. Answers that need a commit come
// through callbacks, from any thread, exactly once.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"
#include "crypto/keys.hpp"
#include "crypto/quorum.hpp"
#include "ledger/header.hpp"
#include "ledger/live_power.hpp"
#include "ledger/profile.hpp"
#include "ledger/queries.hpp"
#include "ledger/reading.hpp"
#include "ledger/state_machine.hpp"
#include "ledger/state_reader.hpp"
#include "ledger/transaction.hpp"
#include "ledger/trust_chain.hpp"

namespace powershare::gateway {

using crypto::Digest;

/// One block as it stands on disk.
struct BlockRecord {
  ledger::Header header;
  std::vector<Bytes> transactions;        ///< as submitted
  std::vector<ledger::Receipt> receipts;  ///< one per transaction
  std::vector<ledger::Event>
      events;  ///< in the order of execution; may be empty where the host keeps none
  Bytes ordering_certificate;  ///< encoded as the protocol stores it; internal to the chain
                               ///< (DECISIONS 1)
  std::optional<crypto::QuorumCertificate>
      certificate;  ///< the block certificate; collected after the block, so it may be missing at
                    ///< the head
};

/// Where a transaction stands.
struct TransactionPlace {
  std::uint64_t height = 0;
  std::uint32_t index = 0;  ///< in the block, from 0
};

/// A consistent view of what is committed, made per request and dropped soon: a long-lived one pins
/// old pages.
class ChainView {
 public:
  virtual ~ChainView() = default;
  /// Holds at least what the genesis describes: a host without that gives no view.
  virtual const ledger::StateReader& state() const = 0;
  virtual const ledger::HistoryReader& history() const = 0;
  /// The newest header; at height 0 the genesis header.
  virtual ledger::Header head() const = 0;
  /// The hash of head(); the genesis hash at height 0.
  virtual Digest head_hash() const = 0;
  /// Nothing for heights that this peer does not hold; an error only when the record is damaged.
  virtual Result<std::optional<BlockRecord>> block(std::uint64_t height) const = 0;
  /// The header of that height and those after it up to the next one with a block certificate;
  /// nothing where there is none, or none near enough.
  virtual Result<std::optional<ledger::HeaderProof>> header_proof(std::uint64_t height) const = 0;
  /// Nothing for transactions that stand in no block. A repeated submission with the same bytes
  /// gives the first place.
  virtual Result<std::optional<TransactionPlace>> place(const Digest& transaction) const = 0;
};

/// The fields of GET /v1/status (DESIGN §12) and what /livez and /readyz say. A snapshot that the
/// host keeps up to date: asking for it never waits for an actor.
struct NodeStatus {
  struct Link {
    std::string id;
    bool connected = false;
    std::uint64_t height = 0;
  };
  std::string peer;
  std::string chain;
  std::uint64_t view = 0;
  std::string primary;
  std::uint64_t height = 0;
  Digest head{};
  Digest state_root{};
  std::uint64_t executed_transactions = 0;
  std::uint64_t mempool = 0;
  bool syncing = false;
  std::vector<Link> peers;
  UtcMillis time;                      ///< agreed time of the head (island time where simulated)
  bool alive = true;                   ///< the event loop ticked within the last 10 s
  std::vector<std::string> not_ready;  ///< reasons, one sentence each (DECISIONS 31); empty = ready
};

/// What became of a submitted transaction.
struct SubmitAnswer {
  enum class Kind : std::uint8_t {
    executed = 1,  ///< stands in a block: `receipt` and `place`
    refused,       ///< not admitted (malformed, key, expiry): `code` and `message`
    over_quota,    ///< this principal has too much under way: 429
    mempool_full,  ///< 503
    no_quorum,     ///< not executed within the deadline; may still be executed later under the same
                   ///< id: 503
    unavailable,   ///< stopping, read-only, or quarantined: 503
  } kind = Kind::executed;
  Digest transaction{};  ///< zero only where it was refused before there was an id
  std::optional<ledger::Receipt> receipt;
  std::optional<TransactionPlace> place;
  std::string code;     ///< stable short code, for refused
  std::string message;  ///< one sentence for people
  std::int64_t retry_after_seconds = 1;
};
using SubmitCallback = std::function<void(SubmitAnswer)>;

class Submitter {
 public:
  virtual ~Submitter() = default;
  /// The host draws nonce and expiry, signs with the peer's gateway key (DECISIONS 17) and waits
  /// for the receipt, at most `timeout_ms`. The same (principal, idempotency_key) again gives the
  /// first receipt. `initiator` says for whom the gateway acts: Transaction::initiator.
  virtual void submit(ledger::Payload payload, std::string principal, std::string initiator,
                      Bytes idempotency_key, std::int64_t timeout_ms, SubmitCallback done) = 0;
  /// Likewise, signed with `signer` on behalf of `principal`.
  virtual void submit_as(ledger::Payload payload, std::string principal,
                         const crypto::KeyPair& signer, Bytes idempotency_key,
                         std::int64_t timeout_ms, SubmitCallback done) = 0;
  /// A transaction that its sender has signed, as bytes.
  virtual void submit_signed(Bytes transaction, std::int64_t timeout_ms, SubmitCallback done) = 0;
};

/// What became of readings: durable in this peer's inbox, known already, or refused.
struct IngestAnswer {
  enum class Kind : std::uint8_t {
    done = 1,
    inbox_full,   ///< none was taken: 503 with Retry-After
    unavailable,  ///< none was taken: stopping or storage error: 503
  } kind = Kind::done;
  std::vector<ledger::ReadingResult> readings;  ///< one per reading handed in, in that order
  /// Per meter of the request: every reading up to this number is in the ledger; the meter may
  /// forget them. Absent: none.
  std::map<std::string, std::uint64_t> in_ledger_through;
  std::int64_t retry_after_seconds = 1;
};
using IngestCallback = std::function<void(IngestAnswer)>;

class Ingestion {
 public:
  virtual ~Ingestion() = default;
  /// Checks meter, signature (a missing one is allowed: the gateway has checked the API key),
  /// plausibility and duplicates, and answers when all that is accepted is durable on this peer.
  virtual void ingest(std::vector<ledger::SignedReading> readings, IngestCallback done) = 0;
};

using ledger::Profile;

/// What the chain only commits to (docs/adr/0015-personal-data-off-the-ledger.md). Calls back from
/// any thread, exactly once.
class ProfileStore {
 public:
  virtual ~ProfileStore() = default;
  /// Keeps the profile on this peer and on f + 1 others, then gives its commitment, which a
  /// participant's record may name from then on. An error where too few could keep it in time.
  virtual void keep(Profile profile, std::function<void(Result<Digest>)> done) = 0;
  /// What belongs to each commitment, in that order; asks the other peers for what this one does
  /// not have. Nothing where nobody has it (any more).
  virtual void fetch(std::vector<Digest> commitments,
                     std::function<void(std::vector<std::optional<Profile>>)> done) = 0;
};

using ledger::LiveMinute;
using ledger::LivePower;

/// What meters measure right now, shared among the chain's peers, never agreed on (DECISIONS 57).
/// Answers at once.
class LiveStore {
 public:
  virtual ~LiveStore() = default;
  /// Stamps the values with now() and keeps them; per value whether it was taken (a meter that the
  /// ledger does not know, or one too many, is not).
  virtual std::vector<bool> put(const std::vector<LivePower>& values) = 0;
  virtual std::optional<LivePower> last(const MeterId& meter) const = 0;
  /// Of each of the participant's meters that has one.
  virtual std::vector<LivePower> last(const ledger::ParticipantRef& owner) const = 0;
  /// Means of the minutes that have ended, from the one of `from` on; a day of them at most.
  virtual std::vector<LiveMinute> ring(const MeterId& meter, UtcMillis from) const = 0;
  virtual UtcMillis now() const = 0;
};

/// A record of the state as the newest block left it, with its proof against that block's header.
struct RecordProof {
  ledger::Header header;
  ledger::RecordProof record;
};

class RecordProver {
 public:
  virtual ~RecordProver() = default;
  /// Calls back from any thread, exactly once; an error where too many are asked for at once or the
  /// newest block cannot be made durable.
  virtual void prove(Bytes key, std::function<void(Result<RecordProof>)> done) = 0;
};

/// What became of a household's newest notification on one way out of the house.
struct DeliveryState {
  std::string way;      ///< "mail", "webhook"
  std::string outcome;  ///< "delivered", "failed" (and tried again), "given_up"
  std::string reason;   ///< one sentence where it failed
  UtcMillis at;
};
class DeliveryBoard {
 public:
  virtual ~DeliveryBoard() = default;
  /// Answers at once, with what this peer has done or heard of.
  virtual std::vector<DeliveryState> states(const ledger::ParticipantRef& who) const = 0;
};

/// All that the gateway needs. `submitter`, `ingestion`, `profiles`, `live`, `prover` and
/// `deliveries` outlive the gateway.
struct Ports {
  std::function<Result<std::unique_ptr<ChainView>>()> view;
  std::function<NodeStatus()> status;
  std::function<MonotonicMillis()> clock;
  std::function<UtcMillis()> wall_clock;  ///< empty: only the newest block says what time it is
  Submitter* submitter = nullptr;
  Ingestion* ingestion = nullptr;
  ProfileStore* profiles = nullptr;
  LiveStore* live = nullptr;
  RecordProver* prover = nullptr;
  DeliveryBoard* deliveries = nullptr;  ///< none: nothing is known
  ledger::TransactionDecoder decode;    ///< protocol/wire's decoder, to show transactions
  /// The two halves of protocol/wire's encoder, for people who sign by themselves: the bytes of a
  /// transaction's body, and the transaction of a body and its signature.
  std::function<Bytes(const ledger::Transaction&)> encode_body;
  std::function<Bytes(ByteView body, const crypto::PublicKey&, const crypto::Signature&)> assemble;
  Digest genesis_hash{};
  std::string genesis_json;  ///< ledger::Genesis::to_json()
  /// Called once per answered request: the route's pattern ("/v1/blocks/{height}", "unknown"),
  /// status, seconds. May be empty.
  std::function<void(std::string_view route, int status, double seconds)> on_request;
  /// Called once per screen that the household's application tells of, and with an empty text once
  /// per fault (gateway/usage.hpp). May be empty.
  std::function<void(std::string_view screen)> on_usage{};
};

}  // namespace powershare::gateway
