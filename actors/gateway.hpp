// gateway: the door's actor. Takes transactions from HTTP threads into the mempool and answers
// whoever waits once their block is durable. The HTTP itself is in rooms gateway and net.
#pragma once

#include <atomic>
#include <map>

#include "actors/messages.hpp"
#include "actors/peer_context.hpp"

namespace powershare::actors {

struct GatewayState {
  static inline const char* name = "gateway";
  struct Waiting {
    std::int64_t deadline_ms = 0;
    std::vector<std::shared_ptr<gateway::SubmitCallback>> callers;
  };
  std::shared_ptr<const Links> links;
  std::map<crypto::Digest, Waiting> waiting;  ///< by transaction id
};

GatewayActor::behavior_type gateway_door(GatewayActor::stateful_pointer<GatewayState> self,
                                         PeerContext& context);

/// The gateway's ports on top of the actors; safe from any thread.
class DoorPorts final : public gateway::Submitter,
                        public gateway::Ingestion,
                        public gateway::RecordProver {
 public:
  DoorPorts(PeerContext& context, const Links& links)
      : context_(context),
        door_(links.gateway),
        ingestion_(links.meter_ingestion),
        settlement_(links.settlement) {}
  void submit(ledger::Payload payload, std::string principal, std::string initiator,
              Bytes idempotency_key, std::int64_t timeout_ms,
              gateway::SubmitCallback done) override;
  void submit_as(ledger::Payload payload, std::string principal, const crypto::KeyPair& signer,
                 Bytes idempotency_key, std::int64_t timeout_ms,
                 gateway::SubmitCallback done) override;
  void submit_signed(Bytes transaction, std::int64_t timeout_ms,
                     gateway::SubmitCallback done) override;
  void ingest(std::vector<ledger::SignedReading> readings, gateway::IngestCallback done) override;
  void prove(Bytes key, std::function<void(Result<gateway::RecordProof>)> done) override;

 private:
  PeerContext& context_;
  GatewayActor door_;
  MeterIngestionActor ingestion_;
  SettlementActor settlement_;
  /// Proofs under way; shared with the callbacks, which may outlive this.
  std::shared_ptr<std::atomic<int>> proofs_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace powershare::actors
