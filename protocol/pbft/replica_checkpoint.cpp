// Checkpoints, garbage collection (Castro & Liskov §4.3), block certificates, divergence.
#include <algorithm>

#include "protocol/pbft/block_vote.hpp"
#include "protocol/pbft/checkpoint.hpp"
#include "protocol/pbft/replica_core.hpp"

namespace powershare::pbft {
namespace {

constexpr std::size_t kept_checkpoint_votes = 8;
constexpr std::uint64_t kept_blocks = 512;

/// The value that at least `needed` members name, with their signatures.
template <class Value, class Find>
std::optional<std::pair<Value, QuorumCertificate>> agreed(std::uint32_t members,
                                                          std::uint32_t needed, const Find& find) {
  std::vector<std::pair<Value, QuorumCertificate>> groups;
  for (MemberIndex member = 0; member < members; ++member) {
    const std::pair<Value, Signature>* vote = find(member);
    if (vote == nullptr) continue;
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const auto& it) { return it.first == vote->first; });
    if (group == groups.end()) group = groups.insert(groups.end(), {vote->first, {}});
    group->second.endorsements.push_back({member, vote->second});
    if (group->second.endorsements.size() >= needed) return *group;
  }
  return std::nullopt;
}

}  // namespace

void Core::take_checkpoint() {
  const auto position = executed_;
  own_checkpoints_[position.sequence] = position;
  auto body = encode_checkpoint(position);
  persist(log_key(LogTag::checkpoint, position.sequence), body);
  if (quarantined_ || position.sequence <= low_) return;
  const auto signature = sign(MessageType::checkpoint, body);
  checkpoint_votes_[self_][position.sequence] = {position, signature};
  send_signed(std::nullopt, MessageType::checkpoint, std::move(body), signature);
  try_stable(position.sequence);
}

Core::Check Core::on_checkpoint(const Received& message) {
  const auto position = decode_checkpoint(message.body);
  if (!position) return position.error();
  if (position->sequence % options_.checkpoint_interval != 0) {
    return refuse(ConsensusError::malformed, "a CHECKPOINT between checkpoints");
  }
  if (position->sequence <= low_) return refuse(ConsensusError::duplicate, "a CHECKPOINT below");
  auto& votes = checkpoint_votes_[message.sender];
  if (!votes.try_emplace(position->sequence, *position, message.signature).second) {
    return refuse(ConsensusError::duplicate, "a CHECKPOINT that is known");
  }
  if (votes.size() > kept_checkpoint_votes) votes.erase(votes.begin());
  try_stable(position->sequence);
  return {};
}

void Core::try_stable(Sequence sequence) {
  const auto needed =
      planted(Bug::checkpoint_without_quorum) ? committee_.weak_quorum() : committee_.quorum();
  const auto found = agreed<Position>(size(), needed, [&](MemberIndex member) {
    const auto vote = checkpoint_votes_[member].find(sequence);
    return vote == checkpoint_votes_[member].end() ? nullptr : &vote->second;
  });
  if (found) adopt_stable({found->first, found->second});
}

Core::Check Core::on_stable_proof(const Received& message) {
  Decoder in(message.body);
  auto certificate = CheckpointCertificate::decode(in);
  if (!in.finished()) return refuse(ConsensusError::malformed, "not a checkpoint certificate");
  if (certificate.position.sequence <= low_) return refuse(ConsensusError::duplicate, "not newer");
  if (certificate.position.sequence % options_.checkpoint_interval != 0) {
    return refuse(ConsensusError::malformed, "a certificate between checkpoints");
  }
  if (auto checked = pbft::verify(certificate, committee_, signatory_); !checked) return checked;
  adopt_stable(std::move(certificate));
  return {};
}

/// The low mark moves to a certified checkpoint whether or not this replica has executed as far:
/// the certificate is proof that everything below is decided. What is missing comes as entries or
/// by state transfer.
void Core::adopt_stable(CheckpointCertificate certificate) {
  if (certificate.position.sequence <= low_) return;
  low_ = certificate.position.sequence;
  stable_ = std::move(certificate);
  Encoder record;
  stable_.encode(record);
  persist(log_key(LogTag::stable), std::move(record).take());
  for (auto& votes : checkpoint_votes_) votes.erase(votes.begin(), votes.upper_bound(low_));
  next_ = std::max(next_, low_ + 1);
  fruitless_rounds_ = 0;
  compare_with_stable();
  forget_passed();
  collect_garbage();
  end_recovery_if_done();
}

void Core::compare_with_stable() {
  normalise(executed_);
  delivered_ = std::max(delivered_, executed_.sequence);
  const auto own = own_checkpoints_.find(low_);
  if (own != own_checkpoints_.end() && own->second != stable_.position) {
    quarantine("own state at sequence " + std::to_string(low_) +
               " differs from the certified checkpoint");
  }
}

void Core::quarantine(const std::string& why) {
  if (quarantined_) return;
  quarantined_ = true;
  alarm("quarantined: " + why);
}

/// Nobody votes at or below the low mark again. What is not decided here by then comes as an entry
/// or by state transfer, and so does all that lies more than a window below while something before
/// it is missing; the records would pile up in the log of a replica that lags behind.
void Core::forget_passed() {
  for (auto it = slots_.upper_bound(executed_.sequence); it != slots_.end() && it->first <= low_;) {
    const bool far_below = it->first > delivered_ && it->first + options_.window <= low_;
    if (it->second.decided && !far_below) {
      ++it;
      continue;
    }
    forget_slot(it->first, it->second);
    it = slots_.erase(it);
  }
}

/// Records go from the log once they lie below the stable checkpoint and are executed durably; the
/// newest K below stay in memory for members that lag a little.
void Core::collect_garbage() {
  const auto cut = std::min(low_, executed_.sequence);
  if (cut <= log_cut_) return;
  log_cut_ = cut;
  const auto forget = cut > options_.checkpoint_interval ? cut - options_.checkpoint_interval : 0;
  for (auto it = slots_.begin(); it != slots_.end() && it->first <= cut;) {
    forget_slot(it->first, it->second);
    it = it->first <= forget ? slots_.erase(it) : std::next(it);
  }
  while (!own_checkpoints_.empty() && own_checkpoints_.begin()->first < cut) {
    erase(log_key(LogTag::checkpoint, own_checkpoints_.begin()->first));
    own_checkpoints_.erase(own_checkpoints_.begin());
  }
}

/// Erases the slot's records; what the others may still ask for stays in memory.
void Core::forget_slot(Sequence sequence, Slot& slot) {
  if (!slot.logged) return;
  slot.logged = false;
  if (slot.proposal) erase(log_key(LogTag::accepted, sequence));
  if (slot.prepared) erase(log_key(LogTag::prepared, sequence));
  if (slot.decided) erase(log_key(LogTag::decided, sequence));
  for (const auto& [digest, batch] : slot.batches) {
    erase(log_key(LogTag::batch, sequence, digest));
    for (const auto& id : batch->ids()) {
      const auto found = ordered_.find(id);
      if (found != ordered_.end() && found->second == sequence) ordered_.erase(found);
    }
  }
}

/// A block's certificate covers all blocks below it by the chain of hashes. So votes are cast for
/// some heights, the same ones by every member, and for the newest block once the chain rests:
/// under load a vote for each would be a third of all messages.
void Core::block_executed() {
  own_blocks_[executed_.height] = executed_.head;
  while (own_blocks_.size() > kept_blocks) own_blocks_.erase(own_blocks_.begin());
  block_executed_at_ = now_;
  if (executed_.height % block_vote_interval == 0) {
    vote_block();
  } else {
    try_certify(executed_.height);
  }
}

void Core::check_block_vote() {
  if (voted_height_ >= executed_.height || quarantined_) return;
  if (now_.value - block_executed_at_.value >= block_vote_delay_ms) vote_block();
}

/// For the newest block.
void Core::vote_block() {
  if (quarantined_ || !own_blocks_.contains(executed_.height)) return;
  const BlockVote vote{executed_.height, executed_.head};
  voted_height_ = vote.height;
  auto body = vote.encode();
  const auto signature = sign(MessageType::block_vote, body);
  block_votes_[self_][vote.height] = {vote.header_hash, signature};
  block_voted_at_ = now_;
  send_signed(std::nullopt, MessageType::block_vote, std::move(body), signature);
  try_certify(vote.height);
}

Core::Check Core::on_block_vote(const Received& message) {
  const auto vote = BlockVote::decode(message.body);
  if (!vote) return vote.error();
  if (vote->height <= certified_height_) return {};
  if (vote->height > executed_.height + kept_blocks) {
    return refuse(ConsensusError::out_of_window, "a block vote far ahead");
  }
  auto& votes = block_votes_[message.sender];
  if (!votes.try_emplace(vote->height, vote->header_hash, message.signature).second) {
    return refuse(ConsensusError::duplicate, "a block vote that is known");
  }
  if (votes.size() > 2 * kept_blocks) votes.erase(votes.begin());
  try_certify(vote->height);
  return {};
}

void Core::try_certify(std::uint64_t height) {
  const auto own = own_blocks_.find(height);
  if (own == own_blocks_.end()) return;
  const auto found = agreed<Digest>(size(), committee_.quorum(), [&](MemberIndex member) {
    const auto vote = block_votes_[member].find(height);
    return vote == block_votes_[member].end() ? nullptr : &vote->second;
  });
  if (!found) return;
  if (found->first != own->second) {
    quarantine("own block " + std::to_string(height) + " differs from the certified one");
    return;
  }
  effects_.block_certificates.push_back({height, found->first, found->second, committee_.epoch});
  certified_height_ = std::max(certified_height_, height);
  for (auto& votes : block_votes_) {
    votes.erase(votes.begin(), votes.upper_bound(certified_height_));
  }
}

}  // namespace powershare::pbft
