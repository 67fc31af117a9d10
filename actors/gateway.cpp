#include "actors/gateway.hpp"

#include "actors/chain_view.hpp"
#include "actors/error.hpp"
#include "ledger/membership.hpp"
#include "protocol/wire/transaction_codec.hpp"

namespace powershare::actors {
namespace {

using Self = GatewayActor::stateful_pointer<GatewayState>;
using gateway::SubmitAnswer;
using gateway::TransactionPlace;

constexpr auto poll_interval = std::chrono::milliseconds(500);
constexpr std::uint32_t initiator_feature_level = 3;
constexpr int max_proofs = 8;               // that settlement is asked for at once
constexpr std::size_t max_waiting = 4'096;  // requests at the door that wait for their block

SubmitAnswer refusal(SubmitAnswer::Kind kind, const crypto::Digest& id, std::string code,
                     std::string message) {
  SubmitAnswer answer;
  answer.kind = kind;
  answer.transaction = id;
  answer.code = std::move(code);
  answer.message = std::move(message);
  return answer;
}

void answer(GatewayState::Waiting& waiting, const SubmitAnswer& content) {
  for (const auto& caller : waiting.callers) (*caller)(content);
}

/// The receipt that counts: for a duplicate the one of the first transaction, which stands on disk.
std::optional<SubmitAnswer> stored_answer(PeerContext& context, const crypto::Digest& id) {
  auto snapshot = context.folder->ledger().snapshot();
  if (!snapshot) return std::nullopt;
  auto place = protocol::read_place(**snapshot, id);
  if (!place || !*place) return std::nullopt;
  auto block = protocol::read_block(**snapshot, (*place)->height);
  if (!block || !*block || (*place)->index >= (*block)->receipts.size()) return std::nullopt;
  SubmitAnswer answer;
  answer.transaction = id;
  answer.receipt = (*block)->receipts[(*place)->index];
  answer.place = TransactionPlace{(*place)->height, (*place)->index};
  return answer;
}

SubmitAnswer executed(PeerContext& context, const ledger::Receipt& receipt, std::uint64_t height,
                      std::uint32_t index) {
  if (receipt.outcome == ledger::Outcome::duplicate) {
    if (auto first = stored_answer(context, receipt.first)) return *first;
  }
  SubmitAnswer answer;
  answer.transaction = receipt.transaction;
  answer.receipt = receipt;
  answer.place = TransactionPlace{height, index};
  return answer;
}

void resolve(Self self, PeerContext& context, const CommittedBlock& block) {
  for (std::uint32_t i = 0; i < block.receipts.size(); ++i) {
    const auto found = self->state.waiting.find(block.receipts[i].transaction);
    if (found == self->state.waiting.end()) continue;
    answer(found->second, executed(context, block.receipts[i], block.header.height, i));
    self->state.waiting.erase(found);
  }
}

void refuse_waiting(Self self, const crypto::Digest& id, const SubmitAnswer& content) {
  const auto found = self->state.waiting.find(id);
  if (found == self->state.waiting.end()) return;
  answer(found->second, content);
  self->state.waiting.erase(found);
}

/// The idempotency key of `id` was used before: whoever waits for `id` gets the first receipt.
void answer_with_first(Self self, PeerContext& context, const crypto::Digest& id,
                       const crypto::Digest& first) {
  auto waiting = self->state.waiting.extract(id);
  if (waiting.empty()) return;
  if (auto known = stored_answer(context, first)) return answer(waiting.mapped(), *known);
  // Executed, but not durable yet: its block is about to be announced.
  auto& later = self->state.waiting[first];
  later.deadline_ms = std::max(later.deadline_ms, waiting.mapped().deadline_ms);
  for (auto& caller : waiting.mapped().callers) later.callers.push_back(std::move(caller));
}

void submit(Self self, PeerContext& context, const SubmitCall& call) {
  const auto id = crypto::sha256(*call.transaction);
  const auto refuse = [&](SubmitAnswer::Kind kind, const char* code, std::string message) {
    (*call.done)(refusal(kind, id, code, std::move(message)));
  };
  if (context.board->stopping() || context.board->no_space()) {
    return refuse(SubmitAnswer::Kind::unavailable, "unavailable",
                  "this peer takes no transactions now; try another one");
  }
  // Before anything is verified: what is turned away must cost little.
  if (self->state.waiting.size() >= max_waiting && !self->state.waiting.contains(id)) {
    return refuse(SubmitAnswer::Kind::mempool_full, "overloaded",
                  "too many transactions wait at this peer");
  }
  auto transaction = wire::decode_transaction(*call.transaction, context.genesis_hash,
                                              ledger::known_feature_level);
  if (!transaction) {
    return refuse(SubmitAnswer::Kind::refused, "malformed", transaction.error().detail());
  }
  context.verified_requests->remember(id, {transaction->expires, transaction->feature_level});
  if (auto known = stored_answer(context, id)) return (*call.done)(*known);
  auto& waiting = self->state.waiting[id];
  waiting.callers.push_back(call.done);
  waiting.deadline_ms = std::max(waiting.deadline_ms, monotonic_now().value + call.timeout_ms);
  if (waiting.callers.size() > 1) return;
  const auto content = std::make_shared<const ledger::Transaction>(std::move(*transaction));
  self->request(self->state.links->settlement, caf::infinite, AskAdmission{content})
      .then([self, &context, id, bytes = call.transaction](const Admission& admission) {
        if (admission.admitted) {
          self->send(self->state.links->consensus, SubmitRequest{bytes});
        } else if (admission.first) {
          answer_with_first(self, context, id, *admission.first);
        } else if (context.board->behind()) {
          refuse_waiting(self, id,
                         refusal(SubmitAnswer::Kind::unavailable, id, "unavailable",
                                 "this peer is catching up; try another one"));
        } else {
          refuse_waiting(
              self, id,
              refusal(SubmitAnswer::Kind::refused, id, admission.code, admission.message));
        }
      });
}

void expire(Self self) {
  const auto now = monotonic_now().value;
  for (auto it = self->state.waiting.begin(); it != self->state.waiting.end();) {
    if (it->second.deadline_ms > now) {
      ++it;
      continue;
    }
    answer(it->second,
           refusal(SubmitAnswer::Kind::no_quorum, it->first, "no_quorum",
                   "no quorum of peers agreed in time; the transaction may still be executed"));
    it = self->state.waiting.erase(it);
  }
}

void refuse_all(Self self, const RequestsRefused& news) {
  for (const auto& refused : *news.refused) {
    refuse_waiting(self, refused.request,
                   refusal(SubmitAnswer::Kind::mempool_full, refused.request, "overloaded",
                           "consensus takes no more transactions now"));
  }
}

}  // namespace

GatewayActor::behavior_type gateway_door(Self self, PeerContext& context) {
  return {[self](const Connect& connect) {
            self->state.links = connect.links;
            self->delayed_send(GatewayActor(self), poll_interval, Poll{});
          },
          [self, &context](const SubmitCall& call) { submit(self, context, call); },
          [self, &context](const BlocksCommitted& news) {
            for (const auto& block : *news.blocks) resolve(self, context, block);
          },
          [self](const RequestsRefused& news) { refuse_all(self, news); },
          [self](Poll) {
            expire(self);
            self->delayed_send(GatewayActor(self), poll_interval, Poll{});
          }};
}

void DoorPorts::submit(ledger::Payload payload, std::string principal, std::string initiator,
                       Bytes idempotency_key, std::int64_t timeout_ms,
                       gateway::SubmitCallback done) {
  ledger::Transaction transaction;
  transaction.genesis = context_.genesis_hash;
  transaction.principal = std::move(principal);
  transaction.idempotency_key = std::move(idempotency_key);
  // Below that level a transaction with an initiator is malformed.
  const auto view = open_chain_view(context_.folder->ledger(), context_.genesis_hash);
  if (view && ledger::current_feature_level((*view)->state()) >= initiator_feature_level) {
    transaction.initiator = std::move(initiator);
  }
  transaction.expires = {wall_clock_now().value + millis_per_hour};
  transaction.payload = std::move(payload);
  submit_signed(wire::encode_and_sign(transaction, context_.present_keys().gateway), timeout_ms,
                std::move(done));
}

void DoorPorts::submit_as(ledger::Payload payload, std::string principal,
                          const crypto::KeyPair& signer, Bytes idempotency_key,
                          std::int64_t timeout_ms, gateway::SubmitCallback done) {
  ledger::Transaction transaction;
  transaction.genesis = context_.genesis_hash;
  transaction.principal = std::move(principal);
  transaction.idempotency_key = std::move(idempotency_key);
  transaction.expires = {wall_clock_now().value + millis_per_hour};
  transaction.payload = std::move(payload);
  submit_signed(wire::encode_and_sign(transaction, signer), timeout_ms, std::move(done));
}

void DoorPorts::submit_signed(Bytes transaction, std::int64_t timeout_ms,
                              gateway::SubmitCallback done) {
  caf::anon_send(door_,
                 SubmitCall{std::make_shared<const Bytes>(std::move(transaction)), timeout_ms,
                            std::make_shared<gateway::SubmitCallback>(std::move(done))});
}

void DoorPorts::ingest(std::vector<ledger::SignedReading> readings, gateway::IngestCallback done) {
  caf::anon_send(
      ingestion_,
      IngestCall{std::make_shared<const std::vector<ledger::SignedReading>>(std::move(readings)),
                 std::make_shared<gateway::IngestCallback>(std::move(done))});
}

void DoorPorts::prove(Bytes key, std::function<void(Result<gateway::RecordProof>)> done) {
  if (proofs_->fetch_add(1) >= max_proofs) {
    proofs_->fetch_sub(1);
    return done(Error{ActorError::busy, "too many proofs are asked for at once"});
  }
  auto finish = [count = proofs_, done = std::move(done)](Result<gateway::RecordProof> proof) {
    count->fetch_sub(1);
    done(std::move(proof));
  };
  caf::anon_send(settlement_,
                 ProveRecord{std::make_shared<const Bytes>(std::move(key)),
                             std::make_shared<std::function<void(Result<gateway::RecordProof>)>>(
                                 std::move(finish))});
}

}  // namespace powershare::actors
