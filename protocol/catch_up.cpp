#include "protocol/catch_up.hpp"

#include <map>
#include <set>
#include <utility>

#include "protocol/catch_up_messages.hpp"
#include "protocol/pbft/error.hpp"

namespace powershare::protocol {
namespace {

enum class Phase { idle, blocks, installing, manifest, chunks };

constexpr std::uint32_t chunks_at_once = 4;

}  // namespace

struct CatchUp::State {
  pbft::Committee committee;
  std::uint32_t peers = 0;
  pbft::MemberIndex self;
  const Signatory& signatory;
  CatchUpOptions options;

  State(pbft::Committee members, pbft::MemberIndex own_number, const Signatory& signs,
        CatchUpOptions limits)
      : committee(std::move(members)),
        self(own_number),
        signatory(signs),
        options(limits),
        source(own_number) {}

  Phase phase = Phase::idle;
  MonotonicMillis now;
  MonotonicMillis deadline;
  pbft::Position own;
  pbft::TransferRequest request;
  pbft::MemberIndex source = 0;
  std::uint32_t failures = 0;  ///< sources in a row that brought nothing
  std::set<pbft::MemberIndex> without_blocks;
  std::set<pbft::MemberIndex> without_manifest;
  std::vector<crypto::Subtree> own_level;
  std::map<std::uint32_t, crypto::Subtree> staged;
  ManifestRead manifest;
  std::set<std::uint32_t> needed;
  std::set<std::uint32_t> asked;
  std::optional<pbft::CheckpointCertificate> epoch_end;  ///< comes after what is being installed
  bool at_sources_head = false;  ///< without a target: what is being installed is all that it has
  std::map<pbft::MemberIndex, MonotonicMillis> served_at;
  CatchUpEffects effects;

  void send(pbft::MemberIndex peer, pbft::MessageType type, Bytes body) {
    effects.send.push_back({peer, type, std::move(body), {}, pbft::Channel::bulk, committee.epoch});
  }

  void next_source() {
    source = (source + 1) % peers;
    if (source == self) source = (source + 1) % peers;
  }

  void finish() {
    phase = Phase::idle;
    epoch_end.reset();
    effects.finished = own;
  }

  /// Towards the target from where the ledger stands.
  void proceed() {
    if (request.target && own.height >= request.target->height) return finish();
    // Far behind, or so many members have pruned the blocks that an honest one has: the state
    // itself.
    // Where no member has a certified state at hand, the blocks are tried after all.
    const bool far =
        (request.target && request.target->height - own.height > options.snapshot_above_blocks &&
         without_manifest.size() < committee.weak_quorum()) ||
        without_blocks.size() >= committee.weak_quorum();
    deadline = {now.value + options.answer_timeout_ms};
    if (far) {
      if (phase != Phase::chunks) {
        effects.begin_staging = staged.empty();
      }
      phase = Phase::manifest;
      send(source, pbft::MessageType::fetch_manifest, Bytes{1});
    } else {
      phase = Phase::blocks;
      send(source, pbft::MessageType::fetch_blocks,
           encode_fetch_blocks({own.height + 1, committee.epoch}));
    }
  }

  /// Bad, slow or no data: another source; after every one failed a few times the replica is told
  /// how far it got.
  void failed() {
    asked.clear();
    if (phase == Phase::manifest) without_manifest.insert(source);
    next_source();
    if (++failures > 3 * peers) return finish();
    proceed();
  }

  void on(StartCatchUp& start) {
    own = start.own;
    request = std::move(start.request);
    committee = std::move(start.committee);
    peers = start.peers;
    epoch_end.reset();
    at_sources_head = false;
    own_level = std::move(start.own_level);
    staged.clear();
    needed.clear();
    asked.clear();
    without_blocks.clear();
    without_manifest.clear();
    failures = 0;
    phase = Phase::idle;
    if (peers < 2) return finish();
    if (source == self || source >= peers) next_source();
    proceed();
  }

  void on(pbft::Tick& tick) {
    if (tick.now > now) now = tick.now;
    if (phase != Phase::idle && phase != Phase::installing && now >= deadline) failed();
  }

  void on(Installed& installed) {
    if (phase != Phase::installing) return;
    own = installed.own;
    if (installed.committee) {
      committee = *installed.committee;
      without_blocks.clear();
    }
    if (epoch_end) {
      effects.epoch_finished =
          pbft::EpochFinished{committee.epoch, *std::exchange(epoch_end, std::nullopt)};
      return;
    }
    // Chasing a head that moves would take for ever: a member catches up by consensus from here,
    // and whoever is none follows again soon.
    if (std::exchange(at_sources_head, false)) return finish();
    proceed();
  }

  void on(InstallFailed&) {
    next_source();
    finish();
  }

  void on(pbft::Received& message) {
    if (message.sender == self) return;
    switch (message.type) {
      case pbft::MessageType::fetch_blocks:
      case pbft::MessageType::fetch_manifest:
      case pbft::MessageType::fetch_chunk:
        return serve(message);
      default:
        break;
    }
    if (message.sender != source) return;
    if (message.type == pbft::MessageType::blocks && phase == Phase::blocks) {
      on_blocks(message.body);
    } else if (message.type == pbft::MessageType::manifest && phase == Phase::manifest) {
      on_manifest(message.body);
    } else if (message.type == pbft::MessageType::chunk && phase == Phase::chunks) {
      on_chunk(message.body);
    }
  }

  // ── Serving ───────────────────────────────────────────────────────────────────────────────────
  void serve(const pbft::Received& message) {
    const auto peer = message.sender;
    if (message.type == pbft::MessageType::fetch_chunk) {
      if (const auto index = decode_fetch_chunk(message.body)) {
        effects.serve_chunk.push_back({peer, *index});
      }
      return;
    }
    // Blocks and manifests are dear to read: not more than one answer per peer and 10 ms.
    const auto [last, first] = served_at.try_emplace(peer, now);
    if (!first && now.value - last->second.value < 10) return;
    last->second = now;
    if (message.type == pbft::MessageType::fetch_manifest) {
      effects.serve_manifest.push_back({peer});
    } else if (const auto fetch = decode_fetch_blocks(message.body)) {
      effects.serve_blocks.push_back({peer, fetch->from_height, fetch->epoch,
                                      options.max_blocks_per_answer, options.max_bytes_per_answer});
    }
  }

  void on(BlocksRead& read) {
    if (read.further_headers.size() > max_further_headers) {
      read.further_headers.resize(max_further_headers);
      read.certificate.reset();
    }
    send(read.peer, pbft::MessageType::blocks, encode_blocks(read));
  }
  void on(ManifestRead& read) {
    if (read.level.size() != manifest_subtrees) return;
    send(read.peer, pbft::MessageType::manifest, encode_manifest(read));
  }
  void on(ChunkRead& read) { send(read.peer, pbft::MessageType::chunk, encode_chunk(read)); }

  // ── Blocks ────────────────────────────────────────────────────────────────────────────────────
  void on_blocks(ByteView body) {
    auto blocks = decode_blocks(body, options);
    if (!blocks || blocks->from_height != own.height + 1) return failed();
    if (blocks->blocks.empty()) return on_no_blocks(*blocks);
    if (blocks->epoch_end && !ends_epoch(*blocks->epoch_end, blocks->blocks.back().header)) {
      blocks->epoch_end.reset();
    }
    const auto certified = certified_height(*blocks);
    if (certified <= own.height && !planted(pbft::Bug::blocks_uncertified)) return failed();
    std::vector<VerifiedBlock> verified;
    for (auto& record : blocks->blocks) {
      if (record.header.height > certified && !planted(pbft::Bug::blocks_uncertified)) break;
      auto batch = pbft::Batch::decode(std::move(record.batch), 0, {1u << 16, 4u << 20});
      if (!batch) return failed();
      const auto checked = pbft::verify(record.ordering, record.header.sequence, (*batch)->digest(),
                                        committee, signatory);
      if (!checked) return failed();
      verified.push_back({record.header, std::move(*batch), std::move(record.ordering)});
    }
    const auto& last = blocks->further_headers.empty() ? blocks->blocks.back().header
                                                       : blocks->further_headers.back();
    if (blocks->certificate && last.height == verified.back().header.height) {
      effects.certificate =
          pbft::BlockCertificate{last.height, last.hash(), std::move(*blocks->certificate)};
    }
    failures = 0;
    phase = Phase::installing;
    effects.install = std::move(verified);
    at_sources_head = !request.target && !blocks->epoch_end &&
                      blocks->blocks.size() < options.max_blocks_per_answer / 2;
    epoch_end = std::move(blocks->epoch_end);
  }

  /// Nothing above the own height: the epoch is over, or the source knows no more either.
  void on_no_blocks(const BlocksRead& answer) {
    if (answer.epoch_end && answer.epoch_end->position.height == own.height &&
        answer.epoch_end->position.head == own.head &&
        answer.epoch_end->position.sequence > committee.begin().sequence &&
        pbft::verify(*answer.epoch_end, committee, signatory)) {
      failures = 0;
      phase = Phase::installing;
      effects.epoch_finished = pbft::EpochFinished{committee.epoch, *answer.epoch_end};
      return;
    }
    if (!request.target) {
      next_source();
      return finish();
    }
    without_blocks.insert(source);
    failed();
  }

  /// A certified checkpoint whose newest block is this one; that the epoch ends there is for the
  /// ledger to know.
  bool ends_epoch(const pbft::CheckpointCertificate& end, const ledger::Header& last) const {
    return end.position.height == last.height && end.position.sequence >= last.sequence &&
           end.position.head == last.hash() && pbft::verify(end, committee, signatory).ok();
  }

  /// The headers form one chain from the own head on; the highest of them that is certified: by
  /// BLOCK signatures over the last, because it is the checkpoint that was asked for, or by the
  /// proof of the epoch's end. Sequences without a block between them are thereby proven to have
  /// made none. 0 when nothing is.
  std::uint64_t certified_height(const BlocksRead& blocks) const {
    auto previous = own.head;
    auto height = own.height;
    auto sequence = own.sequence;
    std::uint64_t certified = 0;
    const auto link = [&](const ledger::Header& header) {
      if (header.genesis != committee.genesis || header.epoch != committee.epoch ||
          header.previous != previous || header.height != height + 1 ||
          header.sequence <= sequence) {
        return false;
      }
      previous = header.hash();
      ++height;
      sequence = header.sequence;
      if (request.target && height == request.target->height && previous == request.target->head) {
        certified = height;
      }
      return true;
    };
    for (const auto& block : blocks.blocks) {
      if (!link(block.header)) return 0;
    }
    if (blocks.epoch_end) certified = height;
    for (const auto& header : blocks.further_headers) {
      if (!link(header)) return 0;
    }
    if (blocks.certificate) {
      const auto statement =
          ledger::block_statement(committee.genesis, committee.epoch, height, previous);
      if (pbft::verify_quorum(*blocks.certificate, statement, committee, signatory)) {
        certified = height;
      }
    }
    return certified;
  }

  // ── Snapshot ──────────────────────────────────────────────────────────────────────────────────
  void on_manifest(ByteView body) {
    auto decoded = decode_manifest(body);
    if (!decoded) return failed();
    const auto& header = decoded->head.header;
    const auto statement =
        ledger::block_statement(committee.genesis, committee.epoch, header.height, header.hash());
    if (header.genesis != committee.genesis || header.epoch != committee.epoch ||
        header.height <= own.height || !request.target || header.height < request.target->height ||
        !pbft::verify_quorum(decoded->head.certificate, statement, committee, signatory) ||
        crypto::root_from_level(decoded->level) != header.state_root) {
      return failed();
    }
    manifest = std::move(*decoded);
    phase = Phase::chunks;
    needed.clear();
    asked.clear();
    for (std::uint32_t index = 0; index < manifest_subtrees; ++index) {
      const auto& wanted = manifest.level[index];
      const auto found = staged.find(index);
      if (found != staged.end()) {
        if (found->second == wanted) continue;
      } else if (own_level.size() == manifest_subtrees && own_level[index] == wanted) {
        continue;
      }
      if (wanted.kind == crypto::SubtreeKind::empty) {
        stage(index, {});
      } else {
        needed.insert(index);
      }
    }
    ask_for_chunks();
  }

  void stage(std::uint32_t index, std::vector<StateRecord> records) {
    staged[index] = manifest.level[index];
    effects.stage.push_back({index, std::move(records)});
  }

  void ask_for_chunks() {
    deadline = {now.value + options.answer_timeout_ms};
    if (needed.empty()) {
      failures = 0;
      phase = Phase::installing;
      effects.swap_in = manifest.head;
      return;
    }
    for (const auto index : needed) {
      if (asked.size() >= chunks_at_once) break;
      if (!asked.insert(index).second) continue;
      send(source, pbft::MessageType::fetch_chunk, encode_fetch_chunk(index));
    }
  }

  void on_chunk(ByteView body) {
    auto chunk = decode_chunk(body);
    if (!chunk) return failed();
    if (!needed.contains(chunk->index)) return;
    crypto::SparseMerkleTree tree;
    for (const auto& record : chunk->records) {
      const auto key = crypto::sha256(record.key);
      if (key[0] != chunk->index) return failed();
      tree.put(key, crypto::sha256(record.value));
    }
    if (tree.level(manifest_depth)[chunk->index] != manifest.level[chunk->index]) {
      // The source has moved on since its manifest (or lies): a new manifest; what is staged and
      // unchanged stays.
      asked.clear();
      if (++failures > 3 * peers) return finish();
      if (failures % 3 == 0) next_source();
      return proceed();
    }
    needed.erase(chunk->index);
    asked.erase(chunk->index);
    stage(chunk->index, std::move(chunk->records));
    ask_for_chunks();
  }
};

CatchUp::CatchUp(pbft::Committee committee, pbft::MemberIndex self, const Signatory& signatory,
                 CatchUpOptions options)
    : state_(std::make_unique<State>(std::move(committee), self, signatory, options)) {}
CatchUp::CatchUp(CatchUp&&) noexcept = default;
CatchUp& CatchUp::operator=(CatchUp&&) noexcept = default;
CatchUp::~CatchUp() = default;

CatchUpEffects CatchUp::step(CatchUpInput input) {
  std::visit([this](auto& it) { state_->on(it); }, input);
  CatchUpEffects result = std::move(state_->effects);
  state_->effects = {};
  return result;
}

bool CatchUp::running() const {
  return state_->phase != Phase::idle;
}

}  // namespace powershare::protocol
