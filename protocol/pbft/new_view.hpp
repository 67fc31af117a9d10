// NEW-VIEW ⟨v, V, O⟩: the quorum of VIEW-CHANGEs as received, and what follows from them (Castro &
// Liskov §4.4).
#pragma once

#include <vector>

#include "protocol/pbft/view_change.hpp"

namespace powershare::pbft {

/// A sequence that the new view takes over, with the digest that it must have there.
struct Order {
  Sequence sequence = 0;
  Digest digest{};
  friend bool operator==(const Order&, const Order&) = default;
};

/// What a set of VIEW-CHANGEs obliges the new view to.
struct Obligations {
  CheckpointCertificate stable;  ///< min-s: the highest stable checkpoint among them
  std::vector<Order>
      orders;  ///< (min-s, max-s], without holes: null batches where nothing is prepared

  Sequence last() const { return stable.position.sequence + orders.size(); }
};

/// Castro & Liskov §4.4: per sequence the prepared certificate of the highest view, else the null
/// batch.
Obligations obligations(const std::vector<const ViewChange*>& view_changes);

/// u64 view; u32 count, per VIEW-CHANGE u32 sender, body with length, signature; u32 count, per
/// order of O the digest and the primary's PRE-PREPARE signature.
struct NewView {
  struct Entry {
    MemberIndex sender = 0;
    Bytes body;
    Signature signature{};
  };
  View view = 0;
  std::vector<Entry> view_changes;      ///< V, in rising order of sender
  std::vector<Digest> digests;          ///< O, from min-s + 1 on
  std::vector<Signature> pre_prepares;  ///< one per digest

  Bytes encode() const;
  static Result<NewView> decode(ByteView body, std::uint32_t window);
};

}  // namespace powershare::pbft
