#include "bench/consensus_peer.hpp"

#include "actors/consensus.hpp"
#include "actors/error.hpp"
#include "actors/supervisor.hpp"
#include "actors/transport.hpp"
#include "actors/verifier.hpp"
#include "bench/client_door.hpp"
#include "bench/order_settlement.hpp"
#include "protocol/pbft/error.hpp"
#include "protocol/wire/envelope.hpp"

namespace powershare::bench {
namespace {

using namespace actors;

constexpr std::size_t max_unchecked_requests = 4'096;

struct DoorState {
  static inline const char* name = "door";
  std::shared_ptr<const Links> links;
};

/// In the place of the gateway: checks each request once, off the consensus thread.
GatewayActor::behavior_type door_actor(GatewayActor::stateful_pointer<DoorState> self,
                                       PeerContext& context, std::atomic<std::size_t>& unchecked,
                                       std::function<void(Bytes)> answer) {
  return {[self](const Connect& connect) { self->state.links = connect.links; },
          [self, &context, &unchecked](const SubmitCall& call) {
            --unchecked;
            if (!context.verified_requests->warm(*call.transaction)) return;
            self->send(self->state.links->consensus, SubmitRequest{call.transaction});
          },
          [](const BlocksCommitted&) {},
          [answer](const RequestsRefused& news) {
            for (const auto& refused : *news.refused) {
              // What was asked again and is executed by now has its answer.
              if (refused.reason == ConsensusError::duplicate) continue;
              answer(refused_frame(refused.request));
            }
          },
          [](Poll) {}};
}

class RunningConsensusPeer final : public ConsensusPeer {
 public:
  explicit RunningConsensusPeer(ConsensusPeerSetup setup) : setup_(std::move(setup)) {}
  ~RunningConsensusPeer() override { stop(); }

  Result<void> start(std::function<void(const Error&)> fatal) {
    if (auto opened = open(std::move(fatal)); !opened) return opened;
    auto begin = std::make_shared<actors::ConsensusStart>();
    begin->committee =
        std::make_shared<const pbft::Committee>(context_->roster()->members().committee);
    begin->recovered.executed.head = context_->genesis_hash;
    if (auto linked = start_link(); !linked) return linked;
    start_actors(std::move(begin));
    return start_door();
  }

 private:
  Result<void> open(std::function<void(const Error&)> fatal) {
    const auto& members = setup_.peer.genesis.members;
    for (pbft::MemberIndex i = 0; i < members.size(); ++i) index_[members[i].peer] = i;
    const auto self = index_.find(setup_.peer.peer);
    if (self == index_.end()) return Error{ActorError::bad_configuration, "not a member"};
    context_ =
        std::make_unique<PeerContext>(setup_.peer.genesis, setup_.peer.peer, setup_.peer.keys);
    context_->fatal = std::move(fatal);
    context_->verified_requests = std::make_unique<VerifiedRequests>(
        [genesis = context_->genesis_hash, must_be_signed = setup_.signed_requests](
            ByteView request) -> std::optional<VerifiedRequests::Passed> {
          const auto expires = check_request(genesis, must_be_signed, request);
          if (!expires) return std::nullopt;
          return VerifiedRequests::Passed{*expires, 1};
        });
    context_->board = std::make_unique<StatusBoard>(setup_.peer.genesis, setup_.peer.peer);
    context_->metrics = std::make_unique<monitoring::Metrics>();
    auto folder = storage::DataFolder::open(
        setup_.peer.data,
        {setup_.peer.genesis.chain, setup_.peer.peer,
         setup_.peer.keys.front().consensus.public_key(), context_->genesis_hash},
        {});
    if (!folder) return folder.error();
    context_->folder = std::move(*folder);
    return {};
  }

  Result<void> start_link() {
    net::LinkOptions options;
    options.self = setup_.peer.peer;
    options.keys = setup_.peer.keys.front().transport;
    options.control_endpoint = setup_.peer.control_endpoint;
    options.bulk_endpoint = setup_.peer.bulk_endpoint;
    options.max_frame_bytes = wire::max_frame_bytes;
    for (const auto& remote : setup_.peer.remotes) {
      const auto& member = context_->genesis.members.at(index_.at(remote.peer));
      options.remotes.push_back({remote.peer, member.transport_key, remote.control, remote.bulk});
    }
    auto link = net::ZmqLink::start(
        std::move(options),
        [this](const PeerId& sender, net::Channel channel, Bytes frame) {
          if (!introduced_.load(std::memory_order_acquire)) return;
          receive_frame(*context_, *links_, index_.at(sender), channel, std::move(frame));
        },
        [this](const PeerId& peer, bool connected) {
          context_->board->set_connected(peer, connected);
        });
    if (!link) return link.error();
    link_ = std::move(*link);
    return {};
  }

  void start_actors(std::shared_ptr<actors::ConsensusStart> begin) {
    config_.set("scheduler.policy", caf::atom("sharing"));
    config_.set("scheduler.max-threads", std::size_t{2});
    // Actors take turns: a door with thousands of requests to verify keeps no vote waiting.
    config_.set("scheduler.max-throughput", std::size_t{8});
    config_.set("logger.console", caf::atom("none"));
    system_ = std::make_unique<caf::actor_system>(config_);
    auto& context = *context_;
    auto links = std::make_shared<Links>();
    links->transport =
        system_->spawn([&context, link = link_.get()](TransportActor::pointer actor) {
          return transport(actor, context, *link);
        });
    for (std::size_t i = 0; i < verifier_count; ++i) {
      links->verifiers.push_back(
          system_->spawn([&context](VerifierActor::stateful_pointer<VerifierState> actor) {
            return verifier(actor, context);
          }));
    }
    links->consensus =
        system_->spawn<caf::detached>([&context, begin, link = link_.get()](
                                          ConsensusActor::stateful_pointer<ConsensusState> actor) {
          return consensus(actor, context, begin, *link);
        });
    links->settlement = system_->spawn<caf::detached>(
        [this, &context](SettlementActor::stateful_pointer<OrderSettlementState> actor) {
          return order_settlement(actor, context, chain_, [this](const Replies& replies) {
            answer(replies_frame(replies));
          });
        });
    links->gateway =
        system_->spawn([this, &context](GatewayActor::stateful_pointer<DoorState> actor) {
          return door_actor(actor, context, unchecked_requests_,
                            [this](Bytes frame) { answer(std::move(frame)); });
        });
    links_ = links;
    const Connect connect{links_};
    for (const auto& verifier : links->verifiers) caf::anon_send(verifier, connect);
    caf::anon_send(links->settlement, connect);
    caf::anon_send(links->gateway, connect);
    caf::anon_send(links->consensus, connect);
    introduced_.store(true, std::memory_order_release);
  }

  Result<void> start_door() {
    auto door = ClientDoor::open(
        setup_.peer.http_port,
        {[this](Bytes request) {
           // Bounded as the gateway's: past it a request is refused at once, and unread.
           if (unchecked_requests_ >= max_unchecked_requests) {
             return answer(refused_frame(crypto::sha256(request)));
           }
           ++unchecked_requests_;
           caf::anon_send(links_->gateway,
                          SubmitCall{std::make_shared<const Bytes>(std::move(request)), 0, {}});
         },
         [this] { return statistics(); }});
    if (!door) return door.error();
    const std::lock_guard lock(door_mutex_);
    door_ = std::move(*door);
    return {};
  }

  void answer(Bytes frame) {
    const std::lock_guard lock(door_mutex_);
    if (door_) door_->send(std::move(frame));
  }

  PeerStatistics statistics() {
    PeerStatistics statistics;
    const auto status = context_->board->consensus();
    statistics.ready = status.view_active && !status.recovering &&
                       context_->board->connected_peers() + 1 == context_->roster()->peers().size();
    statistics.primary = status.primary;
    statistics.view = status.view;
    chain_.read(statistics);
    const auto link = link_->statistics();
    statistics.sent_bytes = link.sent_bytes;
    statistics.sent_frames = link.sent_frames;
    statistics.dropped_frames = link.dropped_frames;
    statistics.log_commits = context_->folder->consensus_log().statistics().commits;
    return statistics;
  }

  void stop() {
    std::unique_ptr<ClientDoor> door;
    {
      const std::lock_guard lock(door_mutex_);
      door = std::move(door_);
    }
    door.reset();
    if (link_) link_->stop();  // no more frames; the actors still hold it
    if (links_) {
      const auto end = [](const auto& actor) {
        caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
      };
      end(links_->transport);
      end(links_->consensus);
      for (const auto& verifier : links_->verifiers) end(verifier);
      end(links_->gateway);
      end(links_->settlement);
    }
    links_.reset();
    system_.reset();  // waits for the actors to be gone
    link_.reset();
  }

  ConsensusPeerSetup setup_;
  std::map<PeerId, pbft::MemberIndex> index_;
  std::unique_ptr<PeerContext> context_;
  std::unique_ptr<net::ZmqLink> link_;
  ChainBoard chain_;
  std::atomic<bool> introduced_{false};
  std::atomic<std::size_t> unchecked_requests_{0};
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::shared_ptr<const Links> links_;
  std::mutex door_mutex_;
  std::unique_ptr<ClientDoor> door_;
};

}  // namespace

Result<std::unique_ptr<ConsensusPeer>> ConsensusPeer::start(
    ConsensusPeerSetup setup, std::function<void(const Error&)> fatal) {
  auto peer = std::make_unique<RunningConsensusPeer>(std::move(setup));
  if (auto started = peer->start(std::move(fatal)); !started) return started.error();
  return std::unique_ptr<ConsensusPeer>(std::move(peer));
}

}  // namespace powershare::bench
