#include "sim/network.hpp"

namespace powershare::sim {
namespace {

constexpr std::size_t max_held =
    4'096;  ///< a clogged link drops what comes beyond, as a queue does

}  // namespace

Network::Network(EventQueue& time, Generator generator, std::uint32_t peers, Arrive arrive)
    : time_(time),
      generator_(generator),
      peers_(peers),
      arrive_(std::move(arrive)),
      links_(std::size_t{peers} * peers) {}

void Network::send(std::uint32_t from, std::uint32_t to, FramePointer frame,
                   std::int64_t delay_ms) {
  auto& way = link(from, to);
  if (way.cut || (way.withheld & bit(frame->type)) != 0 ||
      (weather.loss_per_mille > 0 && generator_.chance(weather.loss_per_mille))) {
    ++lost_;
    return;
  }
  if (way.clogged) {
    if (way.held.size() < max_held) way.held.push_back(std::move(frame));
    return;
  }
  if (weather.duplicate_per_mille > 0 && generator_.chance(weather.duplicate_per_mille)) {
    travel(from, to, frame, delay_ms);
  }
  travel(from, to, std::move(frame), delay_ms);
}

void Network::travel(std::uint32_t from, std::uint32_t to, FramePointer frame,
                     std::int64_t delay_ms) {
  auto& way = link(from, to);
  auto delay =
      1 + delay_ms +
      static_cast<std::int64_t>(generator_.below(static_cast<std::uint64_t>(weather.jitter_ms)));
  // What an adversary holds back does not hold back what it sends later.
  if (weather.in_order && delay_ms == 0) {
    delay = std::max(delay, way.last_arrival_ms - time_.now_ms());
    way.last_arrival_ms = time_.now_ms() + delay;
  }
  time_.schedule(delay, [this, from, to, frame = std::move(frame)] {
    ++delivered_;
    arrive_(from, to, frame);
  });
}

void Network::mend_all() {
  for (auto& way : links_) {
    way.cut = false;
    way.withheld = 0;
  }
}

void Network::release(std::uint32_t from, std::uint32_t to) {
  auto& way = link(from, to);
  way.clogged = false;
  for (auto& frame : std::exchange(way.held, {})) travel(from, to, std::move(frame), 0);
}

void Network::release_all() {
  for (std::uint32_t from = 0; from < peers_; ++from) {
    for (std::uint32_t to = 0; to < peers_; ++to) {
      if (link(from, to).clogged) release(from, to);
    }
  }
}

}  // namespace powershare::sim
