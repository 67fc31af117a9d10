// VIEW-CHANGE ⟨v+1, h with proof C, prepared certificates P⟩ (Castro & Liskov §4.4).
#pragma once

#include <memory>
#include <vector>

#include "protocol/pbft/certificate.hpp"

namespace powershare::pbft {

/// u64 view, CheckpointCertificate, u32 count, PreparedCertificates in rising order of sequence.
struct ViewChange {
  View view = 0;                 ///< the view that is asked for
  CheckpointCertificate stable;  ///< C; its sequence is h
  std::vector<PreparedCertificate>
      prepared;  ///< P: above h, at most one per sequence, its highest view

  Bytes encode() const;
  /// Checks the form only: order, no more than `window` entries, within (h, h + window], of earlier
  /// views.
  static Result<ViewChange> decode(ByteView body, std::uint32_t window);
};

/// A VIEW-CHANGE as its sender signed it.
struct SignedViewChange {
  MemberIndex sender = 0;
  Bytes body;
  Signature signature{};
  ViewChange content;
  bool verified = false;  ///< the certificates inside
};
using SignedViewChangePointer = std::shared_ptr<SignedViewChange>;

}  // namespace powershare::pbft
