// powershare: reads the command line; each command has a file of its own.
#include <CLI/CLI.hpp>

#include "apps/adapter.hpp"
#include "apps/bench_consensus.hpp"
#include "apps/bench_ingest.hpp"
#include "apps/bench_market.hpp"
#include "apps/bench_settlement.hpp"
#include "apps/commands.hpp"
#include "apps/governance.hpp"
#include "apps/grid_services.hpp"
#include "apps/import_composer.hpp"
#include "apps/market_commands.hpp"
#include "apps/network_losses.hpp"
#include "apps/sim.hpp"
#include "apps/time_zone.hpp"
#include "apps/verify_allocation.hpp"
#include "apps/verify_certificate.hpp"
#include "base/exit_codes.hpp"

namespace {

using namespace powershare::apps;

constexpr auto namespaces_help =
    "how /api names the former server's types: never (Coins), always "
    "(org.smile.energy.network.Coins), or required, which is never here";

void add_composer(CLI::App& app, std::string& namespaces, bool& multiuser) {
  app.add_option("--composer-namespaces", namespaces, namespaces_help)
      ->check(CLI::IsMember({"never", "required", "always"}));
  app.add_flag("--composer-multiuser", multiuser,
               "each API key imports cards at /api/wallet and acts as their participants");
}

/// What batteries and vehicles of the profiles do; of `up` and `market replay`.
template <class Options>
void add_storage(CLI::App& app, Options& options) {
  app.add_option("--storage", options.storage,
                 "batteries of the profiles: none, home (each for its own home) or community")
      ->capture_default_str();
  app.add_option("--vehicles", options.vehicles,
                 "vehicles of the profiles: none, naive (charged at once), smart (from surplus, in "
                 "time for the next trip) or v2g (those that can give back what they do not need)")
      ->capture_default_str();
  app.add_option("--battery-reserve", options.battery_reserve,
                 "kWh that each battery keeps for its own home")
      ->capture_default_str();
}

void add_up(CLI::App& app, UpOptions& options) {
  app.add_option("--microgrids", options.microgrids, "number of microgrids")->capture_default_str();
  app.add_option("--peers", options.peers, "peers of the microgrid, 4 to 13")
      ->capture_default_str();
  app.add_option("--profiles", options.profiles,
                 "folder of profiles: community_scenario.csv, load_w_15min.csv, pv_pu_15min.csv; "
                 "without it a built-in neighbourhood of 12 homes")
      ->check(CLI::ExistingDirectory);
  app.add_option("--start", options.start,
                 "island time to start at, ISO 8601 [the start of the profiles]");
  app.add_option("--until", options.until,
                 "island time to end at, ISO 8601 [the end of the profiles]");
  app.add_option("--slot", options.slot, "length of a market slot: 1m, 5m, 15m, 30m, 1h")
      ->capture_default_str();
  app.add_option("--speed", options.speed, "island seconds per real second, or max")
      ->capture_default_str();
  app.add_option(
      "--data", options.data,
      "folder for keys, ledgers and logs [./powershare-data; with --once a temporary one]");
  app.add_option("--http-port", options.http_port,
                 "REST port of the first peer; the others take the next ones")
      ->capture_default_str();
  app.add_option("--metrics-port", options.metrics_port, "metrics port of the first peer")
      ->capture_default_str();
  app.add_option("--peer-port", options.peer_port, "first port between the peers; each takes two")
      ->capture_default_str();
  app.add_flag("--once", options.once,
               "stop when all profiles are settled, print the bills, audit every ledger");
  app.add_flag("--detach", options.detach,
               "return when the island is ready; it goes on in the background");
  app.add_flag("--json", options.json, "with --once: a summary in JSON as the last line");
  app.add_flag("--restart", options.restart, "start a peer again that has died");
  app.add_flag("--empty", options.empty, "no participants and no meters, in real time");
  app.add_flag("--tls", options.tls,
               "https on every REST port, with a development authority in DATA/tls/ca.pem");
  app.add_option("--api-key", options.api_key, "the administrator's API key [generated]");
  add_composer(app, options.composer_namespaces, options.composer_multiuser);
  app.add_option("--opening-coins", options.opening_coins, "coins that each home starts with")
      ->capture_default_str();
  app.add_option("--rule", options.rule, "clearing rule, as `powershare market rules` lists them")
      ->capture_default_str();
  add_storage(app, options);
  app.add_option("--zone", options.zone,
                 "time zone of a new chain's calendar, as tzdata names it [Atlantic/Madeira]");
  app.add_option("--seed", options.seed,
                 "seed of the built-in neighbourhood and of the meters' jitter")
      ->capture_default_str();
}

void add_keys_tls(CLI::App& app, TlsKeysOptions& options) {
  app.description(
      "make ca.pem, ca.key, server.pem and server.key: a development authority and a server\n"
      "certificate for localhost, 127.0.0.1 and the names given. What is there is kept, but for\n"
      "server.pem: run it again to renew that one; running peers notice by themselves");
  app.add_option("--out", options.folder, "folder for the files")->required();
  app.add_option("--name", options.names, "a further host name or IP address; may be repeated");
  app.add_option("--days", options.days, "how long the server certificate is good")
      ->check(CLI::Range(1, 825))
      ->capture_default_str();
}

void add_genesis(CLI::App& app, GenesisOptions& options) {
  app.add_option("--chain", options.chain, "id of the chain, as funchal")->required();
  app.add_option("--member", options.members,
                 "file with a line printed by `powershare keys`; once per peer, at least 4")
      ->required();
  app.add_option("--administrator", options.administrator_key,
                 "file with the administrator's public key in hex")
      ->required();
  app.add_option("--utility", options.utility, "id of the supplier")->capture_default_str();
  app.add_option("--tariff", options.tariff, "the supplier's price, coins per kWh")
      ->capture_default_str();
  app.add_option("--feed-in", options.feed_in, "what the supplier pays, coins per kWh")
      ->capture_default_str();
  app.add_option("--slot", options.slot, "length of a market slot")->capture_default_str();
  app.add_option("--zone", options.zone,
                 "time zone of the chain's calendar, as Atlantic/Madeira [UTC]");
  app.add_option("--out", options.out, "file to write [standard output]");
}

void add_calendar(CLI::App& app, CalendarOptions& options) {
  options.zone = default_zone;
  options.from = first_calendar_year;
  options.to = last_calendar_year;
  app.description(
      "print a zone's offsets from UTC, by this machine's tzdata. With --json it is the\n"
      "SetCalendar that POST /v1/transactions takes and that a genesis may list");
  app.add_option("--zone", options.zone, "name of the zone in the tz database")
      ->capture_default_str();
  app.add_option("--from", options.from, "first year")->capture_default_str();
  app.add_option("--to", options.to, "last year")->capture_default_str();
  app.add_flag("--json", options.json, "print JSON");
}

void add_bench_ingest(CLI::App& app, BenchIngestOptions& options) {
  app.add_flag("--json", options.json, "the figures in JSON as the last line");
  app.add_option("--seconds", options.seconds, "how long readings are posted")
      ->capture_default_str();
  app.add_option("--rate", options.rate, "readings per second in all; 0: as fast as it goes")
      ->capture_default_str();
  app.add_option("--meters", options.meters, "meters, of up to 360 readings each")
      ->capture_default_str();
  app.add_option("--batch", options.batch, "readings per request")->capture_default_str();
  app.add_option("--peers", options.peers, "peers of the chain, 4 to 13")->capture_default_str();
}

void add_import_composer(CLI::App& app, ImportComposerOptions& options) {
  auto* from = app.add_option("--from", options.source, "the former server, http(s)://IP:PORT");
  app.add_option("--from-folder", options.folder,
                 "or a folder of its lists: Coins.json, Energy.json, Cash.json, Resident.json, …")
      ->check(CLI::ExistingDirectory)
      ->excludes(from);
  app.add_option("--from-api-key-file", options.source_api_key,
                 "file with the former server's API key [it asks for none]");
  app.add_option("--from-ca", options.source_authorities,
                 "PEM file of whom to trust with the former server's https");
  app.add_option("--peer", options.peer, "a peer of the chain, http(s)://IP:PORT")->required();
  app.add_option("--api-key-file", options.api_key, "file with an administrator's API key")
      ->required();
  app.add_option("--ca", options.authorities, "PEM file of whom to trust with the peer's https");
  app.add_flag("--apply", options.apply, "import; without it, only say what would be done");
  app.add_flag("--json", options.json, "print JSON");
}

/// What every governance command that signs takes.
void add_signing(CLI::App& command, GovernanceOptions& options, GovernanceAction action) {
  command.add_option("--key", options.key, "administrator.key, the secret key")->required();
  command.add_option("--genesis", options.genesis, "the chain's genesis [asked of the peer]");
  command.add_option("--expires", options.expires, "how long the transaction may wait, up to 24h")
      ->capture_default_str();
  auto* peer =
      command.add_option("--peer", options.peer, "a peer to send it to, http(s)://IP:PORT");
  command.add_option("--ca", options.authorities, "PEM file of whom to trust with https")
      ->capture_default_str();
  command.add_option("--out", options.out, "write the signed transaction there and send nothing")
      ->excludes(peer);
  command.add_flag("--json", options.json, "print JSON");
  command.callback([&options, action] { options.action = action; });
}

void add_governance(CLI::App& app, GovernanceOptions& options) {
  app.require_subcommand(1);
  auto* add = app.add_subcommand("add-member", "a further peer, from the next epoch on");
  add->add_option("--member", options.member, "file with the line printed by `powershare keys`")
      ->required();
  add->add_option("--control", options.control_endpoint, "where it listens, tcp://HOST:PORT");
  add->add_option("--bulk", options.bulk_endpoint, "likewise, for state transfer");
  add_signing(*add, options, GovernanceAction::add_member);
  auto* remove = app.add_subcommand("remove-member", "a peer leaves with the next epoch");
  remove->add_option("--id", options.peer_id, "its peer id")->required();
  add_signing(*remove, options, GovernanceAction::remove_member);
  auto* replace = app.add_subcommand("replace-keys", "other keys for a peer, from the next epoch");
  replace->add_option("--member", options.member, "file with the line printed by `powershare keys`")
      ->required();
  add_signing(*replace, options, GovernanceAction::replace_keys);
  auto* level = app.add_subcommand("feature-level", "switches on what newer programs can do");
  level->add_option("level", options.level, "the current level + 1")->required();
  add_signing(*level, options, GovernanceAction::feature_level);
  auto* parameter = app.add_subcommand("parameter", "changes an agreed parameter at once");
  parameter->add_option("name", options.name, "as close_grace")->required();
  parameter->add_option("value", options.value, "as 5m")->required();
  add_signing(*parameter, options, GovernanceAction::parameter);
  auto* network = app.add_subcommand(
      "network", "levels of the grid with their fees, limits and losses, for slots to come");
  network->add_option("file", options.file, "a SetNetwork in JSON, as `network losses` writes it")
      ->required();
  add_signing(*network, options, GovernanceAction::network);
  auto* shares = app.add_subcommand("shares", "by which shares energy is shared, from a slot on");
  shares->add_option("file", options.file, "a SetShares in JSON")->required();
  add_signing(*shares, options, GovernanceAction::shares);
  auto* tariff = app.add_subcommand("tariff", "a utility's tariff by the hour, from a slot on");
  tariff->add_option("file", options.file, "a SetTariff in JSON")->required();
  add_signing(*tariff, options, GovernanceAction::tariff);
  auto* source = app.add_subcommand("source", "what a meter's plant makes its energy from");
  source->add_option("meter", options.name, "the meter's id")->required();
  source->add_option("source", options.value, "solar, wind, hydro, thermal or other")->required();
  add_signing(*source, options, GovernanceAction::source);
  auto* submit = app.add_subcommand("submit", "sends what --out has written");
  submit->add_option("file", options.transaction, "the signed transaction")->required();
  submit->add_option("--peer", options.peer, "a peer to send it to, http(s)://IP:PORT")->required();
  submit->add_option("--ca", options.authorities, "PEM file of whom to trust with https")
      ->capture_default_str();
  submit->add_flag("--json", options.json, "print JSON");
  submit->callback([&options] { options.action = GovernanceAction::submit; });
}

void add_network_losses(CLI::App& app, NetworkLossesOptions& options) {
  app.description(
      "find what trades between the houses of a feeder lose in its lines, by an unbalanced\n"
      "three-phase power flow, as integers that a chain takes (docs/network-losses.md)");
  app.add_option("--feeder", options.feeder,
                 "folder of buses.csv, lines.csv, linecodes.csv and loads.csv")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--profiles", options.profiles,
                 "power of the loads by minute [profiles_1min_kw.csv of the folder]");
  app.add_option("--minutes", options.minutes, "operating points, as 566 or 480-1080/15,1439")
      ->capture_default_str();
  app.add_option("--load-kw", options.load_kw, "one point instead: each load draws so many kW");
  app.add_option("--method", options.method,
                 "marginal: what a small trade adds; average: what one of --trade-kw adds")
      ->capture_default_str();
  app.add_option("--trade-kw", options.trade_kw, "size of a trade of method average, kW")
      ->capture_default_str();
  app.add_option("--zones", options.zones, "load, phase, or a file of LOAD,ZONE lines")
      ->capture_default_str();
  app.add_option("--participants", options.participants,
                 "file of LOAD,PARTICIPANT lines, as LOAD1,Resident:H01 [Resident:LOAD]");
  app.add_option("--source", options.source, "bus that is fed [the first of buses.csv]");
  app.add_option("--voltage", options.line_to_line_v, "between lines at the source, V")
      ->capture_default_str();
  app.add_option("--name", options.name, "id of the feeder's level")->capture_default_str();
  app.add_option("--fee", options.fees,
                 "feeder=COINS, neighbourhood=COINS or island=COINS per kWh; may be repeated");
  app.add_option("--transformer-kva", options.transformer_kva,
                 "what the border of the feeder carries, at power factor 1 [no limit]");
  app.add_option("--slot", options.slot, "length of the chain's slots, for that limit")
      ->capture_default_str();
  app.add_option("--out", options.out, "file for the SetNetwork in JSON");
  app.add_flag("--json", options.json, "print that JSON instead of the table");
}

void add_verify_certificate(CLI::App& app, VerifyCertificateOptions& options) {
  app.add_option("--genesis", options.genesis, "the chain's genesis.json")->required();
  app.add_option("--certificate", options.certificate,
                 "what GET /v1/blocks/{height}/certificate answered; - for standard input")
      ->capture_default_str();
  app.add_flag("--json", options.json, "print JSON");
}

void add_verify_allocation(CLI::App& app, VerifyAllocationOptions& options) {
  app.add_option("--genesis", options.genesis, "the chain's genesis.json")->required();
  app.add_option("--certificate", options.certificate,
                 "what GET /v1/blocks/{height}/certificate answered for the allocation's height")
      ->required();
  app.add_option("--allocation", options.allocation,
                 "what GET /v1/slots/{start}/allocation answered; - for standard input")
      ->capture_default_str();
  app.add_flag("--json", options.json, "print JSON");
}

void add_bench_consensus(CLI::App& app, BenchConsensusOptions& options) {
  app.add_flag("--json", options.json, "the figures in JSON as the last line");
  app.add_flag("--table", options.table, "run the whole matrix and print it as Markdown");
  app.add_option("--peers", options.peers, "peers of the chain, 4 to 13")->capture_default_str();
  app.add_option("--payload", options.payload, "bytes of a request")->capture_default_str();
  app.add_option("--sign", options.sign,
                 "each, none, or batch:N: a client signs N requests at once")
      ->capture_default_str();
  app.add_flag("--memory,!--durable", options.memory,
               "keep the peers' logs in memory instead of on the disk");
  app.add_option("--clients", options.clients, "clients, each with a key of its own")
      ->capture_default_str();
  app.add_option("--outstanding", options.outstanding,
                 "requests, or bundles of them, that each client has under way")
      ->capture_default_str();
  app.add_option("--rate", options.rate, "requests per second of all clients; 0: closed loop")
      ->capture_default_str();
  app.add_option("--seconds", options.seconds, "how long is measured, after one of warming up")
      ->capture_default_str();
}

void add_sim(CLI::App& app, SimOptions& options) {
  app.add_option("--seed", options.seed, "the seed, or the first of --seeds")
      ->capture_default_str();
  app.add_option("--seeds", options.seeds, "how many seeds, one after the other")
      ->capture_default_str();
  app.add_option("--steps", options.steps, "events under faults before everything heals")
      ->capture_default_str();
  app.add_option("--peers", options.peers,
                 "peers of the chain, 4 to 13 [4; with --seeds 4, 5, 6, 7 or 10 by seed]");
  app.add_option("--faults", options.faults,
                 "exactly these, separated by commas, or none, or all [what each seed draws]");
  app.add_flag("--real-signatures", options.real_signatures,
               "Ed25519 instead of the simulator's keyed hash");
  app.add_flag("--history", options.history, "print every event of the run");
  app.add_flag("--json", options.json, "the figures in JSON as the last line");
}

void add_bench_settlement(CLI::App& app, BenchSettlementOptions& options) {
  app.add_flag("--json", options.json, "the figures in JSON as the last line");
  app.add_option("--seconds", options.seconds, "for each kind, at most")->capture_default_str();
  app.add_option("--block", options.per_block, "transactions in a block")->capture_default_str();
  app.add_option("--batch", options.batch, "readings in a transaction")->capture_default_str();
  app.add_option("--meters", options.meters, "meters, of up to 360 readings each")
      ->capture_default_str();
}

void add_bench_market(CLI::App& app, BenchMarketOptions& options) {
  app.add_flag("--json", options.json, "the figures in JSON as the last line");
  app.add_flag("--table", options.table, "print them as Markdown");
  app.add_option("--orders", options.orders, "orders of a book; may be repeated")
      ->capture_default_str();
  app.add_option("--rule", options.rules, "a rule; may be repeated [all]");
}

/// The subcommands of `market`; gives what the chosen one is to run.
struct MarketCommands {
  MarketClearOptions clear;
  MarketReplayOptions replay;
  MarketCheckOptions check;
  GridServiceOptions service;
  CLI::App* clear_command = nullptr;
  CLI::App* check_command = nullptr;
  CLI::App* replay_command = nullptr;
  std::vector<CLI::App*> service_commands;
};

void add_grid_service(CLI::App& app, const char* name, const char* help, GridService service,
                      MarketCommands& commands) {
  auto* command = app.add_subcommand(name, help);
  auto& options = commands.service;
  command->add_option("--file", options.file, "JSON as docs/grid-services.md says; - for stdin")
      ->capture_default_str();
  if (service == GridService::flexibility) {
    command->add_option("--key", options.key, "secret key file that signs the billing records");
  }
  command->add_flag("--json", options.json, "no table on standard error");
  command->callback([&options, service] { options.service = service; });
  commands.service_commands.push_back(command);
}

void add_market(CLI::App& app, MarketCommands& commands) {
  app.require_subcommand(1);
  app.add_subcommand("rules", "list the clearing rules (docs/market.md says what each one does)");
  auto* clear = app.add_subcommand("clear", "clear one book of orders: JSON in, JSON out");
  commands.clear_command = clear;
  clear->add_option("--rule", commands.clear.rule, "clearing rule")->capture_default_str();
  clear->add_option("--book", commands.clear.book, "the book, JSON; - for standard input")
      ->capture_default_str();
  clear->add_flag("--json", commands.clear.json, "no table on standard error");
  auto* check = app.add_subcommand(
      "check", "prove offline that a slot's clearing by rule optimal is an optimum");
  commands.check_command = check;
  check
      ->add_option("--certificate", commands.check.certificate,
                   "what GET /v1/slots/{start}/certificate answered; - for standard input")
      ->capture_default_str();
  check->add_flag("--json", commands.check.json, "print JSON");
  add_grid_service(app, "flexibility",
                   "call the cheapest offers of two regions' stores, and settle by meters",
                   GridService::flexibility, commands);
  add_grid_service(app, "curtail", "curtail plants fairly, by what each has given up so far",
                   GridService::curtailment, commands);
  add_grid_service(app, "dispatch", "share power among a community's batteries by their losses",
                   GridService::dispatch, commands);
  auto* replay = app.add_subcommand(
      "replay",
      "the same readings under several rules or tariffs: what if it were cleared otherwise");
  commands.replay_command = replay;
  auto& options = commands.replay;
  replay
      ->add_option("--profiles", options.profiles,
                   "folder of profiles, as of `up` [a built-in neighbourhood of 12 homes]")
      ->check(CLI::ExistingDirectory);
  replay
      ->add_option("--ledger", options.ledger,
                   "data folder of a stopped peer: the readings that its chain has settled")
      ->check(CLI::ExistingDirectory);
  replay->add_option("--rule", options.rules, "a clearing rule; may be repeated [all]");
  replay
      ->add_option("--tariff", options.tariffs,
                   "the utility's price, coins per kWh; may be repeated")
      ->capture_default_str();
  replay->add_option("--feed-in", options.feed_in, "what the utility pays, coins per kWh")
      ->capture_default_str();
  replay->add_option("--buy-rate", options.buy_rate,
                     "what homes pay at most, coins per kWh, all-in [the tariff]");
  replay->add_option("--sell-rate", options.sell_rate,
                     "what homes ask at least, coins per kWh [half of the way to the tariff]");
  replay->add_option("--fee", options.fee, "fee of the grid, coins per kWh traded")
      ->capture_default_str();
  replay->add_option("--loss", options.loss, "kWh lost per kWh traded")->capture_default_str();
  replay->add_option("--start", options.start, "first slot, ISO 8601 [the profiles' start]");
  replay->add_option("--until", options.until, "end of the last slot, ISO 8601 [their end]");
  add_storage(*replay, options);
  replay->add_option("--chart", options.chart, "write a comparison chart there, SVG");
  replay->add_flag("--json", options.json, "the figures in JSON as the last line");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Power Share: a peer-to-peer energy market for an island"};
  app.set_version_flag("--version", POWERSHARE_VERSION);
  app.require_subcommand(1);

  UpOptions up;
  add_up(*app.add_subcommand("up", "start an island of peers on this machine and feed it readings"),
         up);
  DataOptions down;
  app.add_subcommand("down", "stop what `up` started")
      ->add_option("--data", down.data, "the island's folder")
      ->required();
  PeerOptions peer;
  auto* peer_command = app.add_subcommand("peer", "run one peer in the foreground");
  peer_command->add_option("--config", peer.config, "its peer.yaml")->required();
  peer_command->add_flag(
      "--recover", peer.recover,
      "the data folder or its IDENTITY is lost: begin anew from the other peers");
  add_composer(*peer_command, peer.composer_namespaces, peer.composer_multiuser);
  AdapterOptions adapter;
  app.add_subcommand("adapter",
                     "bring readings of Tasmota, Shelly and P1 meters to the peers (a household's "
                     "box); see docs/adapters.md")
      ->add_option("--config", adapter.config, "its adapter.yaml")
      ->required();
  KeysOptions keys;
  auto* keys_command =
      app.add_subcommand("keys", "make the key files of a peer or of the administrator");
  keys_command->add_option("--folder", keys.folder,
                           "folder for the secret key files; existing ones are kept");
  auto* peer_option = keys_command->add_option(
      "--peer", keys.peer, "id of the peer: prints its public keys for the genesis");
  auto* administrator_option = keys_command
                                   ->add_flag("--administrator", keys.administrator,
                                              "make administrator.key and print its public key")
                                   ->excludes(peer_option);
  keys_command
      ->add_option("--meter", keys.meter,
                   "make METER.key, to sign its readings with, and print "
                   "its public key")
      ->excludes(peer_option)
      ->excludes(administrator_option);
  TlsKeysOptions keys_tls;
  auto* keys_tls_command = keys_command->add_subcommand("tls");
  add_keys_tls(*keys_tls_command, keys_tls);
  GenesisOptions genesis;
  add_genesis(*app.add_subcommand("genesis", "write the genesis of a new chain"), genesis);
  CalendarOptions calendar;
  add_calendar(*app.add_subcommand("calendar"), calendar);
  DataOptions audit;
  auto* audit_command =
      app.add_subcommand("audit", "replay every ledger offline and check all that it claims");
  auto* audit_data = audit_command->add_option("--data", audit.data, "an island's folder");
  audit_command->add_option("--peer-dir", audit.peer_dir, "or one peer's folder")
      ->excludes(audit_data);
  audit_command->add_flag("--json", audit.json, "print JSON");
  GovernanceOptions governance;
  auto* governance_command = app.add_subcommand(
      "governance", "change members, feature level or parameters with the administrator's key");
  add_governance(*governance_command, governance);
  NetworkLossesOptions network_losses;
  auto* network_command = app.add_subcommand("network", "the grid beneath the market");
  network_command->require_subcommand(1);
  auto* losses_command = network_command->add_subcommand("losses");
  add_network_losses(*losses_command, network_losses);
  VerifyCertificateOptions verify_certificate;
  auto* verify_command = app.add_subcommand("verify-certificate",
                                            "check offline that a block is of the genesis's chain");
  add_verify_certificate(*verify_command, verify_certificate);
  VerifyAllocationOptions verify_allocation;
  auto* verify_allocation_command = app.add_subcommand(
      "verify-allocation", "check offline which energy a slot allocated to whom");
  add_verify_allocation(*verify_allocation_command, verify_allocation);
  BenchIngestOptions bench_ingest;
  auto* bench_command =
      app.add_subcommand("bench", "measure an island of its own, which is gone afterwards");
  bench_command->require_subcommand(1);
  auto* bench_ingest_command = bench_command->add_subcommand(
      "ingest", "signed readings per second, and how long acknowledgements take");
  add_bench_ingest(*bench_ingest_command, bench_ingest);
  BenchConsensusOptions bench_consensus;
  auto* bench_consensus_command = bench_command->add_subcommand(
      "consensus", "opaque requests per second through consensus alone, and their latency");
  add_bench_consensus(*bench_consensus_command, bench_consensus);
  BenchSettlementOptions bench_settlement;
  auto* bench_settlement_command = bench_command->add_subcommand(
      "settlement", "transactions per second through the ledger alone, by kind");
  add_bench_settlement(*bench_settlement_command, bench_settlement);
  BenchMarketOptions bench_market;
  auto* bench_market_command = bench_command->add_subcommand(
      "market", "clearing books of up to a million orders by each rule, without an island");
  add_bench_market(*bench_market_command, bench_market);
  MarketCommands market;
  auto* market_command =
      app.add_subcommand("market", "clear a book, or replay readings under other rules");
  add_market(*market_command, market);
  BenchConsensusPeerOptions bench_consensus_peer;
  auto* bench_consensus_peer_command =
      bench_command->add_subcommand("consensus-peer", "one peer of `bench consensus`")->group("");
  bench_consensus_peer_command->add_option("--config", bench_consensus_peer.config)->required();
  bench_consensus_peer_command->add_flag("--unsigned", bench_consensus_peer.unsigned_requests);
  ImportComposerOptions import_composer;
  auto* import_command = app.add_subcommand(
      "import-composer",
      "bring participants, assets and balances of a Composer REST server into a running chain");
  add_import_composer(*import_command, import_composer);
  SimOptions sim;
  add_sim(*app.add_subcommand(
              "sim", "simulate whole chains under faults; the same seed gives the same run"),
          sim);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(powershare::ExitCode::usage);
  }
  if (app.got_subcommand("up")) return run_up(up);
  if (app.got_subcommand("down")) return run_down(down);
  if (app.got_subcommand("peer")) return run_peer(peer);
  if (keys_tls_command->parsed()) return run_keys_tls(keys_tls);
  if (app.got_subcommand("adapter")) return run_adapter(adapter);
  if (app.got_subcommand("keys")) return run_keys(keys);
  if (governance_command->parsed()) return run_governance(governance);
  if (losses_command->parsed()) return run_network_losses(network_losses);
  if (verify_command->parsed()) return run_verify_certificate(verify_certificate);
  if (verify_allocation_command->parsed()) return run_verify_allocation(verify_allocation);
  if (app.got_subcommand("genesis")) return run_genesis(genesis);
  if (app.got_subcommand("calendar")) return run_calendar(calendar);
  if (import_command->parsed()) return run_import_composer(import_composer);
  if (app.got_subcommand("sim")) return run_sim(sim);
  if (bench_ingest_command->parsed()) return run_bench_ingest(bench_ingest);
  if (bench_consensus_command->parsed()) return run_bench_consensus(bench_consensus);
  if (bench_settlement_command->parsed()) return run_bench_settlement(bench_settlement);
  if (bench_market_command->parsed()) return run_bench_market(bench_market);
  if (market.clear_command->parsed()) return run_market_clear(market.clear);
  if (market.check_command->parsed()) return run_market_check(market.check);
  if (market.replay_command->parsed()) return run_market_replay(market.replay);
  for (const auto* command : market.service_commands) {
    if (command->parsed()) return run_grid_service(market.service);
  }
  if (market_command->parsed()) return run_market_rules();
  if (bench_consensus_peer_command->parsed()) {
    return run_bench_consensus_peer(bench_consensus_peer);
  }
  if (audit.data.empty() && audit.peer_dir.empty()) {
    std::cerr << "powershare: audit needs --data or --peer-dir\n";
    return static_cast<int>(powershare::ExitCode::usage);
  }
  return run_audit(audit);
}
