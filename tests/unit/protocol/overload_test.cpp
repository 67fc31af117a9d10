// Far more requests than the members' machines can verify: orders more slowly, never not at all.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <set>

#include "protocol/heard_clock.hpp"
#include "protocol/pbft/request.hpp"
#include "tests/unit/protocol/test_committee.hpp"

using namespace powershare;
using namespace powershare::pbft;
using powershare::test::Group;

namespace {

/// Members whose every message costs time on a machine of their own, as the actors take them:
/// votes first, then proposals and requests in turn, each kind first come, first served. And
/// clients who each have requests under way all the time and ask all members when no answer comes.
class Overload {
 public:
  struct Load {
    std::size_t outstanding = 2'048;
    std::int64_t request_us = 1'000;  ///< to verify one request, once per member
    std::int64_t message_us = 500;    ///< for a message without its requests
  };

  explicit Overload(const Load& load) : load_(load), group_(4, options()), machines_(4) {
    for (std::size_t i = 0; i < load.outstanding; ++i) ask_new();
  }

  void pass(std::int64_t duration_ms) {
    for (const auto end = group_.now + duration_ms; group_.now < end;) {
      ++group_.now;
      carry();
      for (std::uint32_t member = 0; member < 4; ++member) work(member);
      answer();
      ask_again();
    }
  }

  std::uint64_t ordered() const { return answered_.size(); }
  View view() const {
    View highest = 0;
    for (std::uint32_t member = 0; member < 4; ++member) {
      highest = std::max(highest, group_.status(member).view);
    }
    return highest;
  }
  std::uint64_t view_changes() const {
    std::uint64_t most = 0;
    for (std::uint32_t member = 0; member < 4; ++member) {
      most = std::max<std::uint64_t>(most, group_.status(member).view_changes);
    }
    return most;
  }

 private:
  static Options options() {
    Options options;
    options.confirm_at_start = false;
    return options;
  }

  struct Arrival {
    Input input;
    std::int64_t arrived = 0;
  };
  enum Lane : std::size_t { votes, proposals, requests, lanes };
  struct Machine {
    std::array<std::deque<Arrival>, lanes> queues;
    Lane served_last = requests;
    std::set<crypto::Digest> verified;
    std::int64_t free_us = 0;
    protocol::HeardClock clock;
  };

  void carry() {
    while (!group_.wire.empty()) {
      auto [to, message] = std::move(group_.wire.front());
      group_.wire.pop_front();
      const auto lane = message.type == MessageType::pre_prepare ? proposals
                        : message.type == MessageType::request   ? requests
                                                                 : votes;
      machines_[to].queues[lane].push_back({std::move(message), group_.now});
    }
  }

  static bool idle(const Machine& machine) {
    return std::all_of(machine.queues.begin(), machine.queues.end(),
                       [](const auto& queue) { return queue.empty(); });
  }
  static Lane next_lane(const Machine& machine) {
    if (!machine.queues[votes].empty()) return votes;
    const auto other = machine.served_last == proposals ? requests : proposals;
    if (!machine.queues[other].empty()) return other;
    return other == proposals ? requests : proposals;
  }
  /// All that came before this is stepped.
  MonotonicMillis heard(const Machine& machine) const {
    auto oldest = group_.now;
    for (const auto& queue : machine.queues) {
      if (!queue.empty()) oldest = std::min(oldest, queue.front().arrived);
    }
    return {oldest - 1};
  }

  std::int64_t cost_us(Machine& machine, const Input& input) const {
    std::vector<crypto::Digest> ids;
    if (const auto* submit = std::get_if<Submit>(&input)) {
      ids.push_back(crypto::sha256(submit->request));
    } else if (const auto* message = std::get_if<Received>(&input)) {
      if (message->type == MessageType::request) {
        if (const auto several = decode_requests(message->body, group_.config.options.batch)) {
          for (const auto& request : *several) ids.push_back(crypto::sha256(*request));
        }
      } else if (message->type == MessageType::pre_prepare) {
        const auto batch = Batch::decode(message->body, Vote::encoded_bytes, {});
        if (batch) ids = (*batch)->ids();
      }
    }
    std::int64_t fresh = 0;
    for (const auto& id : ids) fresh += machine.verified.insert(id).second ? 1 : 0;
    const bool message = std::holds_alternative<Received>(input);
    return (message ? load_.message_us : 0) + fresh * load_.request_us;
  }

  /// As the consensus actor: each input with a tick of the clock that shows how far it has heard.
  void work(std::uint32_t member) {
    auto& machine = machines_[member];
    const auto now_us = group_.now * 1'000;
    machine.free_us = std::max(machine.free_us, now_us - 1'000);
    while (!idle(machine) && machine.free_us < now_us) {
      const auto lane = next_lane(machine);
      if (lane != votes) machine.served_last = lane;
      machine.clock.heard(heard(machine));
      auto next = std::move(machine.queues[lane].front());
      machine.queues[lane].pop_front();
      machine.free_us += cost_us(machine, next.input);
      tick(member, !idle(machine));
      group_.input(member, std::move(next.input));
    }
    if (idle(machine) && machine.free_us < now_us) tick(member, false);
  }

  void tick(std::uint32_t member, bool waiting) {
    auto& clock = machines_[member].clock;
    group_.input(member, Tick{clock.read(MonotonicMillis{group_.now}, waiting),
                              UtcMillis{1'600'000'000'000 + group_.now}, false});
  }

  void ask_new() {
    const auto text = "request " + std::to_string(asked_++);
    ask(primary(), text);
    waiting_.emplace(crypto::sha256(as_bytes(text)), std::pair(text, group_.now));
  }

  void ask(std::uint32_t member, const std::string& text) {
    machines_[member].queues[requests].push_back({Submit{to_bytes(text), true}, group_.now});
  }

  std::uint32_t primary() const { return static_cast<std::uint32_t>(view() % 4); }

  /// Two members' executions are an answer.
  void answer() {
    for (std::uint32_t member = 0; member < 4; ++member) {
      auto& decisions = group_.members[member]->decisions;
      for (const auto& decision : decisions) {
        for (const auto& id : decision.batch->ids()) {
          if (++executed_[id] != 2) continue;
          answered_.insert(id);
          if (waiting_.erase(id) > 0) ask_new();
        }
      }
      decisions.clear();
    }
  }

  void ask_again() {
    if (group_.now % 50 != 0) return;
    for (auto& [id, request] : waiting_) {
      if (group_.now - request.second < 3'000) continue;
      request.second = group_.now;
      for (std::uint32_t member = 0; member < 4; ++member) ask(member, request.first);
    }
  }

  const Load load_;
  Group group_;
  std::vector<Machine> machines_;
  std::uint64_t asked_ = 0;
  std::map<crypto::Digest, std::pair<std::string, std::int64_t>> waiting_;
  std::map<crypto::Digest, int> executed_;
  std::set<crypto::Digest> answered_;
};

}  // namespace

TEST_CASE("members that are asked for far more than they can do go on ordering, in one view") {
  for (const std::int64_t request_us : {300, 1'000, 3'000}) {
    CAPTURE(request_us);
    Overload::Load load;
    load.request_us = request_us;
    Overload overload(load);
    std::uint64_t before = 0;
    for (int period = 0; period < 6; ++period) {
      overload.pass(10'000);
      CAPTURE(period);
      // Of what one member could verify if it did nothing else, and each verifies every request.
      MESSAGE((overload.ordered() - before), " ordered, views ", overload.view());
      CHECK(overload.ordered() - before > 10'000'000 / static_cast<std::uint64_t>(request_us) / 5);
      before = overload.ordered();
    }
    CHECK(overload.view_changes() <= 2);
  }
}
