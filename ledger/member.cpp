#include "ledger/member.hpp"

#include <set>

#include "ledger/error.hpp"
#include "ledger/records.hpp"

namespace powershare::ledger {
namespace {

Error malformed(std::string detail) {
  return {LedgerError::malformed, std::move(detail)};
}

}  // namespace

Digest members_hash(const std::vector<Member>& members) {
  return crypto::sha256(encoded(members));
}

std::vector<PublicKey> consensus_keys(const std::vector<Member>& members) {
  std::vector<PublicKey> keys;
  keys.reserve(members.size());
  for (const auto& member : members) keys.push_back(member.consensus_key);
  return keys;
}

Result<void> check_members(const std::vector<Member>& members) {
  if (members.size() < min_members || members.size() > max_members) {
    return malformed("a chain has 4 to 64 members");
  }
  std::set<PeerId> peers;
  std::set<PublicKey> keys;
  for (const auto& member : members) {
    if (member.peer.empty()) return malformed("a member without a peer id");
    if (!peers.insert(member.peer).second) {
      return malformed("two members are named " + member.peer.text());
    }
    for (const auto& key : {member.consensus_key, member.gateway_key}) {
      if (key == PublicKey{} || !keys.insert(key).second) {
        return malformed("member " + member.peer.text() + " has no keys of its own");
      }
    }
  }
  return {};
}

}  // namespace powershare::ledger
