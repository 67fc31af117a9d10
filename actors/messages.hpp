// All typed actor interfaces of one peer and the messages between them. An actor only translates:
// message -> call of a room below
// -> effects -> messages. Heavy content travels as shared pointers to const. The two walks that
// these messages make up are drawn in ARCHITECTURE.md.
#pragma once

#include <caf/all.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "gateway/ports.hpp"
#include "ledger/state_machine.hpp"
#include "net/zmq_link.hpp"
#include "protocol/block_store.hpp"
#include "protocol/catch_up.hpp"
#include "protocol/news_desk.hpp"
#include "protocol/pbft/effects.hpp"

namespace powershare::actors {

struct Links;
/// The first message of every actor: the others. They know one another in circles, so they are
/// spawned first and introduced then.
struct Connect {
  std::shared_ptr<const Links> links;
};

// ── To transport ────────────────────────────────────────────────────────────────────────────────
/// Signed messages, to be framed and sent.
struct SendMessages {
  std::shared_ptr<const std::vector<pbft::Outgoing>> messages;
};

// ── To verifier ─────────────────────────────────────────────────────────────────────────────────
/// A frame as it came off the wire; `sender` is the member whose CURVE key it came under.
struct ReceivedFrame {
  pbft::MemberIndex sender = 0;
  std::shared_ptr<const Bytes> frame;
};

// ── To consensus ────────────────────────────────────────────────────────────────────────────────
/// A message whose signature is verified. Each is consumed by one actor alone.
struct VerifiedMessage {
  std::shared_ptr<pbft::Received> message;
};
/// A transaction for the mempool that this peer's own door has admitted.
struct SubmitRequest {
  std::shared_ptr<const Bytes> request;
};
/// The ledger has executed up to here, durably; one position per decision.
struct LedgerAdvanced {
  std::shared_ptr<const std::vector<pbft::Executed>> executed;
};
/// State transfer has ended.
struct LedgerRestored {
  std::shared_ptr<const pbft::Restored> restored;
};
/// Whether a market slot is due (DECISIONS 21).
struct SlotDue {
  bool due = false;
};
/// A timer of the replica.
struct Wake {};
/// What is queued has been stepped: act on the effects (group commit).
struct Flush {};
/// Ask for the next view if this peer leads, then answer when it is sent.
struct HandOver {};

// ── To settlement ───────────────────────────────────────────────────────────────────────────────
struct Decided {
  std::shared_ptr<const std::vector<pbft::Decision>> decisions;
};
struct Certified {
  std::shared_ptr<const std::vector<pbft::BlockCertificate>> certificates;
};
/// Epochs whose end is proven.
struct EpochsFinished {
  std::shared_ptr<const std::vector<pbft::EpochFinished>> epochs;
};
struct StartTransfer {
  pbft::TransferRequest request;
};
/// May this transaction enter the mempool? Answered with an empty text or a short code and a
/// sentence; where its idempotency key was used before, with the transaction that came first.
struct AskAdmission {
  std::shared_ptr<const ledger::Transaction> transaction;
};
struct Admission {
  bool admitted = false;
  std::string code;
  std::string message;
  std::optional<crypto::Digest> first{};
};
/// The record at `key` with its proof against the newest block, which is made durable first.
struct ProveRecord {
  std::shared_ptr<const Bytes> key;
  std::shared_ptr<std::function<void(Result<gateway::RecordProof>)>> done;
};
/// Write what is pending and answer when it is durable.
struct Drain {};
struct Drained {};

// ── From settlement to all who listen ───────────────────────────────────────────────────────────
/// A block that is durable.
struct CommittedBlock {
  ledger::Header header;
  crypto::Digest hash{};
  std::vector<Bytes> transactions;
  std::vector<ledger::Receipt> receipts;
  std::vector<ledger::Event> events;
};
struct BlocksCommitted {
  std::shared_ptr<const std::vector<CommittedBlock>> blocks;
};

// ── To the door (gateway) and meter_ingestion ───────────────────────────────────────────────────
struct SubmitCall {
  std::shared_ptr<const Bytes> transaction;
  std::int64_t timeout_ms = 0;
  std::shared_ptr<gateway::SubmitCallback> done;
};
struct IngestCall {
  std::shared_ptr<const std::vector<ledger::SignedReading>> readings;
  std::shared_ptr<gateway::IngestCallback> done;
};
// ── To people ───────────────────────────────────────────────────────────────────────────────────
struct KeepProfile {
  std::shared_ptr<const ledger::Profile> profile;
  std::shared_ptr<std::function<void(Result<crypto::Digest>)>> done;
};
struct FetchProfiles {
  std::shared_ptr<const std::vector<crypto::Digest>> commitments;
  std::shared_ptr<std::function<void(std::vector<std::optional<ledger::Profile>>)>> done;
};

// ── To news_delivery ────────────────────────────────────────────────────────────────────────────
/// What became of one try to deliver a piece of news; an empty fault: it was delivered.
struct DeliveryDone {
  std::shared_ptr<const protocol::DeliveryKey> key;
  std::shared_ptr<const std::string> fault;
};

/// Consensus could not take a request: full, invalid or known.
struct RequestsRefused {
  std::shared_ptr<const std::vector<pbft::Refused>> refused;
};
/// A periodic check: time-outs, due slots, gauges.
struct Poll {};

// ── The interfaces ──────────────────────────────────────────────────────────────────────────────
using TransportActor = caf::typed_actor<caf::reacts_to<Connect>, caf::reacts_to<SendMessages>>;
using VerifierActor = caf::typed_actor<caf::reacts_to<Connect>, caf::reacts_to<ReceivedFrame>>;
using ConsensusActor =
    caf::typed_actor<caf::reacts_to<Connect>, caf::reacts_to<VerifiedMessage>,
                     caf::reacts_to<SubmitRequest>, caf::reacts_to<LedgerAdvanced>,
                     caf::reacts_to<LedgerRestored>, caf::reacts_to<SlotDue>, caf::reacts_to<Wake>,
                     caf::reacts_to<Flush>, caf::replies_to<HandOver>::with<Drained>>;
using SettlementActor = caf::typed_actor<
    caf::reacts_to<Connect>, caf::reacts_to<Decided>, caf::reacts_to<Certified>,
    caf::reacts_to<EpochsFinished>, caf::reacts_to<StartTransfer>, caf::reacts_to<VerifiedMessage>,
    caf::replies_to<AskAdmission>::with<Admission>, caf::reacts_to<ProveRecord>,
    caf::reacts_to<Flush>, caf::reacts_to<Wake>, caf::replies_to<Drain>::with<Drained>>;
using OrderMatchingActor = caf::typed_actor<caf::reacts_to<Connect>,
                                            caf::reacts_to<BlocksCommitted>, caf::reacts_to<Poll>>;
using MeterIngestionActor =
    caf::typed_actor<caf::reacts_to<Connect>, caf::reacts_to<IngestCall>,
                     caf::reacts_to<BlocksCommitted>, caf::reacts_to<RequestsRefused>,
                     caf::reacts_to<Flush>, caf::reacts_to<Wake>, caf::reacts_to<Poll>,
                     caf::replies_to<Drain>::with<Drained>>;
using GatewayActor = caf::typed_actor<caf::reacts_to<Connect>, caf::reacts_to<SubmitCall>,
                                      caf::reacts_to<BlocksCommitted>,
                                      caf::reacts_to<RequestsRefused>, caf::reacts_to<Poll>>;
using PeopleActor = caf::typed_actor<caf::reacts_to<Connect>, caf::reacts_to<KeepProfile>,
                                     caf::reacts_to<FetchProfiles>, caf::reacts_to<VerifiedMessage>,
                                     caf::reacts_to<BlocksCommitted>, caf::reacts_to<Poll>>;
using LivePowerActor = caf::typed_actor<caf::reacts_to<Connect>, caf::reacts_to<VerifiedMessage>,
                                        caf::reacts_to<BlocksCommitted>, caf::reacts_to<Poll>>;
using NewsDeliveryActor = caf::typed_actor<caf::reacts_to<Connect>, caf::reacts_to<VerifiedMessage>,
                                           caf::reacts_to<BlocksCommitted>,
                                           caf::reacts_to<DeliveryDone>, caf::reacts_to<Poll>>;
using TelemetryActor = caf::typed_actor<caf::reacts_to<Connect>, caf::reacts_to<BlocksCommitted>,
                                        caf::reacts_to<Poll>>;

/// All actors of one peer but the supervisor.
struct Links {
  TransportActor transport;
  std::vector<VerifierActor> verifiers;  ///< a sender's messages go to the one at (index % size)
  ConsensusActor consensus;
  SettlementActor settlement;
  OrderMatchingActor order_matching;
  MeterIngestionActor meter_ingestion;
  GatewayActor gateway;
  PeopleActor people;
  LivePowerActor live_power;
  NewsDeliveryActor news_delivery;
  TelemetryActor telemetry;
};

}  // namespace powershare::actors

// These messages never leave the process, so CAF need not serialise them.
#define POWERSHARE_LOCAL_MESSAGE(Type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(powershare::actors::Type)
POWERSHARE_LOCAL_MESSAGE(Connect)
POWERSHARE_LOCAL_MESSAGE(SendMessages)
POWERSHARE_LOCAL_MESSAGE(ReceivedFrame)
POWERSHARE_LOCAL_MESSAGE(VerifiedMessage)
POWERSHARE_LOCAL_MESSAGE(SubmitRequest)
POWERSHARE_LOCAL_MESSAGE(LedgerAdvanced)
POWERSHARE_LOCAL_MESSAGE(LedgerRestored)
POWERSHARE_LOCAL_MESSAGE(SlotDue)
POWERSHARE_LOCAL_MESSAGE(Wake)
POWERSHARE_LOCAL_MESSAGE(Flush)
POWERSHARE_LOCAL_MESSAGE(HandOver)
POWERSHARE_LOCAL_MESSAGE(Decided)
POWERSHARE_LOCAL_MESSAGE(Certified)
POWERSHARE_LOCAL_MESSAGE(EpochsFinished)
POWERSHARE_LOCAL_MESSAGE(StartTransfer)
POWERSHARE_LOCAL_MESSAGE(AskAdmission)
POWERSHARE_LOCAL_MESSAGE(Admission)
POWERSHARE_LOCAL_MESSAGE(ProveRecord)
POWERSHARE_LOCAL_MESSAGE(Drain)
POWERSHARE_LOCAL_MESSAGE(Drained)
POWERSHARE_LOCAL_MESSAGE(BlocksCommitted)
POWERSHARE_LOCAL_MESSAGE(SubmitCall)
POWERSHARE_LOCAL_MESSAGE(IngestCall)
POWERSHARE_LOCAL_MESSAGE(KeepProfile)
POWERSHARE_LOCAL_MESSAGE(FetchProfiles)
POWERSHARE_LOCAL_MESSAGE(DeliveryDone)
POWERSHARE_LOCAL_MESSAGE(RequestsRefused)
POWERSHARE_LOCAL_MESSAGE(Poll)
#undef POWERSHARE_LOCAL_MESSAGE
