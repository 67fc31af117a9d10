#include "sim/peer_shell.hpp"

namespace powershare::sim {

const char* to_text(PersistencePoint point) {
  switch (point) {
    case PersistencePoint::before_identity:
      return "before writing IDENTITY";
    case PersistencePoint::identity_written:
      return "with IDENTITY written, not synced";
    case PersistencePoint::before_log:
      return "before writing the log";
    case PersistencePoint::log_written:
      return "with the log written, not synced";
    case PersistencePoint::log_synced:
      return "with the log synced, nothing sent";
    case PersistencePoint::half_sent:
      return "with half of the messages sent";
    case PersistencePoint::before_ledger:
      return "before writing the ledger";
    case PersistencePoint::ledger_written:
      return "with the ledger written, not synced";
    case PersistencePoint::ledger_synced:
      return "with the ledger synced, nobody told";
    case PersistencePoint::count:
      break;
  }
  return "nowhere";
}

void PeerShell::after(std::int64_t delay_ms, std::function<void()> action) {
  world.schedule(delay_ms, [this, life = life_, action = std::move(action)] {
    if (alive_ && life == life_) action();
  });
}

void PeerShell::begin_life() {
  ++life_;
  alive_ = true;
}

void PeerShell::end_life() {
  ++life_;
  alive_ = false;
  armed_.reset();
}

bool PeerShell::stops_at(PersistencePoint point) {
  if (!armed_ || armed_->point != point || --armed_->passes > 0) return false;
  armed_.reset();
  // Nothing that is under way goes on; the world takes the pieces away.
  alive_ = false;
  world.crash_now(id, point);
  return true;
}

void Mailbox::put(Work work) {
  queue_.push_back(std::move(work));
  schedule_pump();
}

void Mailbox::unblock() {
  blocked_ = false;
  schedule_pump();
}

void Mailbox::schedule_pump() {
  if (scheduled_ || blocked_ || queue_.empty()) return;
  scheduled_ = true;
  shell_.after(shell_.moment_ms(2), [this] { pump(); });
}

void Mailbox::pump() {
  scheduled_ = false;
  while (!queue_.empty() && !blocked_ && shell_.alive()) {
    const auto work = std::move(queue_.front());
    queue_.pop_front();
    work();
  }
  if (shell_.alive() && !blocked_) drained_();
}

}  // namespace powershare::sim
