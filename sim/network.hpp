// The links between simulated peers. Undisturbed, each keeps its order and loses nothing, as TCP
// does; faults change that.
#pragma once

#include <memory>
#include <vector>

#include "protocol/wire/envelope.hpp"
#include "sim/event_queue.hpp"
#include "sim/generator.hpp"

namespace powershare::sim {

/// Shared by all recipients of one message.
using FramePointer = std::shared_ptr<const wire::Envelope>;

/// What happens to messages on all links now.
struct Weather {
  std::uint32_t loss_per_mille = 0;
  std::uint32_t duplicate_per_mille = 0;
  std::int64_t jitter_ms = 5;
  bool in_order = true;
};

class Network {
 public:
  using Arrive =
      std::function<void(std::uint32_t from, std::uint32_t to, const FramePointer& frame)>;
  Network(EventQueue& time, Generator generator, std::uint32_t peers, Arrive arrive);

  void send(std::uint32_t from, std::uint32_t to, FramePointer frame, std::int64_t delay_ms = 0);

  Weather weather;
  /// From now on nothing goes from one to the other.
  void cut(std::uint32_t from, std::uint32_t to) { link(from, to).cut = true; }
  void mend(std::uint32_t from, std::uint32_t to) { link(from, to).cut = false; }
  void mend_all();
  /// Messages of the types whose bits are set are lost from one to the other.
  void withhold(std::uint32_t from, std::uint32_t to, std::uint64_t types) {
    link(from, to).withheld = types;
  }
  static std::uint64_t bit(pbft::MessageType type) {
    return std::uint64_t{1} << static_cast<unsigned>(type);
  }
  /// The link takes messages and delivers none until it is released.
  void clog(std::uint32_t from, std::uint32_t to) { link(from, to).clogged = true; }
  void release(std::uint32_t from, std::uint32_t to);
  void release_all();

  std::uint64_t delivered() const { return delivered_; }
  std::uint64_t lost() const { return lost_; }

 private:
  struct Link {
    bool cut = false;
    bool clogged = false;
    std::uint64_t withheld = 0;
    std::int64_t last_arrival_ms = 0;
    std::vector<FramePointer> held;
  };
  Link& link(std::uint32_t from, std::uint32_t to) { return links_[from * peers_ + to]; }
  void travel(std::uint32_t from, std::uint32_t to, FramePointer frame, std::int64_t delay_ms);

  EventQueue& time_;
  Generator generator_;
  std::uint32_t peers_;
  Arrive arrive_;
  std::vector<Link> links_;
  std::uint64_t delivered_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace powershare::sim
