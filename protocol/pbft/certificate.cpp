#include "protocol/pbft/certificate.hpp"

#include <algorithm>

#include "protocol/pbft/checkpoint.hpp"
#include "protocol/pbft/error.hpp"

namespace powershare::pbft {
namespace {

Error bad(const char* detail) {
  return Error{ConsensusError::bad_certificate, detail};
}

/// Distinct members in rising order, at least `needed`, all signing `statement`; none of them
/// `excluded`.
Result<void> verify_endorsements(const QuorumCertificate& certificate, ByteView statement,
                                 std::uint32_t needed, std::optional<MemberIndex> excluded,
                                 const Committee& committee, const protocol::Signatory& signatory) {
  const auto& endorsements = certificate.endorsements;
  if (endorsements.size() < needed && !planted(Bug::small_certificate))
    return bad("fewer signers than needed");
  for (std::size_t i = 0; i < endorsements.size(); ++i) {
    const auto signer = endorsements[i].signer;
    if (signer >= committee.size()) return bad("a signer who is not a member");
    if (i > 0 && signer <= endorsements[i - 1].signer) return bad("signers not in rising order");
    if (excluded == signer) return bad("the primary's own PREPARE");
  }
  for (const auto& endorsement : endorsements) {
    if (!signatory.verify(committee.members[endorsement.signer], statement,
                          endorsement.signature)) {
      return bad("a signature that does not verify");
    }
  }
  return {};
}

}  // namespace

Bytes Vote::encode() const {
  return Encoder().u64(view).u64(sequence).raw(digest).data();
}

Result<Vote> Vote::decode(ByteView body) {
  Decoder in(body);
  Vote vote;
  vote.view = in.u64();
  vote.sequence = in.u64();
  vote.digest = in.array<32>();
  if (!in.finished()) return Error{ConsensusError::malformed, "not a vote of 48 bytes"};
  return vote;
}

void PreparedCertificate::encode(Encoder& out) const {
  out.u64(vote.view).u64(vote.sequence).raw(vote.digest).raw(pre_prepare);
  prepares.encode(out);
}

PreparedCertificate PreparedCertificate::decode(Decoder& in) {
  PreparedCertificate certificate;
  certificate.vote.view = in.u64();
  certificate.vote.sequence = in.u64();
  certificate.vote.digest = in.array<32>();
  certificate.pre_prepare = in.array<64>();
  certificate.prepares = QuorumCertificate::decode(in, max_members);
  return certificate;
}

void OrderingCertificate::encode(Encoder& out) const {
  out.u64(view);
  commits.encode(out);
}

OrderingCertificate OrderingCertificate::decode(Decoder& in) {
  OrderingCertificate certificate;
  certificate.view = in.u64();
  certificate.commits = QuorumCertificate::decode(in, max_members);
  return certificate;
}

void CheckpointCertificate::encode(Encoder& out) const {
  out.raw(encode_checkpoint(position));
  checkpoints.encode(out);
}

CheckpointCertificate CheckpointCertificate::decode(Decoder& in) {
  CheckpointCertificate certificate;
  certificate.position = read_position(in);
  certificate.checkpoints = QuorumCertificate::decode(in, max_members);
  return certificate;
}

Result<void> verify_quorum(const QuorumCertificate& certificate, ByteView statement,
                           const Committee& committee, const protocol::Signatory& signatory) {
  return verify_endorsements(certificate, statement, committee.quorum(), std::nullopt, committee,
                             signatory);
}

Result<void> verify(const PreparedCertificate& certificate, const Committee& committee,
                    const protocol::Signatory& signatory) {
  const auto body = certificate.vote.encode();
  const auto primary = committee.primary(certificate.vote.view);
  if (!signatory.verify(committee.members[primary],
                        committee.statement(MessageType::pre_prepare, body),
                        certificate.pre_prepare)) {
    return bad("a PRE-PREPARE that its primary did not sign");
  }
  return verify_endorsements(certificate.prepares, committee.statement(MessageType::prepare, body),
                             committee.quorum() - 1, primary, committee, signatory);
}

Result<void> verify(const OrderingCertificate& certificate, Sequence sequence, const Digest& digest,
                    const Committee& committee, const protocol::Signatory& signatory) {
  const auto body = Vote{certificate.view, sequence, digest}.encode();
  return verify_quorum(certificate.commits, committee.statement(MessageType::commit, body),
                       committee, signatory);
}

Result<void> verify(const CheckpointCertificate& certificate, const Committee& committee,
                    const protocol::Signatory& signatory) {
  const auto begin = committee.begin();
  if (certificate.position.sequence <= begin.sequence) {
    if (certificate.position != begin || !certificate.checkpoints.endorsements.empty()) {
      return bad("not the begin of the epoch");
    }
    return {};
  }
  const auto body = encode_checkpoint(certificate.position);
  return verify_quorum(certificate.checkpoints, committee.statement(MessageType::checkpoint, body),
                       committee, signatory);
}

}  // namespace powershare::pbft
