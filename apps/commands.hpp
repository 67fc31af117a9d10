// The subcommands of powershare: what each one is given, and the function that runs it and returns
// the exit code. main.cpp reads the command line into these; each command has a file of its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace powershare::apps {

struct UpOptions {
  int microgrids = 1;
  int peers = 4;  ///< per microgrid
  std::optional<std::filesystem::path> profiles;
  std::string start;  ///< ISO 8601; empty: the start of the profiles
  std::string until;  ///< ISO 8601; empty: the end of the profiles
  std::string slot = "15m";
  std::string speed = "300";  ///< or "max"
  std::optional<std::filesystem::path>
      data;  ///< default: ./powershare-data; with --once a folder that is removed again
  int http_port = 8080;
  int metrics_port = 9464;
  int peer_port = 7400;
  bool once = false;
  bool detach = false;
  bool json = false;
  bool restart = false;
  bool empty = false;
  bool tls = false;     ///< https on every REST port, with certificates made for it
  std::string api_key;  ///< empty: generated
  std::string composer_namespaces = "never";
  bool composer_multiuser = false;
  std::string opening_coins = "1000";
  std::string rule = "pay_as_clear";
  std::string storage = "none";       ///< none, home, community
  std::string vehicles = "none";      ///< none, naive, smart, v2g
  std::string battery_reserve = "0";  ///< kWh of each battery
  std::string zone;  ///< of the calendar; empty: default_zone, where this machine knows it
  std::uint64_t seed = 1;
};

struct DataOptions {
  std::filesystem::path data;      ///< an island's folder
  std::filesystem::path peer_dir;  ///< or one peer's folder (audit)
  bool json = false;
};

struct PeerOptions {
  std::filesystem::path config;
  std::string composer_namespaces;  ///< empty: as the configuration says
  bool composer_multiuser = false;  ///< or as the configuration says
  bool recover = false;  ///< the data folder or its IDENTITY is lost: begin anew from the others
};

struct KeysOptions {
  std::filesystem::path folder;  ///< makes a peer's keys there
  std::string peer;              ///< prints the member entry for this peer id
  bool administrator = false;    ///< makes administrator.key instead
  std::string meter;             ///< or <meter>.key, with which a meter's readings are signed
};

/// A development authority and a server certificate that it has signed.
struct TlsKeysOptions {
  std::filesystem::path folder;
  std::vector<std::string> names;  ///< besides localhost and 127.0.0.1
  int days = 365;                  ///< of the server certificate
};

struct GenesisOptions {
  std::string chain;
  std::vector<std::filesystem::path> members;  ///< files printed by `keys`
  std::filesystem::path administrator_key;     ///< file with the public key in hex
  std::string utility = "EEM";
  std::string tariff = "0.1629";
  std::string feed_in = "0";
  std::string slot = "15m";
  std::string zone;           ///< of the calendar; empty: none, local time is UTC
  std::filesystem::path out;  ///< empty: standard output
};

struct CalendarOptions {
  std::string zone;
  int from = 0;
  int to = 0;  ///< the last year
  bool json = false;
};

int run_up(const UpOptions& options);
int run_down(const DataOptions& options);
int run_peer(const PeerOptions& options);
int run_keys(const KeysOptions& options);
int run_keys_tls(const TlsKeysOptions& options);
int run_genesis(const GenesisOptions& options);
int run_audit(const DataOptions& options);
int run_calendar(const CalendarOptions& options);

}  // namespace powershare::apps
