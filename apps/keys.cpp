#include <cstdio>

#include "apps/commands.hpp"
#include "apps/error.hpp"
#include "apps/exit.hpp"
#include "apps/files.hpp"
#include "apps/genesis_files.hpp"
#include "apps/key_files.hpp"
#include "apps/tls_files.hpp"

namespace powershare::apps {
namespace {

int make_meter_key(const KeysOptions& options) {
  auto meter = MeterId::parse(options.meter);
  if (!meter) return report(meter.error());
  auto folder = make_folder(options.folder);
  if (!folder) return report(folder.error());
  const auto file = options.folder / (meter->text() + ".key");
  auto key = make_key(file);
  if (!key) return report(key.error());
  std::printf("%s\n", to_hex(key->public_key()).c_str());
  std::fprintf(stderr, "The secret key is in %s; the line above is the meter's public_key.\n",
               file.c_str());
  return 0;
}

int make_administrator_key(const KeysOptions& options) {
  auto folder = make_folder(options.folder);
  if (!folder) return report(folder.error());
  const auto file = options.folder / "administrator.key";
  auto key = make_key(file);
  if (!key) return report(key.error());
  std::printf("%s\n", to_hex(key->public_key()).c_str());
  std::fprintf(stderr, "The secret key is in %s: keep it offline.\n", file.c_str());
  return 0;
}

}  // namespace

int run_keys_tls(const TlsKeysOptions& options) {
  auto made = make_tls_files(options.folder, options.names, options.days);
  if (!made) return report(made.error());
  std::printf("%s\n", made->certificate.c_str());
  std::fprintf(stderr,
               "For peer.yaml: http.tls.certificate %s and http.tls.key %s. Clients trust %s.\n",
               made->certificate.c_str(), made->key.c_str(), made->authority.c_str());
  return 0;
}

int run_keys(const KeysOptions& options) {
  if (options.folder.empty()) {
    return report(Error{AppError::usage, "keys needs --folder, or `keys tls --out`"});
  }
  if (options.administrator) return make_administrator_key(options);
  if (!options.meter.empty()) return make_meter_key(options);
  auto peer = PeerId::parse(options.peer);
  if (!peer) return report(peer.error());
  auto keys = make_peer_keys(options.folder);
  if (!keys) return report(keys.error());
  std::printf("%s\n", member_to_json(member_of(*peer, *keys)).c_str());
  std::fprintf(stderr,
               "The secret keys are in %s, for the peer's machine only; the line above is for "
               "`powershare genesis`.\n",
               options.folder.c_str());
  return 0;
}

}  // namespace powershare::apps
