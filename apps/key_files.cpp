#include "apps/key_files.hpp"

#include <algorithm>

#include "apps/error.hpp"
#include "apps/files.hpp"

namespace powershare::apps {
namespace {

Result<crypto::Seed> load_seed(const std::filesystem::path& file) {
  auto text = read_secret_file(file);
  if (!text) return text.error();
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  auto bytes = from_hex(*text);
  crypto::wipe({reinterpret_cast<std::uint8_t*>(text->data()), text->size()});
  if (!bytes || bytes->size() != 32) {
    return Error{AppError::bad_configuration,
                 file.string() + ": not a key of 64 hexadecimal digits"};
  }
  crypto::Seed seed;
  std::copy(bytes->begin(), bytes->end(), seed.begin());
  crypto::wipe(*bytes);
  return seed;
}

Result<crypto::Seed> make_seed(const std::filesystem::path& file) {
  std::error_code code;
  if (!std::filesystem::exists(file, code)) {
    crypto::Seed seed;
    crypto::random_bytes(seed);
    auto written = write_file(file, to_hex(seed) + "\n", 0600);
    if (!written) return written.error();
    return seed;
  }
  return load_seed(file);
}

Result<PeerKeys> peer_keys(const std::filesystem::path& folder,
                           Result<crypto::Seed> (*seed_of)(const std::filesystem::path&)) {
  auto consensus = seed_of(folder / "consensus.key");
  if (!consensus) return consensus.error();
  auto gateway = seed_of(folder / "gateway.key");
  if (!gateway) return gateway.error();
  auto transport = seed_of(folder / "transport.key");
  if (!transport) return transport.error();
  return PeerKeys{crypto::KeyPair::from_seed(*consensus),
                  crypto::KeyPair::from_seed(*gateway),
                  {net::curve_public_key(*transport), *transport}};
}

}  // namespace

Result<PeerKeys> make_peer_keys(const std::filesystem::path& folder) {
  auto made = make_folder(folder);
  if (!made) return made.error();
  return peer_keys(folder, make_seed);
}

Result<PeerKeys> load_peer_keys(const std::filesystem::path& folder) {
  return peer_keys(folder, load_seed);
}

Result<crypto::KeyPair> make_key(const std::filesystem::path& file) {
  auto seed = make_seed(file);
  if (!seed) return seed.error();
  return crypto::KeyPair::from_seed(*seed);
}

Result<crypto::KeyPair> load_key(const std::filesystem::path& file) {
  auto seed = load_seed(file);
  if (!seed) return seed.error();
  return crypto::KeyPair::from_seed(*seed);
}

ledger::Member member_of(const PeerId& peer, const PeerKeys& keys) {
  return {peer, keys.consensus.public_key(), keys.gateway.public_key(), keys.transport.public_key};
}

std::string generate_api_key() {
  std::array<std::uint8_t, 32> random{};
  crypto::random_bytes(random);
  auto text = to_base64(random);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  text.erase(text.find('='));
  return "ps_" + text;
}

}  // namespace powershare::apps
