#include "actors/peer_host.hpp"

#include <csignal>
#include <thread>

#include "actors/chain_view.hpp"
#include "actors/consensus.hpp"
#include "actors/error.hpp"
#include "actors/gateway.hpp"
#include "actors/live_power.hpp"
#include "actors/log.hpp"
#include "actors/meter_ingestion.hpp"
#include "actors/news_delivery.hpp"
#include "actors/order_matching.hpp"
#include "actors/people.hpp"
#include "actors/settlement.hpp"
#include "actors/supervisor.hpp"
#include "actors/telemetry.hpp"
#include "actors/transport.hpp"
#include "actors/verifier.hpp"
#include "gateway/gateway.hpp"
#include "ledger/membership.hpp"
#include "net/http.hpp"
#include "net/http_redirect.hpp"
#include "net/tls_certificates.hpp"
#include "protocol/wire/envelope.hpp"
#include "protocol/wire/transaction_codec.hpp"
#include "storage/file.hpp"

namespace powershare::actors {
namespace {

using namespace std::chrono_literals;
constexpr std::uint64_t recent_blocks = 256;

Error configuration_error(std::string sentence) {
  return {ActorError::bad_configuration, std::move(sentence)};
}

/// A peer that the chain knows must have the keys that it knows, or is about to.
Result<void> check_own_keys(const PeerContext& context) {
  const auto roster = context.roster();
  const auto number = roster->number_of(context.peer);
  if (!number) {
    log(LogLevel::warning, "peer",
        context.peer.text() + " is not a member of chain " + context.genesis.chain.text() +
            ": it follows the chain until governance adds it");
    return {};
  }
  const auto& known = roster->peers()[*number].member;
  const auto* next = roster->epoch(roster->present() + 1);
  for (const auto& keys : context.keys) {
    const bool present = known.consensus_key == keys.consensus.public_key() &&
                         known.gateway_key == keys.gateway.public_key() &&
                         known.transport_key == keys.transport.public_key;
    const auto index = next == nullptr ? std::nullopt : protocol::Roster::index_in(*next, *number);
    if (present || (index && next->committee.members[*index] == keys.consensus.public_key())) {
      return {};
    }
  }
  return configuration_error("the key files are not those of peer " + context.peer.text() +
                             " on chain " + context.genesis.chain.text());
}

ledger::TransactionDecoder decoder_of(const crypto::Digest& genesis_hash) {
  // Consensus let in only what a quorum verified: replaying verifies no signature again.
  return wire::transaction_decoder(genesis_hash, true);
}

/// A new ledger: the genesis state goes to disk so that queries see it before the first block.
Result<void> write_genesis_state(storage::DataFolder& folder, const ledger::StateMachine& machine) {
  std::vector<protocol::TableWrite> writes;
  machine.state().scan({}, {}, [&](ByteView key, ByteView value) {
    writes.push_back({std::string(protocol::table::state), to_bytes(key), to_bytes(value)});
    return true;
  });
  writes.push_back(protocol::position_write({{0, 0, machine.head_hash()}, 0}));
  return folder.ledger().commit(writes);
}

Result<std::shared_ptr<RestoredLedger>> restore_ledger(const PeerContext& context) {
  const auto decoder = decoder_of(context.genesis_hash);
  auto snapshot = context.folder->ledger().snapshot();
  if (!snapshot) return snapshot.error();
  auto position = protocol::read_position(**snapshot);
  if (!position) return position.error();
  if (!*position || (*position)->position.height == 0) {
    ledger::StateMachine machine(context.genesis, decoder);
    protocol::LedgerPosition start{{0, 0, machine.head_hash()}, 0};
    if (*position) {
      start = **position;
    } else if (auto written = write_genesis_state(*context.folder, machine); !written) {
      return written.error();
    }
    auto epochs = protocol::EpochTracker::open(machine.state(), context.genesis_hash, **snapshot,
                                               start.position);
    if (!epochs) return epochs.error();
    return std::make_shared<RestoredLedger>(
        RestoredLedger{std::move(machine), start, 0, std::move(*epochs)});
  }
  auto head = protocol::read_block(**snapshot, (*position)->position.height);
  if (!head) return head.error();
  if (!*head) return Error{StorageError::damaged, "the newest block is missing from the ledger"};
  auto records = protocol::read_state(**snapshot);
  if (!records) return records.error();
  auto certified = protocol::read_certified_height(**snapshot);
  if (!certified) return certified.error();
  auto machine =
      ledger::StateMachine::restore(context.genesis, decoder, (*head)->header, std::move(*records));
  if (!machine) return Error{StorageError::damaged, machine.error().detail()};
  auto epochs = protocol::EpochTracker::open(machine->state(), context.genesis_hash, **snapshot,
                                             (*position)->position);
  if (!epochs) return epochs.error();
  return std::make_shared<RestoredLedger>(
      RestoredLedger{std::move(*machine), **position, *certified, std::move(*epochs)});
}

/// What the replica starts from: its log and where the durable ledger stands.
Result<std::shared_ptr<ConsensusStart>> recover_consensus(const PeerContext& context,
                                                          const RestoredLedger& restored) {
  auto start = std::make_shared<ConsensusStart>();
  start->committee = restored.epochs.committee();
  auto* recovered = &start->recovered;
  recovered->epoch_end = restored.epochs.epoch_end();
  auto log = context.folder->consensus_log().load();
  if (!log) return log.error();
  recovered->log = std::move(*log);
  recovered->executed = restored.ledger.position;
  recovered->certified_height = restored.certified_height;
  auto snapshot = context.folder->ledger().snapshot();
  if (!snapshot) return snapshot.error();
  const auto newest = restored.ledger.position.height;
  for (auto height = newest > recent_blocks ? newest - recent_blocks + 1 : 1; height <= newest;
       ++height) {
    auto block = protocol::read_block(**snapshot, height);
    if (!block) return block.error();
    if (*block) recovered->recent_blocks.push_back({height, (*block)->header.hash()});
  }
  const auto identity = context.folder->identity();
  if (identity.recovering) {
    const auto& reserved = identity.reservation;
    recovered->lost = pbft::Reservation{reserved.epoch, reserved.view, reserved.sequence};
  }
  return start;
}

class RunningPeer final : public PeerHost {
 public:
  explicit RunningPeer(PeerSetup setup) : setup_(std::move(setup)) {}

  ~RunningPeer() override { stop(); }

  Result<void> open(std::function<void(const Error&)> fatal) {
    context_ = std::make_unique<PeerContext>(setup_.genesis, setup_.peer, setup_.keys);
    auto& context = *context_;
    context.fatal = std::move(fatal);
    context.feature_level_max = setup_.feature_level_max;
    context.verified_requests = std::make_unique<VerifiedRequests>(
        [genesis =
             context.genesis_hash](ByteView request) -> std::optional<VerifiedRequests::Passed> {
          const auto transaction =
              wire::decode_transaction(request, genesis, ledger::known_feature_level);
          if (!transaction) return std::nullopt;
          return VerifiedRequests::Passed{transaction->expires, transaction->feature_level};
        });
    context.board = std::make_unique<StatusBoard>(setup_.genesis, setup_.peer);
    context.metrics =
        std::make_unique<monitoring::Metrics>(std::vector<std::pair<std::string, std::string>>{
            {"chain", setup_.genesis.chain.text()}, {"peer", setup_.peer.text()}});
    return open_folder(false);
  }

  Result<void> run() {
    auto restored = restore_ledger(*context_);
    if (!restored && restored.error().code() == StorageError::damaged) {
      if (auto opened = open_folder(true); !opened) return opened;
      restored = restore_ledger(*context_);
    }
    if (!restored) return restored.error();
    const auto level = ledger::current_feature_level((*restored)->machine.state());
    auto known = ledger::check_feature_level(level, context_->feature_level_max);
    if (!known) return known;
    context_->set_roster((*restored)->epochs.roster());
    if (auto checked = check_own_keys(*context_); !checked) return checked;
    auto recovered = recover_consensus(*context_, **restored);
    if (!recovered) return recovered.error();
    auto inbox = context_->folder->inbox().load();
    if (!inbox) return inbox.error();
    auto people = open_people_store(setup_.data);
    if (!people) return people.error();
    auto linked = start_link();
    if (!linked) return linked;
    log(LogLevel::info, "peer",
        setup_.peer.text() + " of chain " + setup_.genesis.chain.text() + ", height " +
            std::to_string((*restored)->ledger.position.height));
    start_actors(*restored, *recovered,
                 std::make_shared<std::vector<std::pair<Bytes, Bytes>>>(std::move(*inbox)),
                 *std::move(people));
    return start_door();
  }

  void stop() override {
    if (!context_ || stopped_) return;
    stopped_ = true;
    context_->board->set_stopping();
    if (door_) door_->close_streams();
    if (http_) http_->stop(2s);
    if (links_) drain();
    ticker_ = {};  // looks at the server
    http_.reset();
    redirect_server_.reset();
    metrics_server_.reset();
    if (link_) link_->stop();  // no more frames; the actors still hold it
    stop_actors();
    link_.reset();
    door_.reset();
    context_.reset();
  }

 private:
  Result<void> open_folder(bool discard_ledger) {
    storage::DataFolderOptions options;
    // IDENTITY bounds what was promised, so all else is repaired from the others without asking.
    options.replace_lost_log = true;
    options.replace_damaged_ledger = true;
    options.replace_damaged_inbox = true;
    options.discard_ledger = discard_ledger;
    options.recover_lost_folder = setup_.recover;
    for (const auto& keys : setup_.keys) {
      options.former_public_keys.push_back(keys.consensus.public_key());
    }
    auto& context = *context_;
    context.folder.reset();  // its lock goes first
    auto folder = storage::DataFolder::open(
        setup_.data,
        {setup_.genesis.chain, setup_.peer, setup_.keys.front().consensus.public_key(),
         context.genesis_hash},
        options);
    if (!folder) return folder.error();
    context.folder = std::move(*folder);
    for (const auto& finding : context.folder->findings())
      log(LogLevel::warning, "storage", finding);
    return {};
  }

  Result<void> start_link() {
    net::LinkOptions options;
    options.self = setup_.peer;
    options.keys = context_->present_keys().transport;
    options.control_endpoint = setup_.control_endpoint;
    options.bulk_endpoint = setup_.bulk_endpoint;
    options.max_frame_bytes = wire_frame_bytes;
    options.remotes = remotes(*context_->roster());
    own_transport_key_ = options.keys.public_key;
    auto link = net::ZmqLink::start(
        std::move(options),
        [this](const PeerId& sender, net::Channel channel, Bytes frame) {
          receive(sender, channel, std::move(frame));
        },
        [this](const PeerId& peer, bool connected) {
          context_->board->set_connected(peer, connected);
        });
    if (!link) return link.error();
    link_ = std::move(*link);
    show_members(*context_->roster());
    context_->on_roster = [this](const protocol::Roster& roster) { follow_roster(roster); };
    return {};
  }

  /// The peers that a link is kept with, where they listen as the configuration says, else as the
  /// chain does.
  std::vector<net::Remote> remotes(const protocol::Roster& roster) const {
    std::vector<net::Remote> result;
    for (const auto& peer : roster.peers()) {
      if (!peer.linked || peer.member.peer == setup_.peer) continue;
      net::Remote remote{peer.member.peer, peer.member.transport_key, peer.endpoints.control,
                         peer.endpoints.bulk};
      for (const auto& configured : setup_.remotes) {
        if (configured.peer != remote.peer) continue;
        remote.control_endpoint = configured.control;
        remote.bulk_endpoint = configured.bulk;
      }
      result.push_back(std::move(remote));
    }
    return result;
  }

  void show_members(const protocol::Roster& roster) {
    std::vector<PeerId> members;
    for (const auto number : roster.members().numbers) {
      members.push_back(roster.peers()[number].member.peer);
    }
    context_->board->set_members(std::move(members));
  }

  /// On settlement's thread, when members or epoch have changed.
  void follow_roster(const protocol::Roster& roster) {
    show_members(roster);
    const auto& keys = context_->present_keys().transport;
    if (keys.public_key != own_transport_key_) {
      own_transport_key_ = keys.public_key;
      link_->replace_keys(keys);
    }
    link_->reconfigure(remotes(roster));
  }

  /// On the link's thread.
  void receive(const PeerId& peer, net::Channel channel, Bytes frame) {
    if (!introduced_.load(std::memory_order_acquire)) return;
    const auto sender = context_->roster()->number_of(peer);
    if (sender) receive_frame(*context_, *links_, *sender, channel, std::move(frame));
  }

  void start_actors(std::shared_ptr<RestoredLedger> restored,
                    std::shared_ptr<ConsensusStart> recovered,
                    std::shared_ptr<std::vector<std::pair<Bytes, Bytes>>> inbox,
                    std::shared_ptr<storage::PeopleStore> profiles) {
    // The default stealing scheduler polls: an idle peer would burn CPU for nothing (DECISIONS 33).
    config_.set("scheduler.policy", caf::atom("sharing"));
    config_.set("scheduler.max-threads", std::size_t{2});
    // Actors take turns: a door with thousands of requests to verify keeps no vote waiting.
    config_.set("scheduler.max-throughput", std::size_t{8});
    config_.set("logger.console", caf::atom("none"));
    system_ = std::make_unique<caf::actor_system>(config_);
    auto& context = *context_;
    auto links = std::make_shared<Links>();
    auto* link = link_.get();
    const double watts_per_core = setup_.watts_per_core;
    links->transport = system_->spawn([&context, link](TransportActor::pointer actor) {
      return transport(actor, context, *link);
    });
    for (std::size_t i = 0; i < verifier_count; ++i) {
      links->verifiers.push_back(
          system_->spawn([&context](VerifierActor::stateful_pointer<VerifierState> actor) {
            return verifier(actor, context);
          }));
    }
    links->consensus = system_->spawn<caf::detached>(
        [&context, recovered, link](ConsensusActor::stateful_pointer<ConsensusState> actor) {
          return consensus(actor, context, recovered, *link);
        });
    links->settlement = system_->spawn<caf::detached>(
        [&context, restored](SettlementActor::stateful_pointer<SettlementState> actor) {
          return settlement(actor, context, restored);
        });
    links->meter_ingestion = system_->spawn<caf::detached>(
        [&context, inbox](MeterIngestionActor::stateful_pointer<MeterIngestionState> actor) {
          return meter_ingestion(actor, context, inbox);
        });
    links->order_matching =
        system_->spawn([&context](OrderMatchingActor::stateful_pointer<OrderMatchingState> actor) {
          return order_matching(actor, context);
        });
    links->gateway = system_->spawn([&context](GatewayActor::stateful_pointer<GatewayState> actor) {
      return gateway_door(actor, context);
    });
    links->people =
        system_->spawn<caf::detached>([&context, profiles, link, contacts = contacts_](
                                          PeopleActor::stateful_pointer<PeopleState> actor) {
          return people(actor, context, *link, profiles, contacts);
        });
    links->news_delivery = system_->spawn<caf::detached>(
        [&context, link,
         setup = NewsDeliverySetup{news_desk_, contacts_, setup_.news_ways,
                                   setup_.data / "deliveries"}](
            NewsDeliveryActor::stateful_pointer<NewsDeliveryState> actor) {
          return news_delivery(actor, context, *link, setup);
        });
    links->live_power = system_->spawn([&context, link, board = live_board_](
                                           LivePowerActor::stateful_pointer<LivePowerState> actor) {
      return live_power(actor, context, *link, board);
    });
    links->telemetry = system_->spawn(
        [&context, link, watts_per_core](TelemetryActor::stateful_pointer<TelemetryState> actor) {
          return telemetry(actor, context, *link, watts_per_core);
        });
    links_ = links;
    supervisor_ = system_->spawn([&context, all = links_](caf::event_based_actor* actor) {
      supervisor(actor, context, all);
    });
    const Connect connect{links_};
    for (const auto& verifier : links->verifiers) caf::anon_send(verifier, connect);
    caf::anon_send(links->transport, connect);
    caf::anon_send(links->settlement, connect);
    caf::anon_send(links->gateway, connect);
    caf::anon_send(links->people, connect);
    caf::anon_send(links->live_power, connect);
    caf::anon_send(links->news_delivery, connect);
    caf::anon_send(links->order_matching, connect);
    caf::anon_send(links->telemetry, connect);
    caf::anon_send(links->consensus, connect);
    caf::anon_send(links->meter_ingestion, connect);
    introduced_.store(true, std::memory_order_release);
  }

  gateway::Ports ports() {
    auto& context = *context_;
    gateway::Ports ports;
    ports.view = [&context] {
      return open_chain_view(context.folder->ledger(), context.genesis_hash);
    };
    ports.status = [&context] { return context.board->node_status(); };
    ports.clock = monotonic_now;
    ports.wall_clock = wall_clock_now;
    ports.submitter = door_ports_.get();
    ports.ingestion = door_ports_.get();
    ports.profiles = people_port_.get();
    ports.live = &live_port_;
    ports.prover = door_ports_.get();
    ports.deliveries = &delivery_port_;
    ports.decode = decoder_of(context.genesis_hash);
    ports.encode_body = wire::encode_body;
    ports.assemble = wire::assemble;
    ports.genesis_hash = context.genesis_hash;
    ports.genesis_json = context.genesis.to_json();
    ports.on_request = [&context](std::string_view route, int status, double seconds) {
      context.metrics->add(monitoring::Metric::gateway_requests_total, 1,
                           {route, std::to_string(status)});
      context.metrics->observe(monitoring::Metric::gateway_request_duration_seconds, seconds,
                               {route});
    };
    ports.on_usage = [&context](std::string_view screen) {
      if (screen.empty())
        return context.metrics->add(monitoring::Metric::gateway_client_errors_total, 1);
      context.metrics->add(monitoring::Metric::gateway_screens_total, 1, {screen});
    };
    return ports;
  }

  Result<void> read_wallets(gateway::GatewayOptions& options) {
    constexpr std::size_t max_wallet_bytes = 64 * 1024 * 1024;
    const auto file = setup_.data / "composer-wallets.json";
    auto stored = storage::read_small_file(file, max_wallet_bytes);
    if (!stored) return stored.error();
    options.composer_multiuser = true;
    options.composer_wallets = stored->value_or("");
    options.save_composer_wallets = [file](const std::string& content) {
      return storage::replace_file(file, content);
    };
    return {};
  }

  /// Counters that survive a restart, for as long as they can be read.
  void read_usage(gateway::GatewayOptions& options) const {
    constexpr std::size_t max_usage_bytes = 4 * 1024 * 1024;
    const auto file = setup_.data / "usage.json";
    auto stored = storage::read_small_file(file, max_usage_bytes);
    if (stored) options.usage = stored->value_or("");
    options.save_usage = [file](const std::string& content) {
      return storage::replace_file(file, content);
    };
  }

  Result<void> start_door() {
    door_ports_ = std::make_unique<DoorPorts>(*context_, *links_);
    people_port_ = std::make_unique<PeoplePort>(links_->people);
    gateway::GatewayOptions options;
    if (setup_.administrator_api_key_hash) {
      options.api_keys.push_back(
          {*setup_.administrator_api_key_hash, gateway::Role::administrator, "administrator"});
    }
    options.composer_namespaces = setup_.composer_namespaces;
    options.web_peers = setup_.web_peers;
    options.require_key_for_reads = setup_.require_key_for_reads;
    options.private_webhooks = setup_.news_ways.webhooks.private_networks;
    read_usage(options);
    if (setup_.composer_multiuser) {
      if (auto read = read_wallets(options); !read) return read;
    }
    door_ = gateway::Gateway::create(options, ports());
    net::HttpServerOptions http;
    http.address = setup_.http_address;
    http.port = setup_.http_port;
    http.gzip_above_bytes = 1024;
    http.tls = setup_.http_tls;
    if (http.tls) {
      http.tls->on_reload = [this](const Result<void>& read) { report_certificate(read); };
    }
    http.body_limit = [this](std::string_view method, std::string_view path) {
      return door_->body_limit(method, path);
    };
    auto server = net::HttpServer::start(
        http, [this](net::HttpRequest request, std::shared_ptr<net::HttpReply> reply) {
          door_->handle(std::move(request), std::move(reply));
        });
    if (!server) return server.error();
    http_ = std::move(*server);
    show_certificate_expiry();
    if (auto redirect = start_redirect(); !redirect) return redirect;
    net::HttpServerOptions metrics;
    metrics.address = setup_.metrics_address;
    metrics.port = setup_.metrics_port;
    metrics.max_body_bytes = 0;
    metrics.max_connections = 64;
    auto metrics_server = net::HttpServer::start(
        metrics, gateway::metrics_handler([this] { return context_->metrics->render(); }));
    if (!metrics_server) return metrics_server.error();
    metrics_server_ = std::move(*metrics_server);
    ticker_ = std::jthread([this](const std::stop_token& stop) { tick_streams(stop); });
    return {};
  }

  void show_certificate_expiry() {
    if (!setup_.http_tls) return;
    const auto expiry = net::certificate_expiry(setup_.http_tls->certificate);
    if (!expiry) return;
    context_->metrics->set(monitoring::Metric::gateway_certificate_expiry_timestamp_seconds,
                           static_cast<double>(*expiry));
  }

  void report_certificate(const Result<void>& read) {
    if (read) {
      show_certificate_expiry();
      return log(LogLevel::info, "gateway", "the renewed certificate is in use");
    }
    log(LogLevel::warning, "gateway",
        "the former certificate stays in use: " + std::string(read.error().detail()));
  }

  /// A plain port that sends everybody to the one with TLS.
  Result<void> start_redirect() {
    if (!setup_.http_redirect_port) return {};
    net::HttpServerOptions options;
    options.address = setup_.http_address;
    options.port = *setup_.http_redirect_port;
    options.max_connections = 256;
    options.max_connections_per_address = 64;
    options.max_buffered_body_bytes = 16u << 20;
    auto server = net::HttpServer::start(options, net::redirect_to_https(http_->port()));
    if (!server) return server.error();
    redirect_server_ = std::move(*server);
    return {};
  }

  /// New blocks reach the event streams at once, idle streams get a sign of life once a second.
  void tick_streams(const std::stop_token& stop) {
    std::uint64_t height = 0;
    auto next_tick = std::chrono::steady_clock::now();
    while (!stop.stop_requested()) {
      const auto now_at = context_->board->node_status().height;
      if (now_at != height) door_->block_committed();
      height = now_at;
      if (std::chrono::steady_clock::now() >= next_tick) {
        door_->tick();
        context_->metrics->set(monitoring::Metric::gateway_connections,
                               static_cast<double>(http_->open_connections()));
        next_tick += 1s;
      }
      std::this_thread::sleep_for(100ms);
    }
  }

  /// The primary hands over, and what is acknowledged or decided becomes durable.
  void drain() {
    caf::scoped_actor self{*system_};
    const auto ignore = [](const caf::error&) {};
    const auto done = [](Drained) {};
    self->request(links_->consensus, 2s, HandOver{}).receive(done, ignore);
    self->request(links_->meter_ingestion, 2s, Drain{}).receive(done, ignore);
    self->request(links_->settlement, 2s, Drain{}).receive(done, ignore);
  }

  void stop_actors() {
    if (!system_) {
      link_.reset();
      return;
    }
    const auto end = [](const auto& actor) {
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    };
    end(supervisor_);
    end(links_->transport);
    end(links_->consensus);
    end(links_->people);
    end(links_->live_power);
    end(links_->news_delivery);
    end(links_->telemetry);
    {
      caf::scoped_actor self{*system_};
      // These use the link, which then brings no more frames to the others.
      self->wait_for(links_->transport, links_->consensus, links_->people, links_->live_power,
                     links_->news_delivery, links_->telemetry);
    }
    link_.reset();
    for (const auto& verifier : links_->verifiers) end(verifier);
    end(links_->gateway);
    end(links_->order_matching);
    end(links_->meter_ingestion);
    end(links_->settlement);
    supervisor_ = {};
    door_ports_.reset();
    people_port_.reset();
    links_.reset();
    system_.reset();  // waits for the actors to be gone
  }

  static constexpr std::size_t wire_frame_bytes = wire::max_frame_bytes;

  PeerSetup setup_;
  std::unique_ptr<PeerContext> context_;
  std::unique_ptr<net::ZmqLink> link_;
  net::CurveKey own_transport_key_{};
  std::atomic<bool> introduced_{false};
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::shared_ptr<const Links> links_;
  caf::actor supervisor_;
  std::unique_ptr<DoorPorts> door_ports_;
  std::unique_ptr<PeoplePort> people_port_;
  std::shared_ptr<SharedLiveBoard> live_board_ = std::make_shared<SharedLiveBoard>();
  LivePort live_port_{live_board_};
  std::shared_ptr<ContactBook> contacts_ = std::make_shared<ContactBook>();
  std::shared_ptr<SharedNewsDesk> news_desk_ = std::make_shared<SharedNewsDesk>();
  DeliveryPort delivery_port_{news_desk_};
  std::unique_ptr<gateway::Gateway> door_;
  std::unique_ptr<net::HttpServer> http_;
  std::unique_ptr<net::HttpServer> redirect_server_;
  std::unique_ptr<net::HttpServer> metrics_server_;
  std::jthread ticker_;
  bool stopped_ = false;
};

}  // namespace

Result<std::unique_ptr<PeerHost>> PeerHost::start(PeerSetup setup,
                                                  std::function<void(const Error&)> fatal) {
  auto peer = std::make_unique<RunningPeer>(std::move(setup));
  auto opened = peer->open(std::move(fatal));
  if (!opened) return opened.error();
  auto running = peer->run();
  if (!running) return running.error();
  return std::unique_ptr<PeerHost>(std::move(peer));
}

}  // namespace powershare::actors
