#include "actors/needless_votes.hpp"

namespace powershare::actors {

void NeedlessVotes::note(const pbft::Effects& effects) {
  if (effects.send.empty() && effects.deliver.empty()) return;
  const std::lock_guard lock(mutex_);
  const auto entry_of = [this](std::uint64_t epoch, pbft::Sequence sequence) -> Entry& {
    Entry& entry = entries_[sequence % max_entries];
    if (entry.epoch != epoch) entry = Entry{epoch, std::nullopt, std::nullopt};
    return entry;
  };
  for (const auto& message : effects.send) {
    if (message.type != pbft::MessageType::commit) continue;
    if (auto vote = pbft::Vote::decode(message.body)) {
      entry_of(message.epoch, vote->sequence).prepared = *vote;
    }
  }
  for (const auto& decision : effects.deliver) {
    entry_of(decision.epoch, decision.sequence).decided =
        pbft::Vote{0, decision.sequence, decision.batch->digest()};
  }
}

bool NeedlessVotes::contains(const wire::Envelope& envelope) const {
  const bool prepare = envelope.type == pbft::MessageType::prepare;
  if (!prepare && envelope.type != pbft::MessageType::commit) return false;
  const auto vote = pbft::Vote::decode(envelope.body);
  if (!vote) return false;
  const std::lock_guard lock(mutex_);
  const Entry& entry = entries_[vote->sequence % max_entries];
  if (entry.epoch != envelope.epoch) return false;
  // Of another view than the one prepared in, a PREPARE is needed even where the batch is decided:
  // only who is prepared in the new view sends COMMIT there, and others may still lack it.
  if (prepare) return entry.prepared == *vote;
  return entry.decided && entry.decided->sequence == vote->sequence &&
         entry.decided->digest == vote->digest;
}

}  // namespace powershare::actors
