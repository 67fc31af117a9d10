// Changes on top of a state that is not touched until they are merged or taken.
#pragma once

#include <map>
#include <vector>

#include "ledger/state_reader.hpp"

namespace powershare::ledger {

/// One change of the state: a value to put, or nothing to erase.
struct StateWrite {
  Bytes key;
  std::optional<Bytes> value;
  friend bool operator==(const StateWrite&, const StateWrite&) = default;
};

/// Byte order for maps whose keys are byte strings; looks up views without copying them.
struct ByteOrder {
  using is_transparent = void;
  bool operator()(ByteView left, ByteView right) const { return less(left, right); }
};

/// Each transaction runs on one of these over its block's, each block on one over the state
/// (DECISIONS 14). The reader beneath must outlive it and must not change meanwhile.
class Overlay final : public StateReader {
 public:
  explicit Overlay(const StateReader& below) : below_(&below) {}
  /// On top of another overlay, as on any reader: never a copy of it.
  explicit Overlay(const Overlay& below) : StateReader(), below_(&below) {}
  Overlay& operator=(const Overlay&) = delete;

  void put(Bytes key, Bytes value);
  void erase(Bytes key);
  std::optional<Bytes> get(ByteView key) const override;
  /// The merged view, in byte order. `visit` must not change this overlay.
  void scan(ByteView prefix, ByteView from,
            const std::function<bool(ByteView, ByteView)>& visit) const override;

  /// This overlay's own changes of keys that begin with `prefix`, in byte order; nothing stands for
  /// an erased record.
  void for_each_change(
      ByteView prefix,
      const std::function<void(ByteView, const std::optional<Bytes>&)>& visit) const;

  bool empty() const { return changes_.empty(); }
  std::size_t size() const { return changes_.size(); }
  /// All changes in key order, one per key; the overlay is empty afterwards.
  std::vector<StateWrite> take();
  /// Moves all changes into the overlay beneath; this one is empty afterwards.
  void merge_into(Overlay& below);
  /// Forgets all changes.
  void clear() { changes_.clear(); }

 private:
  const StateReader* below_;
  std::map<Bytes, std::optional<Bytes>, ByteOrder> changes_;
};

}  // namespace powershare::ledger
