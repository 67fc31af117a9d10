// Lies in the new view: another O, f + 1 VIEW-CHANGEs that know least with other proposals for what
// they do not know, prepared certificates left out of the own VIEW-CHANGE, two NEW-VIEWs from
// different quorums, an old one again.
#include <algorithm>
#include <map>

#include "protocol/pbft/new_view.hpp"
#include "tests/sim/adversaries/catalogue.hpp"
#include "tests/sim/adversaries/strategy.hpp"

namespace powershare::sim {
namespace {

class LyingNewView final : public Strategy {
 public:
  explicit LyingNewView(std::uint64_t seed)
      : Strategy("lying_new_view", seed), kind_(chance_.below(6)), mask_(chance_.next()) {}

 private:
  void act(Wire& wire, MemberIndex to, const pbft::Outgoing& message) override {
    if (message.type == MessageType::view_change) return wire.send(to, poorer(wire, message));
    if (message.type != MessageType::new_view) return wire.send(to, message);
    const auto kind = kind_ == 5 ? chance_.below(5) : kind_;
    if (kind == 1) return send_least(wire, to, message);
    if (kind == 4) {  // two of them, each to some
      const auto lie = changed(wire, message, 2);
      return wire.send(to, (mask_ >> to & 1) != 0 ? lie : message);
    }
    if (kind == 3 && old_) wire.send(to, *old_);
    if (chance_.chance(200)) old_ = message;
    wire.send(to, changed(wire, message, kind));
  }

  bool on_receive(Wire& wire, const pbft::Received& message) override {
    static_cast<void>(wire);
    if (message.type == MessageType::view_change) {
      heard_[message.sender] = {message.sender, message.body, message.signature};
    }
    return true;
  }

  /// Whoever believes the f + 1 has nothing at the sequences that others may have decided.
  void send_least(Wire& wire, MemberIndex to, const pbft::Outgoing& message) {
    if (least_for_ != message.body) {
      least_for_ = message.body;
      make_least(wire, message);
    }
    for (const auto& it : least_) wire.send(to, it);
  }

  void make_least(const Wire& wire, const pbft::Outgoing& message) {
    least_ = {message};
    auto lie = pbft::NewView::decode(message.body, wire.options().window);
    if (!lie) return;
    std::map<MemberIndex, pbft::NewView::Entry> entries;
    const auto add = [&](pbft::NewView::Entry entry) {
      auto content = pbft::ViewChange::decode(entry.body, wire.options().window);
      if (!content || content->view != lie->view) return;
      if (wire.controls(entry.sender)) {
        content->prepared.clear();
        entry.body = content->encode();
        entry.signature = wire.sign_as(entry.sender, MessageType::view_change, entry.body);
      }
      entries[entry.sender] = std::move(entry);
    };
    for (const auto& entry : lie->view_changes) add(entry);
    for (const auto& [sender, entry] : heard_) add(entry);
    if (own_view_change_) add({wire.self(), own_view_change_->body, own_view_change_->signature});
    lie->view_changes.clear();
    for (auto& [sender, entry] : entries) lie->view_changes.push_back(std::move(entry));
    while (lie->view_changes.size() > wire.committee().weak_quorum()) {
      lie->view_changes.erase(std::max_element(lie->view_changes.begin(), lie->view_changes.end(),
                                               [](const auto& left, const auto& right) {
                                                 return left.body.size() < right.body.size();
                                               }));
    }
    make_orders(wire, *lie);
    least_ = {wire.sealed(message.type, lie->encode())};
    const auto last = low_of(wire, *lie) + lie->digests.size();
    const auto batch = pbft::Batch::make(wire.wall_clock(), {});
    for (pbft::Sequence sequence = last + 1; sequence <= last + 4; ++sequence) {
      const pbft::Vote vote{lie->view, sequence, batch->digest()};
      least_.push_back(pre_prepare(wire, vote, *batch));
      least_.push_back(wire.sealed(MessageType::commit, vote.encode()));
    }
  }

  /// The own VIEW-CHANGE without some or all of its prepared certificates.
  pbft::Outgoing poorer(const Wire& wire, const pbft::Outgoing& message) {
    own_view_change_ = message;
    if (kind_ != 2 && kind_ != 5) return message;
    const auto content = pbft::ViewChange::decode(message.body, wire.options().window);
    if (!content) return message;
    return wire.sealed(message.type, without_prepared(*content).encode());
  }

  pbft::ViewChange without_prepared(pbft::ViewChange content) {
    if (content.prepared.empty()) return content;
    content.prepared.resize(chance_.below(content.prepared.size()));
    return content;
  }

  pbft::Outgoing changed(const Wire& wire, const pbft::Outgoing& message, std::uint64_t kind) {
    auto lie = pbft::NewView::decode(message.body, wire.options().window);
    if (!lie) return message;
    if (kind == 2) {  // with another VIEW-CHANGE of its own
      for (auto& entry : lie->view_changes) {
        if (!wire.controls(entry.sender)) continue;
        auto content = pbft::ViewChange::decode(entry.body, wire.options().window);
        if (!content) continue;
        entry.body = without_prepared(*content).encode();
        entry.signature = wire.sign_as(entry.sender, MessageType::view_change, entry.body);
      }
      make_orders(wire, *lie);
    } else if (kind == 0) {  // another O
      if (lie->digests.empty() || chance_.chance(200)) {
        lie->digests.push_back(pbft::Batch::null()->digest());
      } else if (chance_.chance(300)) {
        lie->digests.pop_back();
      } else {
        lie->digests[chance_.below(lie->digests.size())] = pbft::Batch::null()->digest();
      }
      sign_orders(wire, *lie);
    }
    return wire.sealed(message.type, lie->encode());
  }

  void make_orders(const Wire& wire, pbft::NewView& lie) {
    std::vector<pbft::ViewChange> contents;
    for (const auto& entry : lie.view_changes) {
      if (auto content = pbft::ViewChange::decode(entry.body, wire.options().window)) {
        contents.push_back(std::move(*content));
      }
    }
    std::vector<const pbft::ViewChange*> pointers;
    for (const auto& content : contents) pointers.push_back(&content);
    const auto duties = pbft::obligations(pointers);
    lie.digests.clear();
    for (const auto& order : duties.orders) lie.digests.push_back(order.digest);
    sign_orders(wire, lie);
  }

  /// The highest stable checkpoint in its VIEW-CHANGEs: its orders begin above.
  static pbft::Sequence low_of(const Wire& wire, const pbft::NewView& lie) {
    pbft::Sequence low = 0;
    for (const auto& entry : lie.view_changes) {
      const auto content = pbft::ViewChange::decode(entry.body, wire.options().window);
      if (content) low = std::max(low, content->stable.position.sequence);
    }
    return low;
  }

  void sign_orders(const Wire& wire, pbft::NewView& lie) {
    const auto low = low_of(wire, lie);
    lie.pre_prepares.clear();
    for (std::size_t i = 0; i < lie.digests.size(); ++i) {
      const pbft::Vote vote{lie.view, low + 1 + i, lie.digests[i]};
      lie.pre_prepares.push_back(wire.sign(MessageType::pre_prepare, vote.encode()));
    }
  }

  std::uint64_t kind_;
  std::uint64_t mask_;
  std::optional<pbft::Outgoing> old_;
  std::map<MemberIndex, pbft::NewView::Entry> heard_;  ///< each one's newest VIEW-CHANGE
  std::optional<pbft::Outgoing> own_view_change_;
  Bytes least_for_;  ///< the own replica's NEW-VIEW in whose place these go
  std::vector<pbft::Outgoing> least_;
};

}  // namespace

std::unique_ptr<Adversary> make_lying_new_view(std::uint64_t seed) {
  return std::make_unique<LyingNewView>(seed);
}

}  // namespace powershare::sim
