// Every noun: what is encoded decodes to the same, and no change of a byte or of the length decodes
// to a second encoding of it.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "protocol/catch_up_messages.hpp"
#include "protocol/pbft/block_vote.hpp"
#include "protocol/pbft/checkpoint.hpp"
#include "protocol/pbft/fetch.hpp"
#include "protocol/pbft/new_view.hpp"
#include "protocol/pbft/promises.hpp"
#include "protocol/pbft/relayed.hpp"
#include "protocol/pbft/request.hpp"
#include "protocol/pbft/status_message.hpp"
#include "protocol/wire/envelope.hpp"
#include "tests/unit/protocol/test_committee.hpp"

using namespace powershare;
using namespace powershare::pbft;

namespace {

/// `again` decodes and encodes; nothing where it does not decode.
using Again = std::function<std::optional<Bytes>(ByteView)>;

void check_canonical(const Bytes& body, const Again& again) {
  REQUIRE(again(body) == body);
  for (std::size_t size = 0; size < body.size(); ++size) {
    const auto shorter = again(ByteView(body).first(size));
    CHECK((!shorter || shorter->size() == size));
  }
  auto longer = body;
  longer.push_back(0);
  const auto more = again(longer);
  CHECK((!more || *more == longer));
  for (std::size_t i = 0; i < body.size(); ++i) {
    auto changed = body;
    changed[i] ^= 0x81;
    const auto other = again(changed);
    if (other) CHECK(*other == changed);
  }
}

template <class Message, class... More>
Again by_member(More... more) {
  return [=](ByteView body) -> std::optional<Bytes> {
    auto message = Message::decode(body, more...);
    if (!message) return std::nullopt;
    return message->encode();
  };
}

QuorumCertificate certificate_of(std::initializer_list<MemberIndex> members) {
  QuorumCertificate certificate;
  for (const auto member : members) certificate.endorsements.push_back({member, {}});
  return certificate;
}

PreparedCertificate prepared_at(Sequence sequence, View view) {
  PreparedCertificate certificate;
  certificate.vote = {view, sequence, crypto::sha256(Bytes{1})};
  certificate.prepares = certificate_of({1, 2});
  return certificate;
}

}  // namespace

TEST_CASE("votes, checkpoints, block votes and fetches have one encoding") {
  check_canonical(Vote{3, 7, crypto::sha256({})}.encode(), by_member<Vote>());
  check_canonical(BlockVote{9, crypto::sha256({})}.encode(), by_member<BlockVote>());
  check_canonical(Fetch{9, crypto::sha256({})}.encode(), by_member<Fetch>());
  check_canonical(encode_checkpoint({8, 5, crypto::sha256({})}),
                  [](ByteView body) -> std::optional<Bytes> {
                    const auto position = decode_checkpoint(body);
                    if (!position) return std::nullopt;
                    return encode_checkpoint(*position);
                  });
}

TEST_CASE("a STATUS has one encoding and no more slots than two windows") {
  StatusMessage status;
  status.view = 4;
  status.clock = UtcMillis{-5};
  status.slots = {{1, 3, 0}, {7, ~std::uint64_t{0}, 2}};
  check_canonical(status.encode(), by_member<StatusMessage>(std::uint32_t{8}));
  status.slots.resize(17);
  CHECK(!StatusMessage::decode(status.encode(), 8));
}

TEST_CASE(
    "a VIEW-CHANGE keeps its certificates in rising order, inside the window and of earlier "
    "views") {
  ViewChange message;
  message.view = 3;
  message.stable.position.sequence = 8;
  message.stable.checkpoints = certificate_of({0, 1, 3});
  message.prepared = {prepared_at(9, 0), prepared_at(11, 2)};
  check_canonical(message.encode(), by_member<ViewChange>(std::uint32_t{8}));
  const auto refused = [](ViewChange it) { return !ViewChange::decode(it.encode(), 8); };
  auto changed = message;
  changed.prepared = {prepared_at(11, 0), prepared_at(9, 0)};
  CHECK(refused(changed));
  changed.prepared = {prepared_at(9, 0), prepared_at(9, 1)};
  CHECK(refused(changed));
  changed.prepared = {prepared_at(8, 0)};
  CHECK(refused(changed));
  changed.prepared = {prepared_at(17, 0)};
  CHECK(refused(changed));
  changed.prepared = {prepared_at(9, 3)};
  CHECK(refused(changed));
}

TEST_CASE("a NEW-VIEW has one encoding") {
  NewView message;
  message.view = 2;
  message.view_changes = {{0, Bytes{1, 2}, {}}, {2, Bytes{}, {}}};
  message.digests = {crypto::sha256({})};
  message.pre_prepares = {Signature{}};
  check_canonical(message.encode(), by_member<NewView>(std::uint32_t{8}));
}

TEST_CASE("O takes the highest view per sequence and fills holes with null batches") {
  ViewChange low;
  low.view = 5;
  low.prepared = {prepared_at(3, 1), prepared_at(6, 1)};
  ViewChange high;
  high.view = 5;
  high.stable.position.sequence = 4;
  high.prepared = {prepared_at(6, 4)};
  high.prepared[0].vote.digest = crypto::sha256(Bytes{9});
  const auto duties = obligations({&low, &high});
  CHECK(duties.stable.position.sequence == 4);
  REQUIRE(duties.orders.size() == 2);
  CHECK(duties.orders[0] == Order{5, Batch::null()->digest()});
  CHECK(duties.orders[1] == Order{6, crypto::sha256(Bytes{9})});
  CHECK(duties.last() == 6);
}

TEST_CASE("batches, requests, entries, promises and relayed messages have one encoding") {
  const BatchLimits limits{4, 200};
  const auto batch = Batch::make(UtcMillis{77}, {as_bytes("a"), as_bytes("bcd")});
  check_canonical(to_bytes(batch->encoded()), [&](ByteView body) -> std::optional<Bytes> {
    const auto decoded = Batch::decode(to_bytes(body), 0, limits);
    if (!decoded) return std::nullopt;
    return to_bytes((*decoded)->encoded());
  });
  const auto later = Batch::make(UtcMillis{78}, {as_bytes("a"), as_bytes("bcd")});
  CHECK(batch->digest() != later->digest());
  CHECK(batch->ids()[1] == crypto::sha256(as_bytes("bcd")));
  const std::string big(200, 'x');
  CHECK(!Batch::decode(to_bytes(Batch::make({}, {as_bytes(big)})->encoded()), 0, limits));
  const std::vector<ByteView> five(5, as_bytes("r"));
  CHECK(!Batch::decode(to_bytes(Batch::make({}, five)->encoded()), 0, limits));

  check_canonical(encode_requests({std::make_shared<const Bytes>(Bytes{1, 2})}),
                  [&](ByteView body) -> std::optional<Bytes> {
                    const auto requests = decode_requests(body, limits);
                    if (!requests) return std::nullopt;
                    return encode_requests(*requests);
                  });
  FetchedEntry entry{5, batch->digest(), {1, certificate_of({0, 2, 3})}, batch};
  check_canonical(entry.encode(), [&](ByteView body) -> std::optional<Bytes> {
    const auto decoded = FetchedEntry::decode(to_bytes(body), limits);
    if (!decoded) return std::nullopt;
    return decoded->encode();
  });
  Promises promises;
  promises.newest = {{MessageType::commit, Bytes(48), {}}};
  check_canonical(promises.encode(), by_member<Promises>());
  const auto relayed = encode_relayed(2, MessageType::new_view, Bytes{4, 5}, Signature{});
  check_canonical(relayed, [](ByteView body) -> std::optional<Bytes> {
    const auto message = decode_relayed(body);
    if (!message) return std::nullopt;
    return encode_relayed(message->sender, message->type, message->body, message->signature);
  });
}

TEST_CASE("state transfer messages have one encoding") {
  protocol::BlocksRead blocks;
  blocks.from_height = 4;
  blocks.blocks.push_back({{}, Bytes{1, 2, 3}, {0, certificate_of({0, 1, 2})}});
  blocks.further_headers.push_back({});
  blocks.certificate = certificate_of({1, 2, 3});
  check_canonical(protocol::encode_blocks(blocks), [](ByteView body) -> std::optional<Bytes> {
    const auto decoded = protocol::decode_blocks(body, {});
    if (!decoded) return std::nullopt;
    return protocol::encode_blocks(*decoded);
  });
  const protocol::ChunkRead chunk{0, 7, {{Bytes{1}, Bytes{}}, {Bytes{2}, Bytes{3}}}};
  check_canonical(protocol::encode_chunk(chunk), [](ByteView body) -> std::optional<Bytes> {
    const auto decoded = protocol::decode_chunk(body);
    if (!decoded) return std::nullopt;
    return protocol::encode_chunk(*decoded);
  });
}

TEST_CASE("a prepared certificate needs the primary and q - 1 distinct others") {
  for (const std::uint32_t n : {4u, 5u, 6u, 7u, 10u}) {
    CAPTURE(n);
    const auto committee = test::committee_of(n);
    const test::KeySignatory signatory(test::key_of(0));
    PreparedCertificate certificate;
    certificate.vote = {1, 5, crypto::sha256({})};
    const auto body = certificate.vote.encode();
    certificate.pre_prepare = test::signed_by(1, committee, MessageType::pre_prepare, body);
    for (MemberIndex member = 0; member < n; ++member) {
      if (member == 1) continue;
      if (certificate.prepares.endorsements.size() == committee.quorum() - 1) break;
      certificate.prepares.endorsements.push_back(
          {member, test::signed_by(member, committee, MessageType::prepare, body)});
    }
    CHECK(verify(certificate, committee, signatory));
    auto changed = certificate;
    changed.prepares.endorsements.pop_back();
    CHECK(!verify(changed, committee, signatory));
    changed = certificate;
    changed.prepares.endorsements[1] = changed.prepares.endorsements[0];
    CHECK(!verify(changed, committee, signatory));
    changed = certificate;
    changed.prepares.endorsements.back().signer = n;
    CHECK(!verify(changed, committee, signatory));
    changed = certificate;
    changed.prepares.endorsements[1] = {1,
                                        test::signed_by(1, committee, MessageType::prepare, body)};
    std::sort(changed.prepares.endorsements.begin(), changed.prepares.endorsements.end(),
              [](const auto& a, const auto& b) { return a.signer < b.signer; });
    CHECK(!verify(changed, committee, signatory));
    changed = certificate;
    changed.vote.view = 2;
    CHECK(!verify(changed, committee, signatory));
  }
}

TEST_CASE(
    "signed statements differ by chain, epoch and type, and bind a PRE-PREPARE's batch by its "
    "digest") {
  auto committee = test::committee_of(4);
  const auto body = Vote{0, 1, crypto::sha256({})}.encode();
  const auto statement = committee.statement(MessageType::prepare, body);
  CHECK(statement != committee.statement(MessageType::commit, body));
  auto longer = body;
  longer.push_back(1);
  CHECK(committee.statement(MessageType::prepare, longer) != statement);
  CHECK(committee.statement(MessageType::pre_prepare, longer) ==
        committee.statement(MessageType::pre_prepare, body));
  committee.epoch = 1;
  CHECK(committee.statement(MessageType::prepare, body) != statement);
  committee.epoch = 0;
  committee.genesis[0] ^= 1;
  CHECK(committee.statement(MessageType::prepare, body) != statement);
}

TEST_CASE("an envelope has one encoding within its limits") {
  wire::Envelope envelope;
  envelope.genesis = crypto::sha256({});
  envelope.epoch = 3;
  envelope.type = MessageType::commit;
  envelope.sender = 2;
  envelope.body = Bytes{1, 2, 3};
  envelope.signature[5] = 9;
  const auto frame = wire::encode_envelope(envelope);
  const auto decoded = wire::decode_envelope(frame);
  REQUIRE(decoded);
  CHECK(*decoded == envelope);
  check_canonical(frame, [](ByteView bytes) -> std::optional<Bytes> {
    const auto it = wire::decode_envelope(bytes);
    if (!it) return std::nullopt;
    return wire::encode_envelope(*it);
  });
  auto unknown = frame;
  unknown.insert(unknown.end(), {0x38, 0x01});  // field 7
  CHECK(!wire::decode_envelope(unknown));
  auto repeated = frame;
  repeated.insert(repeated.end(), {0x20, 0x02});  // the sender once more
  CHECK(!wire::decode_envelope(repeated));
  CHECK(!wire::decode_envelope(Bytes(wire::max_frame_bytes + 1)));
  CHECK(!wire::decode_envelope({}));
  envelope.type = static_cast<MessageType>(200);
  CHECK(!wire::decode_envelope(wire::encode_envelope(envelope)));
}
