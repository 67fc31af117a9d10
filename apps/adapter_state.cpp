#include "apps/adapter_state.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "apps/error.hpp"
#include "apps/files.hpp"

namespace powershare::apps {
namespace {

constexpr std::string_view domain = "powershare/adapter-state/1";
constexpr std::uint32_t max_meters = 1'024;
constexpr std::size_t max_file_bytes = 64u << 20;
constexpr std::size_t digest_bytes = 32;

Error damaged(std::string why) {
  return {AppError::damaged_data, std::move(why)};
}

void encode_meter(const MeterId& id, const MeterState& meter, Encoder& out) {
  out.text(id.text()).time(meter.not_before).text(meter.owner).u64(meter.next_sequence);
  out.u32(static_cast<std::uint32_t>(meter.free_sequences.size()));
  for (const auto sequence : meter.free_sequences) out.u64(sequence);
  out.boolean(meter.base.has_value());
  if (meter.base) {
    out.time(meter.base->time).quantity(meter.base->imported).quantity(meter.base->exported);
  }
  out.u32(static_cast<std::uint32_t>(meter.pending.size()));
  for (const auto& [sequence, reading] : meter.pending) {
    out.u64(sequence).time(reading.start).u32(reading.seconds);
    out.quantity(reading.imported).quantity(reading.exported);
  }
}

void decode_pending(const MeterId& id, Decoder& in, MeterState& meter) {
  const auto count = in.count(2 * MeterState::max_pending, 36);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    ledger::Reading reading;
    reading.meter = id;
    reading.sequence = in.u64();
    reading.start = in.time();
    reading.seconds = in.u32();
    reading.imported = in.quantity<Energy>();
    reading.exported = in.quantity<Energy>();
    if (!meter.pending.emplace(reading.sequence, reading).second) in.fail();
  }
}

void decode_meter(Decoder& in, AdapterState& state) {
  const auto id = MeterId::parse(in.text(64));
  if (!id) return in.fail();
  MeterState meter;
  meter.not_before = in.time();
  meter.owner = in.text(512);
  meter.next_sequence = in.u64();
  const auto free = in.count(2 * MeterState::max_pending, 8);
  for (std::uint32_t i = 0; i < free && in.ok(); ++i) meter.free_sequences.insert(in.u64());
  if (in.boolean()) {
    adapters::Point base;
    base.time = in.time();
    base.imported = in.quantity<Energy>();
    base.exported = in.quantity<Energy>();
    meter.base = base;
  }
  decode_pending(*id, in, meter);
  if (!state.meters.emplace(*id, std::move(meter)).second) in.fail();
}

}  // namespace

std::uint64_t MeterState::take_sequence() {
  if (free_sequences.empty()) return next_sequence++;
  return free_sequences.extract(free_sequences.begin()).value();
}

void MeterState::used_through(std::uint64_t through) {
  free_sequences.erase(free_sequences.begin(), free_sequences.upper_bound(through));
  if (next_sequence <= through) next_sequence = through + 1;
}

void MeterState::drop(std::uint64_t sequence) {
  if (pending.erase(sequence) > 0) free_sequences.insert(sequence);
}

void MeterState::renumber(std::uint64_t sequence) {
  const auto found = pending.find(sequence);
  if (found == pending.end()) return;
  auto reading = found->second;
  pending.erase(found);
  reading.sequence = take_sequence();
  pending.emplace(reading.sequence, std::move(reading));
}

Bytes AdapterState::encode() const {
  Encoder out;
  out.raw(as_bytes(domain)).boolean(genesis.has_value());
  if (genesis) out.raw(ByteView(*genesis));
  out.i64(slot_ms).u32(static_cast<std::uint32_t>(meters.size()));
  for (const auto& [id, meter] : meters) encode_meter(id, meter, out);
  const auto digest = crypto::sha256(out.data());
  return std::move(out.raw(ByteView(digest))).take();
}

Result<AdapterState> AdapterState::decode(ByteView bytes) {
  if (bytes.size() < domain.size() + digest_bytes ||
      !equal(bytes.first(domain.size()), as_bytes(domain))) {
    return damaged("not the state of an adapter");
  }
  const auto content = bytes.first(bytes.size() - digest_bytes);
  if (!equal(crypto::sha256(content), bytes.last(digest_bytes))) {
    return damaged("its checksum does not fit");
  }
  Decoder in(content.subspan(domain.size()));
  AdapterState state;
  if (in.boolean()) state.genesis = in.array<digest_bytes>();
  state.slot_ms = in.i64();
  const auto meters = in.count(max_meters, 33);
  for (std::uint32_t i = 0; i < meters && in.ok(); ++i) decode_meter(in, state);
  if (!in.finished() || state.slot_ms < 0 || state.slot_ms % millis_per_second != 0)
    return damaged("its records do not fit together");
  return state;
}

AdapterStateFile::AdapterStateFile(AdapterStateFile&& other) noexcept
    : path_(std::move(other.path_)),
      lock_(std::exchange(other.lock_, -1)),
      state_(std::move(other.state_)) {}

AdapterStateFile::~AdapterStateFile() {
  if (lock_ >= 0) ::close(lock_);
}

Result<AdapterStateFile> AdapterStateFile::open(const std::filesystem::path& path) {
  if (path.has_parent_path()) {
    if (auto made = make_folder(path.parent_path()); !made) return made.error();
  }
  const auto lock_path = path.string() + ".lock";
  const int lock = ::open(lock_path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (lock < 0) return Error{AppError::storage_error, lock_path + ": " + std::strerror(errno)};
  AdapterStateFile file(path, lock);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    return Error{AppError::unavailable, path.string() + " is used by another adapter"};
  }
  std::error_code code;
  if (!std::filesystem::exists(path, code) && !code) return file;
  const auto content = read_file(path, max_file_bytes);
  if (!content) return Error{AppError::storage_error, content.error().detail()};
  auto state = AdapterState::decode(as_bytes(*content));
  if (!state) {
    return damaged(path.string() + " is damaged (" + state.error().detail() +
                   "); without it the adapter begins anew where the ledger ends");
  }
  file.state_ = std::move(*state);
  return file;
}

Result<void> AdapterStateFile::save() const {
  return write_file(path_, as_text(state_.encode()), 0600);
}

}  // namespace powershare::apps
