#include "protocol/wire/gatekeeper.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "protocol/pbft/status_message.hpp"
#include "tests/unit/protocol/test_committee.hpp"

namespace powershare::test {
namespace {

using pbft::MessageType;
using wire::Refusal;

wire::Envelope prepare_of(std::uint32_t member, const pbft::Committee& committee) {
  wire::Envelope envelope;
  envelope.genesis = committee.genesis;
  envelope.epoch = committee.epoch;
  envelope.type = MessageType::prepare;
  envelope.sender = member;
  envelope.body = pbft::Vote{3, 7, crypto::sha256(as_bytes("a batch"))}.encode();
  envelope.signature = signed_by(member, committee, envelope.type, envelope.body);
  return envelope;
}

}  // namespace

TEST_CASE("an envelope passes on its author's link only, and only as its author signed it") {
  const auto committee = committee_of(4);
  const KeySignatory signatory(key_of(0));
  const auto good = prepare_of(2, committee);
  const auto look = [&](const wire::Envelope& envelope, std::uint32_t link) {
    return wire::inspect(envelope, link, committee, signatory);
  };
  CHECK(look(good, 2) == Refusal::none);
  CHECK(look(good, 3) == Refusal::other_sender);

  auto changed = good;
  changed.sender = 3;
  CHECK(look(changed, 2) == Refusal::other_sender);
  CHECK(look(changed, 3) == Refusal::bad_signature);
  changed = good;
  changed.genesis[0] ^= 1;
  CHECK(look(changed, 2) == Refusal::other_chain);
  changed = good;
  changed.epoch = 1;
  CHECK(look(changed, 2) == Refusal::other_epoch);
  changed = good;
  changed.type = MessageType::commit;
  CHECK(look(changed, 2) == Refusal::bad_signature);
  changed = good;
  changed.body.back() ^= 1;
  CHECK(look(changed, 2) == Refusal::bad_signature);
  changed = good;
  changed.sender = 4;
  CHECK(look(changed, 4) == Refusal::other_sender);
}

TEST_CASE("a signature from another chain under the same key does not count on this one") {
  const auto committee = committee_of(4);
  auto other = committee;
  other.genesis = crypto::sha256(as_bytes("another chain"));
  auto envelope = prepare_of(2, other);
  envelope.genesis = committee.genesis;
  const KeySignatory signatory(key_of(0));
  CHECK(wire::inspect(envelope, 2, committee, signatory) == Refusal::bad_signature);
}

TEST_CASE("a member may name any clock without upsetting another's") {
  Group group(4);
  for (const auto clock :
       {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    pbft::StatusMessage status;
    status.view_active = true;
    status.clock = UtcMillis{clock};
    group.input(0, pbft::Received{3, MessageType::status, status.encode(), {}});
    CHECK(!group.status(0).clock_suspect);
    // The same in a proposal: it is refused, and the replica goes on.
    const auto batch = pbft::Batch::make(UtcMillis{clock}, {as_bytes("request")});
    const auto vote = pbft::Vote{0, 1, batch->digest()}.encode();
    const auto before = group.status(1).rejects["invalid_batch"];
    group.input(1, pbft::Received{0, MessageType::pre_prepare,
                                  Encoder().raw(vote).raw(batch->encoded()).data(),
                                  signed_by(0, group.committee, MessageType::pre_prepare, vote)});
    CHECK(group.status(1).rejects["invalid_batch"] == before + 1);
  }
  group.submit(0, "request");
  group.run();
  CHECK(group.members[1]->decisions.size() == 1);
}

}  // namespace powershare::test
