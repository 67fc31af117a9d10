// The files that a peer is set up with: peer.yaml, genesis.json, island.json, a member's line. The
// first byte chooses which.
#include <unistd.h>

#include <fstream>

#include "apps/genesis_files.hpp"
#include "apps/island_files.hpp"
#include "apps/peer_config.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace powershare;
using fuzz::require;
namespace fs = std::filesystem;

namespace {

/// A folder in memory that goes with the process.
struct Scratch {
  Scratch() {
    std::string name = "/dev/shm/powershare-fuzz-XXXXXX";
    require(::mkdtemp(name.data()) != nullptr);
    folder = name;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
  fs::path put(const char* name, std::string_view text) const {
    std::ofstream(folder / name, std::ios::binary | std::ios::trunc) << text;
    fs::permissions(folder / name, fs::perms(0600));
    return folder / name;
  }
  fs::path folder;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Scratch scratch;
  if (size == 0) return 0;
  const std::string_view text = as_text({data + 1, size - 1});
  switch (data[0] % 4) {
    case 0:
      if (const auto config = apps::load_peer_config(scratch.put("peer.yaml", text))) {
        const auto again = apps::load_peer_config(scratch.put("peer.yaml", config->to_yaml()));
        require(again.ok() && again->to_yaml() == config->to_yaml());
      }
      break;
    case 1:
      if (const auto genesis = ledger::Genesis::from_json(text)) {
        const auto again = ledger::Genesis::from_json(genesis->to_json());
        require(again.ok() && again->hash() == genesis->hash());
      }
      break;
    case 2:
      scratch.put("island.json", text);
      if (const auto island = apps::read_island(scratch.folder)) {
        require(apps::write_island(scratch.folder, *island).ok());
        require(apps::read_island(scratch.folder).ok());
      }
      break;
    default:
      if (const auto member = apps::member_from_json(text)) {
        const auto again = apps::member_from_json(apps::member_to_json(*member));
        require(again.ok() && apps::member_to_json(*again) == apps::member_to_json(*member));
      }
      break;
  }
  return 0;
}
