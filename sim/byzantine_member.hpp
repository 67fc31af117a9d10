// Puts an Adversary between a member's own honest Replica and the network.
#pragma once

#include "sim/adversary.hpp"
#include "sim/network.hpp"
#include "sim/peer_shell.hpp"

namespace powershare::sim {

class ByzantineMember final : public Wire {
 public:
  ByzantineMember(std::unique_ptr<Adversary> adversary, const PeerShell& shell, Network& network,
                  const std::vector<bool>& byzantine, Generator generator)
      : adversary_(std::move(adversary)),
        shell_(shell),
        network_(network),
        byzantine_(byzantine),
        generator_(generator) {}

  std::string name() const { return adversary_->name(); }
  void on_send(pbft::MemberIndex to, const pbft::Outgoing& message) {
    adversary_->on_send(*this, to, message);
  }
  bool on_receive(const pbft::Received& message) { return adversary_->on_receive(*this, message); }
  void on_tick() { adversary_->on_tick(*this); }

  pbft::MemberIndex self() const override { return shell_.member; }
  bool controls(pbft::MemberIndex member) const override { return byzantine_[member]; }
  const pbft::Committee& committee() const override { return shell_.chain.committee; }
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
  std::unique_ptr<Adversary> adversary_;
  const PeerShell& shell_;
  Network& network_;
  const std::vector<bool>& byzantine_;
  Generator generator_;
};

}  // namespace powershare::sim
