// Wrong state transfer: changed blocks, certificates, manifests and chunks, answers to what nobody
// asked, no answer, or one just before the asker gives up.
#include "protocol/catch_up_messages.hpp"
#include "tests/sim/adversaries/catalogue.hpp"
#include "tests/sim/adversaries/strategy.hpp"

namespace powershare::sim {
namespace {

class WrongState final : public Strategy {
 public:
  explicit WrongState(std::uint64_t seed)
      : Strategy("wrong_state", seed), kind_(chance_.below(6)), eager_(chance_.chance(300)) {}

 private:
  void act(Wire& wire, MemberIndex to, const pbft::Outgoing& message) override {
    const bool answer = message.type == MessageType::blocks ||
                        message.type == MessageType::manifest || message.type == MessageType::chunk;
    if (eager_ && message.type == MessageType::status && last_) wire.send(to, *last_);
    if (!answer) return wire.send(to, message);
    last_ = message;
    switch (kind_ == 5 ? chance_.below(5) : kind_) {
      case 0:
        return;
      case 1:  // slow drip
        return wire.send(to, message, 150 + static_cast<std::int64_t>(chance_.below(200)));
      case 2: {
        auto body = message.body;
        body[chance_.below(body.size())] ^= static_cast<std::uint8_t>(1 + chance_.below(255));
        return wire.send(to, wire.sealed(message.type, std::move(body)));
      }
      case 3: {
        auto body = message.body;
        body.resize(chance_.below(body.size()));
        return wire.send(to, wire.sealed(message.type, std::move(body)));
      }
      default:
        return wire.send(to, consistent_lie(wire, message));
    }
  }

  /// Formally perfect: another state behind headers that form a chain, records that never were.
  pbft::Outgoing consistent_lie(const Wire& wire, const pbft::Outgoing& message) {
    if (message.type == MessageType::chunk) {
      auto chunk = protocol::decode_chunk(message.body);
      if (!chunk || chunk->records.empty()) return message;
      auto& record = chunk->records[chance_.below(chunk->records.size())];
      if (chance_.chance(300)) {
        record.value.push_back(1);
      } else if (record.value.empty()) {
        chunk->records.pop_back();
      } else {
        record.value.back() ^= 1;
      }
      return wire.sealed(message.type, protocol::encode_chunk(*chunk));
    }
    if (message.type == MessageType::manifest) {
      auto manifest = protocol::decode_manifest(message.body);
      if (!manifest) return message;
      auto& subtree = manifest->level[chance_.below(manifest->level.size())];
      subtree.kind = crypto::SubtreeKind::leaf;
      subtree.hash[0] ^= 1;
      manifest->head.header.state_root = crypto::root_from_level(manifest->level);
      return wire.sealed(message.type, protocol::encode_manifest(*manifest));
    }
    auto blocks = protocol::decode_blocks(message.body, {});
    if (!blocks || blocks->blocks.empty()) return message;
    const auto from = chance_.below(blocks->blocks.size());
    blocks->blocks[from].header.state_root[0] ^= 1;
    for (std::size_t i = from + 1; i < blocks->blocks.size(); ++i) {
      blocks->blocks[i].header.previous = blocks->blocks[i - 1].header.hash();
    }
    auto previous = blocks->blocks.back().header.hash();
    for (auto& header : blocks->further_headers) {
      header.previous = previous;
      previous = header.hash();
    }
    return wire.sealed(message.type, protocol::encode_blocks(*blocks));
  }

  std::uint64_t kind_;
  bool eager_;  ///< answers nobody asked for
  std::optional<pbft::Outgoing> last_;
};

}  // namespace

std::unique_ptr<Adversary> make_wrong_state(std::uint64_t seed) {
  return std::make_unique<WrongState>(seed);
}

}  // namespace powershare::sim
