#include "sim/history.hpp"

#include <algorithm>

#include "base/encoding.hpp"

namespace powershare::sim {
namespace {

const char* to_text(Happening what) {
  switch (what) {
    case Happening::sent:
      return "sends";
    case Happening::arrived:
      return "gets";
    case Happening::dropped:
      return "drops";
    case Happening::persisted:
      return "has made its log durable";
    case Happening::delivered:
      return "has decided";
    case Happening::executed:
      return "executes";
    case Happening::committed:
      return "has made its ledger durable";
    case Happening::fault:
      return "fault:";
    case Happening::alarm:
      return "says:";
    case Happening::client:
      return "client:";
  }
  return "";
}

bool is_rare(Happening what) {
  return what == Happening::fault || what == Happening::alarm;
}

bool concerns(const HistoryEntry& entry, const Violation& violation) {
  if (is_rare(entry.what) || (!violation.peer && !violation.sequence)) return true;
  if (violation.sequence && entry.sequence && *entry.sequence != *violation.sequence) return false;
  if (violation.sequence && entry.sequence) return true;
  return violation.peer && entry.peer == violation.peer && entry.what != Happening::sent;
}

}  // namespace

std::string HistoryEntry::text() const {
  auto line = std::to_string(at_ms) + " ms  ";
  if (peer) line += "peer " + std::to_string(*peer) + " ";
  line += to_text(what);
  if (type) line += std::string(" ") + pbft::to_text(*type);
  if (view) line += " view " + std::to_string(*view);
  if (sequence) line += " sequence " + std::to_string(*sequence);
  if (other) {
    line += (what == Happening::sent ? " to peer " : " of peer ") + std::to_string(*other);
  }
  if (!words.empty()) line += " " + words;
  return line;
}

void describe_message(HistoryEntry& entry, pbft::MessageType type, ByteView body) {
  entry.type = type;
  Decoder in(body);
  switch (type) {
    case pbft::MessageType::pre_prepare:
    case pbft::MessageType::prepare:
    case pbft::MessageType::commit:
      entry.view = in.u64();
      entry.sequence = in.u64();
      break;
    case pbft::MessageType::checkpoint:
      entry.sequence = in.u64();
      break;
    case pbft::MessageType::view_change:
    case pbft::MessageType::new_view:
      entry.view = in.u64();
      break;
    default:
      break;
  }
}

std::vector<std::string> History::last(std::size_t most, const Violation& violation) const {
  std::vector<std::string> lines;
  const auto held = std::min(next_, ring_.size());
  for (std::size_t back = 1; back <= held && lines.size() < most; ++back) {
    const auto& entry = ring_[(next_ - back) % ring_.size()];
    if (concerns(entry, violation)) lines.push_back(entry.text());
  }
  std::ranges::reverse(lines);
  return lines;
}

}  // namespace powershare::sim
