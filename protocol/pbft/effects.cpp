#include "protocol/pbft/effects.hpp"

#include <algorithm>
#include <iterator>

namespace powershare::pbft {
namespace {

template <class T>
void append(std::vector<T>& to, std::vector<T>&& from) {
  if (to.empty()) {
    to = std::move(from);
    return;
  }
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

void Effects::merge(Effects&& next) {
  if (next.reserve) reserve = next.reserve;
  append(persist, std::move(next.persist));
  append(send, std::move(next.send));
  append(deliver, std::move(next.deliver));
  append(block_certificates, std::move(next.block_certificates));
  if (next.transfer) transfer = std::move(next.transfer);
  append(epochs_finished, std::move(next.epochs_finished));
  append(evidence, std::move(next.evidence));
  append(refused, std::move(next.refused));
  append(alarms, std::move(next.alarms));
  // A step that changed nothing, as with a message of another epoch, names no time.
  if (next.wake_at) wake_at = next.wake_at;
}

}  // namespace powershare::pbft
