// A Byzantine member: its own honest Replica runs underneath, and an Adversary stands between it
// and the network. The simulator calls this interface; strategies live in tests/sim/adversaries and
// exist in test builds only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "protocol/pbft/effects.hpp"
#include "protocol/pbft/options.hpp"
#include "protocol/wire/envelope.hpp"

namespace powershare::sim {

/// All that an adversary can do and see besides the messages. It signs as the members that it
/// controls and as nobody else; it sees the virtual clock; all chance comes from `random`, so that
/// a run repeats.
class Wire {
 public:
  virtual ~Wire() = default;
  /// Its index in committee(); committee().size() while it is no member.
  virtual pbft::MemberIndex self() const = 0;
  /// True for this member and for the other Byzantine members of the run, its accomplices.
  virtual bool controls(pbft::MemberIndex member) const = 0;
  /// Of the epoch of the message at hand; with on_tick, of its own replica's.
  virtual const pbft::Committee& committee() const = 0;
  virtual const pbft::Options& options() const = 0;
  virtual MonotonicMillis now() const = 0;
  virtual UtcMillis wall_clock() const = 0;
  /// 0 to `below` − 1.
  virtual std::uint64_t random(std::uint64_t below) = 0;

  /// Over committee()'s statement, by a member that this adversary controls.
  virtual crypto::Signature sign_as(pbft::MemberIndex member, pbft::MessageType type,
                                    ByteView body) const = 0;
  /// A message of any member as that member signed it on another chain where it uses the same key:
  /// what a recorder of that chain can replay here.
  virtual wire::Envelope from_other_chain(pbft::MemberIndex author, pbft::MessageType type,
                                          Bytes body) const = 0;

  /// Puts a message on the link from this member to `to` after `delay_ms`, with the epoch and the
  /// signature that it carries, right or wrong. The network may lose, delay or double it as any
  /// other. State transfer goes by the numbers of the peers, all else by index in committee().
  virtual void send(pbft::MemberIndex to, pbft::Outgoing message, std::int64_t delay_ms = 0) = 0;
  /// The same with an envelope that may claim another chain, epoch or sender.
  virtual void send_envelope(pbft::MemberIndex to, wire::Envelope envelope,
                             std::int64_t delay_ms = 0) = 0;

  crypto::Signature sign(pbft::MessageType type, ByteView body) const {
    return sign_as(self(), type, body);
  }
  /// A message of this member, signed by it.
  pbft::Outgoing sealed(pbft::MessageType type, Bytes body) const {
    pbft::Outgoing message;
    message.type = type;
    message.signature = sign(type, body);
    message.body = std::move(body);
    message.epoch = committee().epoch;
    return message;
  }
};

/// One strategy, or several behind one another. Called in virtual time, never concurrently.
class Adversary {
 public:
  virtual ~Adversary() = default;
  /// Name of the strategy for histories and for the command that repeats a run.
  virtual std::string name() const = 0;
  /// The member's own Replica or CatchUp wants to send `message` to `to` (called once per
  /// recipient; `message.recipient` may be empty). What is not handed to `wire.send` is not sent.
  virtual void on_send(Wire& wire, pbft::MemberIndex to, const pbft::Outgoing& message) {
    wire.send(to, message);
  }
  /// A checked message has arrived. False: the member's own Replica does not get to see it.
  virtual bool on_receive(Wire& wire, const pbft::Received& message) {
    static_cast<void>(wire);
    static_cast<void>(message);
    return true;
  }
  /// A client's transaction that its own door refuses: forged, expired, of a higher level.
  virtual void on_refused(ByteView request) { static_cast<void>(request); }
  /// Every 20 to 50 ms of virtual time while it is up and a member.
  virtual void on_tick(Wire& wire) { static_cast<void>(wire); }
};

/// Makes the adversary of one Byzantine peer of a run. The simulator calls it once per Byzantine
/// peer (at most f of them), with a seed of its own for each.
using AdversaryFactory = std::function<std::unique_ptr<Adversary>(
    pbft::MemberIndex self, std::uint32_t members, std::uint64_t seed)>;

}  // namespace powershare::sim
