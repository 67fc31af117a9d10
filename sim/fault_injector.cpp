#include "sim/fault_injector.hpp"

#include <algorithm>

namespace powershare::sim {
namespace {

constexpr std::int64_t clear_weather_jitter_ms = 10;

}  // namespace

FaultInjector::FaultInjector(const FaultSet& faults, EventQueue& time, Generator generator,
                             Network& network, std::vector<std::unique_ptr<SimulatedPeer>>& peers,
                             const std::vector<bool>& byzantine, std::uint32_t members,
                             Invariants& invariants, Note note)
    : faults_(faults),
      time_(time),
      generator_(generator),
      network_(network),
      peers_(peers),
      invariants_(invariants),
      note_(std::move(note)),
      kept_down_(byzantine.size(), false),
      most_harmed_(crypto::max_faulty(members)),
      harm_(byzantine.size(), Harm::none),
      must_reach_(byzantine.size(), 0) {
  for (std::size_t i = 0; i < byzantine.size(); ++i) {
    if (byzantine[i]) harm_[i] = Harm::byzantine;
  }
}

void FaultInjector::start() {
  network_.weather.jitter_ms = clear_weather_jitter_ms;
  if (faults_.has(Fault::clock_skew)) {
    for (auto& peer : peers_) {
      peer->shell().clock.drift_per_mille = static_cast<std::int64_t>(generator_.below(101)) - 50;
    }
  }
  time_.schedule(300, [this] { event(); });
}

void FaultInjector::happened(Fault fault, std::optional<std::uint32_t> peer, std::string words) {
  ++counts_.by_name[to_text(fault)];
  note_(peer, std::move(words));
}

std::vector<FaultInjector::Action> FaultInjector::possible() const {
  using Self = FaultInjector;
  std::vector<Action> actions{&Self::hand_over};
  const auto add = [&](Fault fault, std::initializer_list<Action> list) {
    if (faults_.has(fault)) actions.insert(actions.end(), list);
  };
  add(Fault::loss, {&Self::change_loss});
  add(Fault::duplication, {&Self::change_duplication});
  add(Fault::reordering, {&Self::change_order});
  add(Fault::delay, {&Self::change_delay});
  add(Fault::partitions, {&Self::part_in_two, &Self::isolate});
  add(Fault::one_way, {&Self::cut_one_way});
  add(Fault::clogs, {&Self::clog});
  add(Fault::selective, {&Self::withhold});
  add(Fault::crashes, {&Self::crash_one, &Self::arm_crash, &Self::arm_crash, &Self::crash_several,
                       &Self::crash_all});
  add(Fault::torn, {&Self::arm_crash});
  add(Fault::lost_logs, {&Self::lose_log});
  add(Fault::bit_flips, {&Self::flip_bit});
  add(Fault::disk_full, {&Self::fill_disk});
  add(Fault::clock_skew, {&Self::skew_clock});
  add(Fault::slow_peers, {&Self::slow_down});
  return actions;
}

void FaultInjector::event() {
  if (settled_) return;
  look_at_harm();
  const auto actions = possible();
  (this->*actions[generator_.below(actions.size())])();
  const auto most = actions.size() > 8 ? 300U : 600U;
  time_.schedule(30 + static_cast<std::int64_t>(generator_.below(most)), [this] { event(); });
}

void FaultInjector::later(std::int64_t most_ms, std::function<void()> undo) {
  time_.schedule(
      1 + static_cast<std::int64_t>(generator_.below(static_cast<std::uint64_t>(most_ms))),
      [this, undo = std::move(undo)] {
        if (!settled_) undo();
      });
}

// ── How much at once ────────────────────────────────────────────────────────────────────────────

bool FaultInjector::may_harm(std::uint32_t peer) const {
  std::uint32_t harmed = 0;
  for (std::uint32_t i = 0; i < peers_.size(); ++i) {
    if (i != peer && harm_[i] != Harm::none) ++harmed;
  }
  return harm_[peer] != Harm::byzantine && harmed < most_harmed_;
}

/// A peer whose disk was damaged counts as faulty until it votes again and has all blocks back.
void FaultInjector::look_at_harm() {
  for (std::uint32_t i = 0; i < peers_.size(); ++i) {
    if (harm_[i] != Harm::recovering || !peers_[i]->up()) continue;
    if (peers_[i]->settlement().position().height < must_reach_[i]) continue;
    if (!peers_[i]->status().recovering) harm_[i] = Harm::none;
  }
}

std::uint32_t FaultInjector::primary_or_any() {
  const auto peer = any_peer();
  if (!peers_[peer]->up() || generator_.chance(500)) return peer;
  const auto& members = peers_[peer]->committee().members;
  return *peers_[peer]->shell().chain.process_of(members[peers_[peer]->status().primary]);
}

// ── Network ─────────────────────────────────────────────────────────────────────────────────────

void FaultInjector::change_loss() {
  auto& loss = network_.weather.loss_per_mille;
  const std::uint32_t choices[] = {0, 5, 30, 200};
  loss = choices[generator_.below(4)];
  happened(Fault::loss, {}, "loss of " + std::to_string(loss) + " per mille");
}

void FaultInjector::change_duplication() {
  auto& often = network_.weather.duplicate_per_mille;
  often = often > 0 ? 0 : 50;
  happened(Fault::duplication, {}, "duplication of " + std::to_string(often) + " per mille");
}

void FaultInjector::change_order() {
  network_.weather.in_order = !network_.weather.in_order;
  happened(Fault::reordering, {},
           network_.weather.in_order ? "links keep their order" : "links keep no order");
}

void FaultInjector::change_delay() {
  auto& jitter = network_.weather.jitter_ms;
  jitter = jitter > clear_weather_jitter_ms ? clear_weather_jitter_ms
                                            : 50 + static_cast<std::int64_t>(generator_.below(250));
  happened(Fault::delay, {}, "delays up to " + std::to_string(jitter) + " ms");
}

void FaultInjector::part_in_two() {
  const auto sides = generator_.next();
  std::string words = "parted:";
  for (std::uint32_t from = 0; from < peers_.size(); ++from) {
    words += ((sides >> from) & 1) != 0 ? " A" : " B";
    for (std::uint32_t to = 0; to < peers_.size(); ++to) {
      if (((sides >> from) & 1) != ((sides >> to) & 1)) network_.cut(from, to);
    }
  }
  happened(Fault::partitions, {}, words);
  later(2'000, [this] {
    network_.mend_all();
    note_({}, "all links mended");
  });
}

void FaultInjector::isolate() {
  const auto alone = primary_or_any();
  for (std::uint32_t other = 0; other < peers_.size(); ++other) {
    network_.cut(alone, other);
    network_.cut(other, alone);
  }
  happened(Fault::partitions, alone, "alone");
  later(2'000, [this, alone] {
    for (std::uint32_t other = 0; other < peers_.size(); ++other) {
      network_.mend(alone, other);
      network_.mend(other, alone);
    }
    note_(alone, "no longer alone");
  });
}

void FaultInjector::cut_one_way() {
  const auto from = primary_or_any();
  std::vector<std::uint32_t> cut;
  std::string words = "no longer heard by";
  const bool inwards = generator_.chance(500);
  if (inwards) words = "no longer hears";
  for (std::uint32_t to = 0; to < peers_.size(); ++to) {
    if (to == from || generator_.chance(500)) continue;
    inwards ? network_.cut(to, from) : network_.cut(from, to);
    cut.push_back(to);
    words += " " + std::to_string(to);
  }
  if (cut.empty()) return;
  happened(Fault::one_way, from, words);
  later(2'000, [this, from, cut, inwards] {
    for (const auto to : cut) inwards ? network_.mend(to, from) : network_.mend(from, to);
    note_(from, "one-way links mended");
  });
}

void FaultInjector::clog() {
  const auto from = primary_or_any();
  const auto to = any_peer();
  const bool all = generator_.chance(300);
  for (std::uint32_t other = 0; other < peers_.size(); ++other) {
    if (other != from && (all || other == to)) network_.clog(from, other);
  }
  happened(Fault::clogs, from, all ? "all its links clogged" : "one link clogged");
  later(2'500, [this, from] {
    for (std::uint32_t other = 0; other < peers_.size(); ++other) network_.release(from, other);
    note_(from, "its links released");
  });
}

/// As if all that is PREPARE, say, met a full queue: what such a loss brings about must be repaired
/// by STATUS, and a view change that never ends must not become ever slower.
void FaultInjector::withhold() {
  using Type = pbft::MessageType;
  const auto bit = Network::bit;
  const std::uint64_t kinds[] = {bit(Type::pre_prepare) | bit(Type::fetched_batch),
                                 bit(Type::prepare),
                                 bit(Type::commit),
                                 bit(Type::commit) | bit(Type::fetched_entry),
                                 bit(Type::checkpoint) | bit(Type::stable_proof),
                                 bit(Type::view_change) | bit(Type::relayed),
                                 bit(Type::new_view) | bit(Type::relayed),
                                 bit(Type::block_vote),
                                 bit(Type::status),
                                 bit(Type::request)};
  const auto types = kinds[generator_.below(std::size(kinds))];
  const auto peer = primary_or_any();
  const auto scope = generator_.below(3);  // all links, what it says, what it hears
  for (std::uint32_t from = 0; from < peers_.size(); ++from) {
    for (std::uint32_t to = 0; to < peers_.size(); ++to) {
      const bool hit = scope == 0 || (scope == 1 ? from == peer : to == peer);
      if (hit) network_.withhold(from, to, types);
    }
  }
  happened(Fault::selective, peer,
           std::string(scope == 0   ? "all links lose"
                       : scope == 1 ? "nobody gets its"
                                    : "it gets no") +
               " messages of types " + std::to_string(types));
  later(generator_.chance(150) ? 30'000 : 2'000, [this] {
    for (std::uint32_t from = 0; from < peers_.size(); ++from) {
      for (std::uint32_t to = 0; to < peers_.size(); ++to) network_.withhold(from, to, 0);
    }
    note_({}, "no kind of message is lost any more");
  });
}

// ── Crashes ─────────────────────────────────────────────────────────────────────────────────────

void FaultInjector::crash(std::uint32_t peer) {
  auto& victim = *peers_[peer];
  const bool may_tear = faults_.has(Fault::torn) && may_harm(peer);
  victim.crash(may_tear);
  ++counts_.crashes;
  invariants_.crashed(peer);
  if (may_tear && (victim.shell().disk.log.damaged() || victim.shell().disk.ledger.damaged())) {
    happened(Fault::torn, peer, "with half a transaction on its disk");
    if (victim.shell().disk.log.damaged()) invariants_.lost_log(peer);
    if (harm_[peer] != Harm::wiped) harm_[peer] = Harm::damaged;
    must_reach_[peer] = invariants_.height();
  }
  restart_later(peer);
}

void FaultInjector::restart_later(std::uint32_t peer) {
  time_.schedule(static_cast<std::int64_t>(generator_.below(generator_.chance(200) ? 3'000 : 400)),
                 [this, peer] {
                   auto& back = *peers_[peer];
                   if (back.up() || kept_down_[peer]) return;
                   const bool log_damaged = back.shell().disk.log.damaged();
                   back.start();
                   if (log_damaged) invariants_.lost_log(peer);
                   if (harm_[peer] == Harm::damaged) harm_[peer] = Harm::recovering;
                   note_(peer, "starts");
                 });
}

void FaultInjector::crash_at(std::uint32_t peer, PersistencePoint point) {
  note_(peer, std::string("crashes ") + to_text(point));
  ++counts_.crashes_at[point];
  ++counts_.by_name[to_text(Fault::crashes)];
  crash(peer);
}

void FaultInjector::crash_one() {
  const auto peer = primary_or_any();
  if (!peers_[peer]->up()) return;
  happened(Fault::crashes, peer, "crashes");
  crash(peer);
}

void FaultInjector::crash_several() {
  for (std::uint32_t peer = 0; peer < peers_.size(); ++peer) {
    if (!peers_[peer]->up() || generator_.chance(600)) continue;
    happened(Fault::crashes, peer, "crashes with others");
    crash(peer);
  }
}

void FaultInjector::crash_all() {
  happened(Fault::crashes, {}, "all lose power");
  for (std::uint32_t peer = 0; peer < peers_.size(); ++peer) {
    if (peers_[peer]->up()) crash(peer);
  }
}

void FaultInjector::arm_crash() {
  const auto peer = primary_or_any();
  if (!peers_[peer]->up()) return;
  const auto point = static_cast<PersistencePoint>(
      generator_.below(static_cast<std::uint64_t>(PersistencePoint::count)));
  peers_[peer]->shell().arm(point, 1 + static_cast<std::uint32_t>(generator_.below(3)));
}

// ── Disks ───────────────────────────────────────────────────────────────────────────────────────

void FaultInjector::lose_log() {
  const auto peer = any_peer();
  if (!may_harm(peer)) return;
  if (peers_[peer]->up()) crash(peer);
  auto& disk = peers_[peer]->shell().disk;
  must_reach_[peer] = invariants_.height();
  invariants_.lost_log(peer);
  if (generator_.chance(300)) {
    happened(Fault::lost_logs, peer, "loses its whole disk");
    disk.wipe();
    invariants_.wiped(peer);
    harm_[peer] = Harm::wiped;
  } else {
    happened(Fault::lost_logs, peer, "loses its log");
    disk.lose_log();
    if (harm_[peer] != Harm::wiped) harm_[peer] = Harm::damaged;
  }
}

void FaultInjector::flip_bit() {
  const auto peer = any_peer();
  if (!may_harm(peer)) return;
  auto& disk = peers_[peer]->shell().disk;
  const bool log = generator_.chance(500);
  if (!(log ? disk.log : disk.ledger).flip_bit(generator_)) return;
  happened(Fault::bit_flips, peer, log ? "a bit flips in its log" : "a bit flips in its ledger");
  if (harm_[peer] != Harm::wiped) harm_[peer] = Harm::damaged;
  must_reach_[peer] = invariants_.height();
  // What nobody reads is not found before the next start.
  if (generator_.chance(500) && peers_[peer]->up()) crash(peer);
}

void FaultInjector::fill_disk() {
  const auto peer = any_peer();
  peers_[peer]->shell().disk.full = true;
  happened(Fault::disk_full, peer, "its disk is full");
  later(3'000, [this, peer] {
    peers_[peer]->shell().disk.full = false;
    note_(peer, "its disk has space again");
  });
}

// ── Machines ────────────────────────────────────────────────────────────────────────────────────

void FaultInjector::skew_clock() {
  const auto peer = any_peer();
  auto& skew = peers_[peer]->shell().clock.wall_skew_ms;
  if (generator_.chance(200) && harm_[peer] == Harm::none && may_harm(peer)) {
    const std::int64_t far[] = {-3'600'000, 3'600'000, 86'400'000, -86'400'000};
    skew = far[generator_.below(4)];
    harm_[peer] = Harm::wrong_clock;
  } else {
    skew = static_cast<std::int64_t>(generator_.below(8'001)) - 4'000;
    if (harm_[peer] == Harm::wrong_clock) harm_[peer] = Harm::none;
  }
  happened(Fault::clock_skew, peer, "its clock is off by " + std::to_string(skew) + " ms");
}

void FaultInjector::slow_down() {
  const auto peer = primary_or_any();
  auto& slowness = peers_[peer]->shell().slowness_ms;
  slowness = 10 + static_cast<std::int64_t>(generator_.below(200));
  happened(Fault::slow_peers, peer, "slow by up to " + std::to_string(slowness) + " ms");
  later(3'000, [this, peer] {
    peers_[peer]->shell().slowness_ms = 0;
    note_(peer, "fast again");
  });
}

void FaultInjector::hand_over() {
  const auto peer = primary_or_any();
  if (generator_.chance(700)) return;
  note_(peer, "is asked to hand over");
  peers_[peer]->hand_over();
}

void FaultInjector::mend() {
  settled_ = true;
  network_.mend_all();
  network_.release_all();
  network_.weather = {};
  for (auto& peer : peers_) {
    peer->shell().disk.full = false;
    peer->shell().slowness_ms = 0;
    peer->shell().disarm();
  }
}

void FaultInjector::begin_outage(const std::vector<std::uint32_t>& members) {
  mend();
  using Type = pbft::MessageType;
  const auto bit = Network::bit;
  const auto all_links_lose = [&](std::uint64_t types) {
    for (const auto from : members) {
      for (const auto to : members) network_.withhold(from, to, types);
    }
  };
  std::string words = "an outage: ";
  switch (generator_.below(5)) {
    case 0:
      words += "NEW-VIEWs are lost";
      all_links_lose(bit(Type::new_view) | bit(Type::relayed));
      break;
    case 1:
      words += "PREPAREs are lost";
      all_links_lose(bit(Type::prepare));
      break;
    case 2:
      words += "COMMITs are lost";
      all_links_lose(bit(Type::commit) | bit(Type::fetched_entry));
      break;
    case 3:
      words += "two halves";
      for (std::size_t from = 0; from < members.size(); ++from) {
        for (std::size_t to = 0; to < members.size(); ++to) {
          if (from % 2 != to % 2) network_.cut(members[from], members[to]);
        }
      }
      break;
    default: {
      const auto down = crypto::max_faulty(static_cast<std::uint32_t>(members.size())) + 1;
      words += std::to_string(down) + " members are down";
      const auto first = generator_.below(members.size());
      for (std::size_t i = 0; i < down; ++i) {
        const auto peer = members[(first + i) % members.size()];
        kept_down_[peer] = true;
        if (!peers_[peer]->up()) continue;
        peers_[peer]->crash(false);
        invariants_.crashed(peer);
      }
    }
  }
  happened(Fault::outage, {}, words);
}

void FaultInjector::heal() {
  mend();
  for (std::uint32_t i = 0; i < peers_.size(); ++i) {
    auto& peer = *peers_[i];
    // One clock may stay wrong for good.
    if (harm_[i] == Harm::wrong_clock && generator_.chance(500)) {
      peer.shell().clock.wall_skew_ms = 0;
    }
    if (peer.up()) continue;
    if (peer.shell().disk.log.damaged()) invariants_.lost_log(i);
    peer.start();
  }
}

}  // namespace powershare::sim
