#include "actors/status_board.hpp"

#include <algorithm>
#include <chrono>

#include "crypto/quorum.hpp"

namespace powershare::actors {
namespace {

constexpr std::int64_t alive_within_ms = 10'000;
constexpr std::int64_t active_view_within_ms = 30'000;  // DECISIONS 31

}  // namespace

MonotonicMillis monotonic_now() {
  return {std::chrono::duration_cast<std::chrono::milliseconds>(
              std::chrono::steady_clock::now().time_since_epoch())
              .count()};
}

UtcMillis wall_clock_now() {
  return {std::chrono::duration_cast<std::chrono::milliseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

StatusBoard::StatusBoard(const ledger::Genesis& genesis, PeerId self)
    : chain_(genesis.chain.text()), self_(std::move(self)), last_beat_ms_(monotonic_now().value) {
  for (const auto& member : genesis.members) members_.push_back(member.peer);
}

void StatusBoard::set_members(std::vector<PeerId> members) {
  const std::lock_guard lock(mutex_);
  members_ = std::move(members);
}

void StatusBoard::set_consensus(pbft::Status status) {
  const std::lock_guard lock(mutex_);
  consensus_ = std::move(status);
  if (caught_up_once_ || consensus_.recovering || consensus_.transferring) return;
  // Caught up: executed what at least one honest peer, of the quorum heard, had executed.
  std::vector<pbft::Sequence> executed;
  for (const auto& peer : consensus_.peers) {
    if (peer.heard) executed.push_back(peer.executed);
  }
  const auto members = static_cast<std::uint32_t>(members_.size());
  if (executed.size() + 1 < crypto::quorum(members)) return;
  std::ranges::sort(executed, std::greater<>());
  caught_up_once_ = consensus_.executed.sequence >= executed[crypto::max_faulty(members)];
}

bool StatusBoard::behind() const {
  const std::lock_guard lock(mutex_);
  return !caught_up_once_ || consensus_.recovering || consensus_.transferring;
}

void StatusBoard::set_head(const ledger::Header& head, const crypto::Digest& head_hash,
                           UtcMillis island_time, std::uint64_t executed_transactions) {
  const std::lock_guard lock(mutex_);
  head_ = head;
  head_hash_ = head_hash;
  island_time_ = island_time;
  executed_transactions_ = executed_transactions;
}

void StatusBoard::set_connected(const PeerId& peer, bool connected) {
  const std::lock_guard lock(mutex_);
  connected_[peer] = connected;
}

void StatusBoard::set_no_space(Writer writer, bool no_space) {
  const auto bit = static_cast<std::uint8_t>(writer);
  if (no_space) {
    writers_without_space_.fetch_or(bit);
  } else {
    writers_without_space_.fetch_and(static_cast<std::uint8_t>(~bit));
  }
}

std::size_t StatusBoard::connected_peers() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::ranges::count_if(connected_, [](const auto& entry) { return entry.second; }));
}

pbft::Status StatusBoard::consensus() const {
  const std::lock_guard lock(mutex_);
  return consensus_;
}

bool StatusBoard::quorum_reachable() const {
  const auto reachable = std::ranges::count_if(members_, [this](const PeerId& member) {
    const auto found = connected_.find(member);
    return member == self_ || (found != connected_.end() && found->second);
  });
  return static_cast<std::uint32_t>(reachable) >=
         crypto::quorum(static_cast<std::uint32_t>(members_.size()));
}

std::vector<std::string> StatusBoard::reasons_not_ready() const {
  std::vector<std::string> reasons;
  if (stopping_) reasons.emplace_back("stopping");
  if (no_space()) reasons.emplace_back("no space left on the disk: read-only until there is");
  if (!consensus_.member) reasons.emplace_back("not a member of the present epoch");
  if (consensus_.quarantined)
    reasons.emplace_back("quarantined: the own state differs from the certified one");
  if (consensus_.recovering)
    reasons.emplace_back("recovering: asking the other peers what was promised");
  if (consensus_.transferring) reasons.emplace_back("catching up by state transfer");
  if (consensus_.clock_suspect) reasons.emplace_back("the clock is off the other peers' clocks");
  if (!caught_up_once_) reasons.emplace_back("not caught up with the other peers since the start");
  const bool recently_active =
      consensus_.view_active ||
      monotonic_now().value - consensus_.active_since.value <= active_view_within_ms;
  if (!recently_active && quorum_reachable()) {
    reasons.emplace_back("no view has been active for 30 s although a quorum is reachable");
  }
  return reasons;
}

gateway::NodeStatus StatusBoard::node_status() const {
  const std::lock_guard lock(mutex_);
  gateway::NodeStatus status;
  status.peer = self_.text();
  status.chain = chain_;
  status.view = consensus_.view;
  if (consensus_.primary < members_.size()) status.primary = members_[consensus_.primary].text();
  status.height = head_.height;
  status.head = head_hash_;
  status.state_root = head_.state_root;
  status.executed_transactions = executed_transactions_;
  status.mempool = consensus_.mempool_requests;
  status.syncing = consensus_.transferring || consensus_.recovering;
  status.time = island_time_;
  status.alive = monotonic_now().value - last_beat_ms_ <= alive_within_ms;
  status.not_ready = reasons_not_ready();
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (members_[i] == self_) continue;
    const auto height = i < consensus_.peers.size() ? consensus_.peers[i].height : 0;
    const auto connected = connected_.find(members_[i]);
    status.peers.push_back(
        {members_[i].text(), connected != connected_.end() && connected->second, height});
  }
  return status;
}

}  // namespace powershare::actors
