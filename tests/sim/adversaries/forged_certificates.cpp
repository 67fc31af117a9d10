// Forged certificates: stable proofs, fetched entries, prepared certificates in VIEW-CHANGEs and
// block certificates with too few signers, with signatures of nobody, and from another chain.
#include "protocol/pbft/checkpoint.hpp"
#include "protocol/pbft/fetch.hpp"
#include "protocol/pbft/relayed.hpp"
#include "protocol/pbft/view_change.hpp"
#include "tests/sim/adversaries/catalogue.hpp"
#include "tests/sim/adversaries/strategy.hpp"

namespace powershare::sim {
namespace {

class ForgedCertificates final : public Strategy {
 public:
  explicit ForgedCertificates(std::uint64_t seed)
      : Strategy("forged_certificates", seed), per_mille_(20 + chance_.below(200)) {}

 private:
  void act(Wire& wire, MemberIndex to, const pbft::Outgoing& message) override {
    if (message.type != MessageType::view_change || !chance_.chance(500)) {
      return wire.send(to, message);
    }
    const auto how = static_cast<Forgery>(chance_.below(forgeries));
    wire.send(to, view_change(wire, how, Decoder(message.body).u64()));
  }

  void on_tick(Wire& wire) override {
    if (!chance_.chance(per_mille_)) return;
    const auto how = static_cast<Forgery>(chance_.below(forgeries));
    switch (chance_.below(5)) {
      case 0:
        return send_to_all(wire, stable_proof(wire, how));
      case 1:
        return send_to_all(wire, entry(wire, how));
      case 2:
        return send_to_all(wire, view_change(wire, how, own_.view + 1));
      case 3:
        return send_to_all(wire, relayed(wire));
      default:
        doubled_signer(wire);
    }
  }

  pbft::Position position(const Wire& wire) {
    const pbft::Sequence interval = wire.options().checkpoint_interval;
    const auto ahead = 1 + chance_.below(3);
    pbft::Position position;
    position.sequence = (own_.stable / interval + ahead) * interval;
    position.height = own_.height + ahead;
    position.head = crypto::sha256(Encoder().u64(chance_.next()).data());
    return position;
  }

  pbft::CheckpointCertificate checkpoint(const Wire& wire, Forgery how) {
    const auto at = position(wire);
    return {at, forge(wire, how, MessageType::checkpoint, pbft::encode_checkpoint(at))};
  }

  pbft::Outgoing stable_proof(const Wire& wire, Forgery how) {
    Encoder out;
    checkpoint(wire, how).encode(out);
    return wire.sealed(MessageType::stable_proof, std::move(out).take());
  }

  /// The next sequences, decided for a batch of the adversary's own.
  pbft::Outgoing entry(const Wire& wire, Forgery how) {
    pbft::FetchedEntry entry;
    entry.sequence = own_.delivered + 1 + chance_.below(4);
    entry.batch = pbft::Batch::make(wire.wall_clock(), {});
    entry.digest = entry.batch->digest();
    entry.certificate.view = own_.view;
    const pbft::Vote vote{own_.view, entry.sequence, entry.digest};
    entry.certificate.commits = forge(wire, how, MessageType::commit, vote.encode());
    return wire.sealed(MessageType::fetched_entry, entry.encode());
  }

  pbft::ViewChange content(const Wire& wire, Forgery how, pbft::View view) {
    pbft::ViewChange content;
    content.view = view;
    content.stable.position.head = wire.committee().genesis;
    if (chance_.chance(300)) content.stable = checkpoint(wire, how);
    const auto low = content.stable.position.sequence;
    const auto first = std::max(low, own_.delivered > 2 ? own_.delivered - 2 : 0) + 1;
    for (pbft::Sequence sequence = first; sequence < first + 4; ++sequence) {
      if (view == 0 || sequence - low > wire.options().window) break;
      pbft::PreparedCertificate prepared;
      prepared.vote.view = view - 1;
      prepared.vote.sequence = sequence;
      prepared.vote.digest = pbft::Batch::null()->digest();
      const auto primary = wire.committee().primary(prepared.vote.view);
      const auto body = prepared.vote.encode();
      prepared.pre_prepare =
          wire.controls(primary)
              ? wire.sign_as(primary, MessageType::pre_prepare, body)
              : wire.from_other_chain(primary, MessageType::pre_prepare, body).signature;
      prepared.prepares = forge(wire, how, MessageType::prepare, body, primary);
      content.prepared.push_back(std::move(prepared));
    }
    return content;
  }

  pbft::Outgoing view_change(const Wire& wire, Forgery how, pbft::View view) {
    return wire.sealed(MessageType::view_change, content(wire, how, view).encode());
  }

  /// A VIEW-CHANGE of an honest member that it never made.
  pbft::Outgoing relayed(const Wire& wire) {
    const auto author = static_cast<MemberIndex>(chance_.below(wire.committee().size()));
    const auto body = content(wire, Forgery::bad_others, own_.view + 1).encode();
    const auto signature =
        chance_.chance(500)
            ? wire.sign(MessageType::view_change, body)
            : wire.from_other_chain(author, MessageType::view_change, body).signature;
    return wire.sealed(MessageType::relayed,
                       pbft::encode_relayed(author, MessageType::view_change, body, signature));
  }

  /// A certificate in which the adversary signs again and again.
  void doubled_signer(Wire& wire) {
    const auto at = position(wire);
    const auto body = pbft::encode_checkpoint(at);
    Encoder out;
    out.raw(body).u32(wire.committee().quorum());
    for (std::uint32_t i = 0; i < wire.committee().quorum(); ++i) {
      out.u32(wire.self()).raw(wire.sign(MessageType::checkpoint, body));
    }
    send_to_all(wire, wire.sealed(MessageType::stable_proof, std::move(out).take()));
  }

  std::uint64_t per_mille_;
};

}  // namespace

std::unique_ptr<Adversary> make_forged_certificates(std::uint64_t seed) {
  return std::make_unique<ForgedCertificates>(seed);
}

}  // namespace powershare::sim
