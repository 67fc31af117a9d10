// What the strategies share: chance of their own, an eye on what their own replica says of itself,
// and tools to forge.
#pragma once

#include <optional>

#include "protocol/pbft/batch.hpp"
#include "protocol/pbft/certificate.hpp"
#include "protocol/pbft/status_message.hpp"
#include "sim/adversary.hpp"
#include "sim/generator.hpp"

namespace powershare::sim {

using pbft::MemberIndex;
using pbft::MessageType;

class Strategy : public Adversary {
 public:
  Strategy(std::string name, std::uint64_t seed) : chance_(seed), name_(std::move(name)) {}
  std::string name() const override { return name_; }
  void on_send(Wire& wire, MemberIndex to, const pbft::Outgoing& message) final;

 protected:
  /// on_send, after the own replica's STATUS was read.
  virtual void act(Wire& wire, MemberIndex to, const pbft::Outgoing& message) {
    wire.send(to, message);
  }
  /// True when the own replica leads the active view that it last told of.
  bool leads(const Wire& wire) const;

  Generator chance_;
  /// The last STATUS of the own replica; all zero before the first.
  pbft::StatusMessage own_;

 private:
  std::string name_;
};

/// The vote inside a PRE-PREPARE, PREPARE or COMMIT.
std::optional<pbft::Vote> vote_of(const pbft::Outgoing& message);
/// Another batch with the requests of the one inside a PRE-PREPARE, `variant` milliseconds later.
pbft::BatchPointer other_batch(const pbft::Outgoing& pre_prepare, std::int64_t variant);
/// A PRE-PREPARE of the wire's member.
pbft::Outgoing pre_prepare(const Wire& wire, pbft::Vote vote, const pbft::Batch& batch);
void send_to_all(Wire& wire, const pbft::Outgoing& message);

/// How a certificate is false.
enum class Forgery : std::uint8_t {
  too_small,   ///< only signatures of members that the adversary controls
  bad_others,  ///< the others' signatures are bits of its own
  other_kind,  ///< the others' signatures are real, from another chain
};
inline constexpr std::uint64_t forgeries = 3;
/// A "certificate" over a message of this type and body; all members but `left_out` seem to sign.
pbft::QuorumCertificate forge(const Wire& wire, Forgery how, MessageType type, const Bytes& body,
                              std::optional<MemberIndex> left_out = std::nullopt);

}  // namespace powershare::sim
