// What a replica knows of one sequence number.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "protocol/pbft/batch.hpp"
#include "protocol/pbft/certificate.hpp"

namespace powershare::pbft {

/// The newest PREPARE or COMMIT of one member.
struct MemberVote {
  bool present = false;
  View view = 0;
  Digest digest{};
  Signature signature{};
};

struct Slot {
  explicit Slot(std::uint32_t members) : prepares(members), commits(members) {}

  std::optional<Vote>
      proposal;  ///< the PRE-PREPARE accepted last; of the present view or of an older one
  Signature proposal_signature{};
  MonotonicMillis proposed_at;
  std::vector<MemberVote> prepares;  ///< by member; a newer view replaces an older one
  std::vector<MemberVote> commits;
  std::optional<PreparedCertificate> prepared;  ///< of the highest view; COMMIT was sent for it
  std::optional<Vote> decided;
  OrderingCertificate ordering;
  MonotonicMillis decided_at;
  std::map<Digest, BatchPointer>
      batches;                ///< bodies that proposal, prepared or decided name; all in the log
  bool logged = false;        ///< has records in the log
  std::uint32_t fetches = 0;  ///< times a missing body was asked for

  BatchPointer batch_of(const Digest& digest) const {
    const auto found = batches.find(digest);
    return found == batches.end() ? nullptr : found->second;
  }
  bool needs(const Digest& digest) const {
    return (proposal && proposal->digest == digest) ||
           (prepared && prepared->vote.digest == digest) || (decided && decided->digest == digest);
  }
};

}  // namespace powershare::pbft
