// How the peers of a chain keep what the chain only commits to: the profiles of its participants.
// Pure: time comes in, what is to be written, sent and answered comes out.
//
// A peer that is given a profile keeps it, gives it to the others, and says so when f + 1 of them
// have it: then at least one honest peer has, whatever happens to this one. Only after that is the
// commitment submitted to the chain. A peer whose ledger names a commitment that it has nothing for
// asks the others; the answer proves itself, being what the commitment is the hash of. What the
// ledger names no more is erased, everywhere (docs/adr/0015-personal-data-off-the-ledger.md).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/time.hpp"
#include "protocol/pbft/types.hpp"
#include "protocol/ports.hpp"

namespace powershare::protocol {

struct ProfileEffects {
  struct Send {
    pbft::MemberIndex to = 0;  ///< the peer's number (protocol/roster.hpp)
    pbft::MessageType type{};
    Bytes body;
  };
  struct Kept {
    std::uint64_t call = 0;
    std::optional<crypto::Digest> commitment;  ///< nothing: too few peers have it
  };
  struct Found {
    std::uint64_t call = 0;
    std::vector<std::optional<Bytes>> profiles;  ///< as they were asked for
  };
  std::vector<StoredProfile> store;     ///< to be durable before anything is sent or answered
  std::vector<crypto::Digest> confirm;  ///< to be marked so on disk
  std::vector<crypto::Digest> erase;
  std::vector<Send> send;
  std::vector<Kept> kept;
  std::vector<Found> found;
};

struct ProfileLimits {
  std::size_t max_profiles = 500'000;
  /// Of all of them, pictures too: 4,000 homes with the largest ones, or 1 million without.
  std::size_t max_bytes = 256u << 20;
  /// Profiles of one other peer that the ledger has not named (yet): it cannot fill this one's
  /// disk.
  std::size_t max_unconfirmed_per_peer = 1'024;
  std::size_t max_calls = 4'096;  ///< under way
  std::size_t max_asked_at_once = 64;
  std::int64_t keep_timeout_ms = 3'000;
  std::int64_t fetch_timeout_ms = 1'500;
  std::int64_t ask_again_ms = 10'000;
  /// A transaction expires within a day: what the ledger has not named by then it never will.
  std::int64_t unconfirmed_ms = 25 * millis_per_hour;
};

class ProfileExchange {
 public:
  explicit ProfileExchange(std::vector<StoredProfile> stored, MonotonicMillis now,
                           ProfileLimits limits = {});

  /// `others` are the numbers of the other members, `faulty` is f of the present epoch.
  ProfileEffects keep(std::uint64_t call, Bytes profile,
                      const std::vector<pbft::MemberIndex>& others, std::size_t faulty,
                      MonotonicMillis now);
  ProfileEffects fetch(std::uint64_t call, std::vector<crypto::Digest> commitments,
                       const std::vector<pbft::MemberIndex>& others, MonotonicMillis now);
  ProfileEffects receive(pbft::MemberIndex sender, pbft::MessageType type, ByteView body,
                         MonotonicMillis now);
  /// An applied transaction of the chain. A profile that one of them named was the ledger's, for
  /// however short a time: follow() erases it where the ledger does not name it any more.
  void applied(ByteView transaction);
  /// What the ledger names now.
  ProfileEffects follow(std::set<crypto::Digest> named,
                        const std::vector<pbft::MemberIndex>& others, MonotonicMillis now);
  /// Calls that took too long, profiles that nobody named.
  ProfileEffects tick(MonotonicMillis now);

  std::size_t size() const { return profiles_.size(); }
  /// What the ledger names and this peer holds.
  template <class Visit>
  void for_each_confirmed(const Visit& visit) const {
    for (const auto& [commitment, profile] : profiles_) {
      if (profile.confirmed) visit(commitment, ByteView(profile.bytes));
    }
  }

 private:
  struct Profile {
    Bytes bytes;
    bool confirmed = false;
    std::optional<pbft::MemberIndex> from;  ///< nothing: this peer's own door, or an earlier start
    MonotonicMillis since;
  };
  struct KeepCall {
    crypto::Digest commitment{};
    std::size_t needed = 0;
    std::set<pbft::MemberIndex> have;
    MonotonicMillis deadline;
  };
  struct FetchCall {
    std::vector<crypto::Digest> commitments;
    MonotonicMillis deadline;
  };

  void add(const crypto::Digest& commitment, Profile profile, ProfileEffects& effects);
  void ask(const std::vector<crypto::Digest>& commitments,
           const std::vector<pbft::MemberIndex>& others, ProfileEffects& effects) const;
  void answer(std::uint64_t call, const FetchCall& fetch, ProfileEffects& effects) const;
  void answer_complete(ProfileEffects& effects);
  void on_offer(pbft::MemberIndex sender, ByteView body, MonotonicMillis now,
                ProfileEffects& effects);
  void on_kept(pbft::MemberIndex sender, ByteView body, ProfileEffects& effects);
  void on_ask(pbft::MemberIndex sender, ByteView body, ProfileEffects& effects) const;
  void on_profile(ByteView body, MonotonicMillis now, ProfileEffects& effects);
  /// Whether another one of that size finds a place.
  bool has_room(std::size_t bytes) const;
  std::map<crypto::Digest, Profile>::iterator remove(
      std::map<crypto::Digest, Profile>::iterator entry, ProfileEffects& effects);
  bool is_wanted(const crypto::Digest& commitment) const;
  bool is_complete(const FetchCall& fetch) const;

  ProfileLimits limits_;
  std::map<crypto::Digest, Profile> profiles_;
  std::size_t bytes_ = 0;                                 ///< of all profiles
  std::map<pbft::MemberIndex, std::size_t> unconfirmed_;  ///< by who gave them
  std::set<crypto::Digest> unnamed_;  ///< keys of `profiles_` that are not confirmed
  std::set<crypto::Digest> named_;
  std::set<crypto::Digest> was_named_;  ///< unconfirmed ones, since the last follow()
  std::map<std::uint64_t, KeepCall> keeps_;
  std::map<std::uint64_t, FetchCall> fetches_;
  std::optional<MonotonicMillis> asked_;
};

/// PROFILE-ASK: u32 count ‖ 32 bytes each.
Bytes encode_profile_ask(const std::vector<crypto::Digest>& commitments);
Result<std::vector<crypto::Digest>> decode_profile_ask(ByteView body, std::size_t max);

}  // namespace powershare::protocol
