// Puts an Adversary between a peer's own honest Replica and the network, in every epoch in which
// the peer is a member and while it only follows the chain.
#pragma once

#include <map>

#include "sim/adversary.hpp"
#include "sim/network.hpp"
#include "sim/peer_shell.hpp"

namespace powershare::sim {

class ByzantineMember final : public Wire {
 public:
  /// `byzantine`: by process.
  ByzantineMember(std::unique_ptr<Adversary> adversary, const PeerShell& shell, Network& network,
                  const std::vector<bool>& byzantine, Generator generator);

  std::string name() const { return adversary_->name(); }
  /// Its own replica has come into an epoch.
  void epoch_began(const pbft::Committee& committee);
  /// Of an epoch that its replica has been in, else of the newest of these.
  const pbft::Committee& committee(std::uint64_t epoch) const;

  void on_send(std::uint32_t process, const pbft::Outgoing& message);
  bool on_receive(const pbft::Received& message);
  void on_refused(ByteView request) { adversary_->on_refused(request); }
  void on_tick();

  pbft::MemberIndex self() const override { return index_in(*committee_, shell_.id); }
  bool controls(pbft::MemberIndex member) const override;
  const pbft::Committee& committee() const override { return *committee_; }
  const pbft::Options& options() const override { return shell_.chain.replica; }
  MonotonicMillis now() const override { return shell_.monotonic(); }
  UtcMillis wall_clock() const override { return shell_.wall(); }
  std::uint64_t random(std::uint64_t below) override { return generator_.below(below); }
  crypto::Signature sign_as(pbft::MemberIndex member, pbft::MessageType type,
                            ByteView body) const override;
  wire::Envelope from_other_chain(pbft::MemberIndex author, pbft::MessageType type,
                                  Bytes body) const override;
  void send(pbft::MemberIndex to, pbft::Outgoing message, std::int64_t delay_ms) override;
  void send_envelope(pbft::MemberIndex to, wire::Envelope envelope, std::int64_t delay_ms) override;

 private:
  /// The size of the committee where the process is no member.
  pbft::MemberIndex index_in(const pbft::Committee& committee, std::uint32_t process) const;
  const crypto::PublicKey& key_of(pbft::MemberIndex member) const;

  std::unique_ptr<Adversary> adversary_;
  const PeerShell& shell_;
  Network& network_;
  const std::vector<bool>& byzantine_;
  Generator generator_;
  std::map<std::uint64_t, pbft::Committee> committees_;  ///< by epoch
  const pbft::Committee* committee_;                     ///< in terms of which it is asked now
};

}  // namespace powershare::sim
