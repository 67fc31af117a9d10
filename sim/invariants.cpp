#include "sim/invariants.hpp"

#include <algorithm>

#include "protocol/pbft/view_change.hpp"

namespace powershare::sim {
namespace {

constexpr std::uint64_t check_ledger_every = 8;
constexpr std::uint32_t check_log_every = 8;

/// A window of sequences, each with its vote, prepared certificate, decision, checkpoint and a few
/// bodies of competing batches, twice, and the records of which there is one.
std::size_t max_log_records(const pbft::Options& options) {
  return std::size_t{options.window} * 2 * 8 + 16;
}

/// A transaction that was not let in at all may come again.
bool leaves_dedup_record(const ledger::Receipt& receipt) {
  if (receipt.outcome != ledger::Outcome::rejected) {
    return receipt.outcome == ledger::Outcome::applied;
  }
  for (const auto* code :
       {"wrong_chain", "malformed", "expired", "expires_too_late", "unknown_key", "quota"}) {
    if (receipt.code == code) return false;
  }
  return true;
}

}  // namespace

Invariants::Invariants(const Chain& chain, std::vector<bool> honest, Report report)
    : chain_(chain),
      honest_(std::move(honest)),
      report_(std::move(report)),
      heard_(honest_.size()),
      stable_(honest_.size(), 0),
      last_delivered_(honest_.size(), 0),
      persisted_(honest_.size(), 0) {
  committees_[chain.committee.epoch] = chain.committee;
}

// ── Epochs ──────────────────────────────────────────────────────────────────────────────────────

void Invariants::epoch_began(std::uint32_t peer, const pbft::Committee& committee) {
  if (!honest_[peer]) return;
  const auto [held, added] = committees_.try_emplace(committee.epoch, committee);
  const auto& known = held->second;
  if (added || (known.members == committee.members && known.begin() == committee.begin() &&
                known.feature_level == committee.feature_level)) {
    return;
  }
  violated("epoch_agreement", peer,
           "began epoch " + std::to_string(committee.epoch) + " with other members or elsewhere");
}

bool Invariants::was_member(const crypto::PublicKey& key) const {
  return std::ranges::any_of(committees_, [&](const auto& entry) {
    return std::ranges::find(entry.second.members, key) != entry.second.members.end();
  });
}

const pbft::Committee* Invariants::committee(std::uint64_t epoch) const {
  const auto found = committees_.find(epoch);
  return found == committees_.end() ? nullptr : &found->second;
}

void Invariants::violated(const char* invariant, std::uint32_t peer, std::string what,
                          std::optional<pbft::Sequence> sequence) {
  report_({invariant, "peer " + std::to_string(peer) + " " + std::move(what), peer, sequence});
}

const BlockSeen* Invariants::block(std::uint64_t height) const {
  const auto found = blocks_.find(height);
  return found == blocks_.end() ? nullptr : &found->second;
}

// ── Votes ───────────────────────────────────────────────────────────────────────────────────────

void Invariants::sent(std::uint32_t peer, const pbft::Outgoing& message, const Disk& disk) {
  if (message.type == Kind::view_change) {
    Decoder in(message.body);
    const auto view = in.u64();
    highest_view_ = std::max(highest_view_, view);
    if (!honest_[peer]) return;
    check_certificates(peer, message);
    // Time-outs lead to the next view, f + 1 to one that an honest peer has asked for, and a member
    // that waits alone is followed over two rotations at most.
    auto& honest_view = honest_view_[message.epoch];
    if (view > honest_view + 2 * chain_.processes() + 1) {
      violated("view_bounded", peer,
               "asked for view " + std::to_string(view) + " where no honest peer was beyond " +
                   std::to_string(honest_view));
    }
    honest_view = std::max(honest_view, view);
    auto& asked = asked_[message.epoch][peer];
    asked = std::max(asked, view);
    if (message.epoch != newest_committee().epoch) return;  // left the log with its epoch
    const auto held = disk.log.get(log_table, pbft::log_key(pbft::LogTag::view_change));
    // A later one of the same group of writes may have taken its place.
    const bool later = held && *held && Decoder(**held).u64() > view;
    if (held && !later && (!*held || **held != message.body)) {
      violated("persist_before_send", peer,
               "sent a VIEW-CHANGE for view " + std::to_string(view) + " that is not in its log");
    }
    return;
  }
  if (!honest_[peer]) return;
  if (message.type != Kind::pre_prepare && message.type != Kind::prepare &&
      message.type != Kind::commit) {
    return;
  }
  const auto vote = pbft::Vote::decode(ByteView(message.body).first(pbft::Vote::encoded_bytes));
  PS_ASSERT(vote.ok());
  check_vote(peer, message.epoch, message.type, *vote);
  // The promises of an epoch that is over have left the log with it.
  if (message.epoch == newest_committee().epoch) check_durable(peer, message.type, *vote, disk);
}

void Invariants::view_change_heard(std::uint32_t peer, const pbft::Received& message,
                                   const pbft::Status& status) {
  if (!honest_[peer] || message.epoch != status.epoch) return;
  const auto content = pbft::ViewChange::decode(message.body, chain_.replica.window);
  if (!content) return;
  auto& heard = heard_[peer];
  if (heard.epoch != message.epoch) heard = {message.epoch, {}};
  auto& highest = heard.views[message.sender];
  highest = std::max(highest, content->view);
  if (status.recovering || status.quarantined) return;  // it may not ask for views
  const auto above = std::ranges::count_if(
      heard.views, [&](const auto& entry) { return entry.second > status.view; });
  if (above <= crypto::max_faulty(status.members)) return;
  violated("view_joined", peer,
           "stays in view " + std::to_string(status.view) + " where " + std::to_string(above) +
               " members ask for higher ones");
}

/// What an honest member shows in a VIEW-CHANGE, every other must accept.
void Invariants::check_certificates(std::uint32_t peer, const pbft::Outgoing& message) {
  const auto* members = committee(message.epoch);
  if (members == nullptr) return;
  const auto content = pbft::ViewChange::decode(message.body, chain_.replica.window);
  if (!content) return violated("certificates", peer, "sent " + content.error().detail());
  const OracleSignatory signatory(chain_.keys, peer);
  const auto check = [&](const Result<void>& proven, const char* what, pbft::Sequence sequence) {
    if (proven) return;
    violated("certificates", peer,
             std::string("sent a VIEW-CHANGE whose ") + what + " for sequence " +
                 std::to_string(sequence) + " does not hold: " + proven.error().detail(),
             sequence);
  };
  check(pbft::verify(content->stable, *members, signatory), "checkpoint certificate",
        content->stable.position.sequence);
  for (const auto& prepared : content->prepared) {
    check(pbft::verify(prepared, *members, signatory), "prepared certificate",
          prepared.vote.sequence);
  }
}

void Invariants::check_vote(std::uint32_t peer, std::uint64_t epoch, Kind type,
                            const pbft::Vote& vote) {
  const auto where =
      "view " + std::to_string(vote.view) + " sequence " + std::to_string(vote.sequence);
  // A PRE-PREPARE promises what a PREPARE would.
  const auto kind = type == Kind::pre_prepare ? Kind::prepare : type;
  const auto [held, added] =
      votes_.try_emplace({peer, epoch, kind, vote.view, vote.sequence}, vote.digest);
  if (!added && held->second != vote.digest) {
    violated("no_equivocation", peer, "signed two digests for " + where, vote.sequence);
  }
  const auto asked = asked_[epoch][peer];
  if (vote.view < asked) {
    violated("view_monotonic", peer,
             "voted in " + where + " after asking for view " + std::to_string(asked),
             vote.sequence);
  }
}

/// The promise that a vote makes stands in the log, or a stable checkpoint has taken its place, or
/// one of a later view has.
void Invariants::check_durable(std::uint32_t peer, Kind type, const pbft::Vote& vote,
                               const Disk& disk) {
  const auto tag = type == Kind::commit ? pbft::LogTag::prepared : pbft::LogTag::accepted;
  const auto record = disk.log.get(log_table, pbft::log_key(tag, vote.sequence));
  if (!record) return;  // a bit has flipped since it was written
  if (*record && (*record)->size() >= pbft::Vote::encoded_bytes) {
    const auto held = pbft::Vote::decode(ByteView(**record).first(pbft::Vote::encoded_bytes));
    if (held && (*held == vote || held->view > vote.view)) return;
  }
  const auto stable = stable_sequence(disk);
  if (!stable || vote.sequence <= *stable) return;
  violated("persist_before_send", peer,
           std::string("sent a ") + pbft::to_text(type) + " for view " + std::to_string(vote.view) +
               " sequence " + std::to_string(vote.sequence) + " that is not in its log",
           vote.sequence);
}

/// Nothing where a bit of the record has flipped.
std::optional<pbft::Sequence> Invariants::stable_sequence(const Disk& disk) const {
  const auto record = disk.log.get(log_table, pbft::log_key(pbft::LogTag::stable));
  if (!record) return std::nullopt;
  if (!*record) {
    // The checkpoint that an epoch begins with needs no record of its own.
    const auto begun = disk.log.get(log_table, pbft::log_key(pbft::LogTag::epoch));
    if (!begun) return std::nullopt;
    if (!*begun) return 0;
    const auto epoch = pbft::EpochRecord::decode(**begun, chain_.genesis_hash);
    return epoch ? epoch->committee.begin().sequence : 0;
  }
  Decoder in(**record);
  return pbft::CheckpointCertificate::decode(in).position.sequence;
}

void Invariants::persisted(std::uint32_t peer, const Disk& disk) {
  if (!honest_[peer] || ++persisted_[peer] % check_log_every != 0) return;
  if (disk.log.records() > max_log_records(chain_.replica)) {
    violated("bounded", peer, "holds " + std::to_string(disk.log.records()) + " log records");
  }
  const auto stable = stable_sequence(disk);
  if (!stable) return;
  if (*stable < stable_[peer]) {
    violated("checkpoint_monotonic", peer,
             "went back from the stable checkpoint " + std::to_string(stable_[peer]) + " to " +
                 std::to_string(*stable));
  }
  stable_[peer] = *stable;
  check_window(peer, *stable, disk);
}

/// However far a primary goes ahead, nothing is accepted above the window.
void Invariants::check_window(std::uint32_t peer, pbft::Sequence stable, const Disk& disk) {
  const auto prefix = pbft::log_key(pbft::LogTag::accepted);
  pbft::Sequence highest = 0;
  const Bytes last(sizeof(pbft::Sequence), 0xff);
  const auto read = disk.log.scan(log_table, prefix, last, true, [&](ByteView key, ByteView) {
    highest = Decoder(key.subspan(prefix.size())).u64();
    return false;
  });
  if (!read || highest <= stable + chain_.replica.window) return;
  violated("bounded", peer,
           "accepted sequence " + std::to_string(highest) + ", stable at " + std::to_string(stable),
           highest);
}

// ── Decisions and blocks ────────────────────────────────────────────────────────────────────────

void Invariants::delivered(std::uint32_t peer, const pbft::Decision& decision) {
  if (!honest_[peer]) return;
  const auto sequence = decision.sequence;
  if (sequence <= last_delivered_[peer]) {
    violated("total_order", peer,
             "delivered sequence " + std::to_string(sequence) + " after " +
                 std::to_string(last_delivered_[peer]),
             sequence);
  }
  last_delivered_[peer] = sequence;
  const auto [held, added] =
      decided_.try_emplace(sequence, decision.epoch, decision.batch->digest());
  if (!added && held->second != std::pair(decision.epoch, decision.batch->digest())) {
    violated("agreement", peer, "decided another batch for sequence " + std::to_string(sequence),
             sequence);
  }
  if (!added) return;
  const OracleSignatory signatory(chain_.keys, peer);
  const auto* members = committee(decision.epoch);
  PS_ASSERT(members != nullptr);  // it was told of before
  const auto proven =
      pbft::verify(decision.certificate, sequence, decision.batch->digest(), *members, signatory);
  if (!proven) {
    violated("agreement", peer,
             "decided sequence " + std::to_string(sequence) +
                 " without a quorum: " + proven.error().detail(),
             sequence);
  }
}

void Invariants::executed(std::uint32_t peer, const ledger::ExecutedBlock& block,
                          const pbft::BatchPointer& batch, const ledger::StateMachine& machine) {
  if (!honest_[peer]) return;
  const auto height = block.header.height;
  const auto hash = machine.head_hash();
  const auto found = blocks_.find(height);
  if (found == blocks_.end()) {
    new_block(peer, block, batch);
    blocks_[height] = {hash, block.receipts};
    if (height % check_ledger_every == 0) check_ledger(peer, machine);
  } else if (found->second.hash != hash) {
    violated("state_root_equal", peer, "executed another block at height " + std::to_string(height),
             block.header.sequence);
  }
}

void Invariants::new_block(std::uint32_t peer, const ledger::ExecutedBlock& block,
                           const pbft::BatchPointer& batch) {
  const auto height = std::to_string(block.header.height);
  if (block.header.time < time_) {
    violated("time_monotonic", peer, "went back in agreed time at height " + height,
             block.header.sequence);
  }
  time_ = std::max(time_, block.header.time);
  // Blocks that state transfer brings may be of an epoch that nobody has told of yet.
  const auto* members = committee(block.header.epoch);
  const auto level = members == nullptr ? ledger::known_feature_level : members->feature_level;
  for (std::size_t i = 0; i < block.receipts.size(); ++i) {
    const auto& receipt = block.receipts[i];
    if (!chain_.notary.check(batch->requests()[i], batch->time(), level)) {
      violated("validity", peer,
               "executed a transaction that no honest peer lets in, at height " + height,
               block.header.sequence);
      continue;
    }
    if (!leaves_dedup_record(receipt)) continue;
    const auto transaction =
        chain_.notary.decode(batch->requests()[i], ledger::known_feature_level);
    auto& once = executed_once_[{transaction->principal, transaction->idempotency_key}];
    if (once.height > 0 && block.header.time < once.expires) {
      violated(
          "exactly_once", peer,
          "executed a transaction at heights " + std::to_string(once.height) + " and " + height,
          block.header.sequence);
    }
    once = {block.header.height, transaction->expires};
    ++transactions_;
  }
}

void Invariants::certified(std::uint32_t peer, const pbft::BlockCertificate& certificate) {
  if (!honest_[peer]) return;
  const auto* members = committee(certificate.epoch);
  PS_ASSERT(members != nullptr);
  const auto statement = ledger::block_statement(chain_.genesis_hash, certificate.epoch,
                                                 certificate.height, certificate.header_hash);
  const OracleSignatory signatory(chain_.keys, peer);
  if (!pbft::verify_quorum(certificate.certificate, statement, *members, signatory)) {
    violated("state_root_equal", peer,
             "holds a block certificate that does not verify, height " +
                 std::to_string(certificate.height));
  }
  const auto* seen = block(certificate.height);
  if (seen != nullptr && seen->hash != certificate.header_hash) {
    violated(
        "state_root_equal", peer,
        "holds a certificate for another block at height " + std::to_string(certificate.height));
  }
}

void Invariants::alarmed(std::uint32_t peer, const std::string& sentence) {
  if (honest_[peer] && sentence.starts_with("quarantined")) {
    violated("state_root_equal", peer, sentence);
  }
}

void Invariants::check_ledger(std::uint32_t peer, const ledger::StateMachine& machine) {
  const auto holds = machine.check_invariants();
  if (holds) return;
  const auto& what = holds.error().detail();
  const bool negative = what.find("is negative") != std::string::npos;
  violated(negative ? "non_negative" : "conservation", peer, "holds a ledger where " + what);
}

}  // namespace powershare::sim
