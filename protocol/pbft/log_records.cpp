#include "protocol/pbft/log_records.hpp"

#include "protocol/pbft/checkpoint.hpp"
#include "protocol/pbft/error.hpp"

namespace powershare::pbft {

Bytes EpochRecord::encode() const {
  Encoder out;
  out.u64(committee.epoch).u32(committee.feature_level).raw(encode_checkpoint(committee.start));
  out.u32(committee.size());
  for (const auto& member : committee.members) out.raw(member);
  end.encode(out);
  return std::move(out).take();
}

Result<EpochRecord> EpochRecord::decode(ByteView value, const Digest& genesis) {
  Decoder in(value);
  EpochRecord record;
  record.committee.genesis = genesis;
  record.committee.epoch = in.u64();
  record.committee.feature_level = in.u32();
  record.committee.start = read_position(in);
  const auto count = in.count(max_members, sizeof(PublicKey));
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    record.committee.members.push_back(in.array<32>());
  }
  record.end = CheckpointCertificate::decode(in);
  if (!in.finished() || count < 4) {
    return Error{ConsensusError::malformed, "not the record of an epoch"};
  }
  return record;
}

Bytes log_key(LogTag tag) {
  return Bytes{static_cast<std::uint8_t>(tag)};
}

Bytes log_key(LogTag tag, Sequence sequence) {
  return Encoder().u8(static_cast<std::uint8_t>(tag)).u64(sequence).data();
}

Bytes log_key(LogTag tag, Sequence sequence, const Digest& digest) {
  return Encoder().u8(static_cast<std::uint8_t>(tag)).u64(sequence).raw(digest).data();
}

protocol::LogWrite log_put(Bytes key, Bytes value) {
  return {std::move(key), std::move(value)};
}

protocol::LogWrite log_erase(Bytes key) {
  return {std::move(key), std::nullopt};
}

}  // namespace powershare::pbft
