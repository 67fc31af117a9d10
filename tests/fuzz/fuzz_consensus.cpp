// The bodies of PBFT's messages and records, as a lying peer sends them. The first byte chooses
// which.
#include "protocol/pbft/batch.hpp"
#include "protocol/pbft/block_vote.hpp"
#include "protocol/pbft/certificate.hpp"
#include "protocol/pbft/checkpoint.hpp"
#include "protocol/pbft/fetch.hpp"
#include "protocol/pbft/new_view.hpp"
#include "protocol/pbft/options.hpp"
#include "protocol/pbft/promises.hpp"
#include "protocol/pbft/request.hpp"
#include "protocol/pbft/status_message.hpp"
#include "protocol/pbft/view_change.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace powershare;
using fuzz::require_same;

namespace {

const pbft::Options options;

template <class Certificate>
void through_decoder(ByteView body) {
  Decoder in(body);
  const auto certificate = Certificate::decode(in);
  if (!in.finished()) return;
  Encoder out;
  certificate.encode(out);
  require_same(out.data(), body);
}

template <class Decoded>
void same(const Result<Decoded>& decoded, ByteView body) {
  if (decoded) require_same(decoded->encode(), body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView body(data + 1, size - 1);
  switch (data[0] % 13) {
    case 0:
      same(pbft::Vote::decode(body), body);
      break;
    case 1:
      through_decoder<pbft::PreparedCertificate>(body);
      break;
    case 2:
      through_decoder<pbft::OrderingCertificate>(body);
      break;
    case 3:
      through_decoder<pbft::CheckpointCertificate>(body);
      break;
    case 4:
      if (const auto batch = pbft::Batch::decode(to_bytes(body), 0, options.batch)) {
        require_same((*batch)->encoded(), body);
      }
      break;
    case 5:
      same(pbft::BlockVote::decode(body), body);
      break;
    case 6:
      if (const auto position = pbft::decode_checkpoint(body)) {
        require_same(pbft::encode_checkpoint(*position), body);
      }
      break;
    case 7:
      same(pbft::Fetch::decode(body), body);
      break;
    case 8:
      same(pbft::FetchedEntry::decode(to_bytes(body), options.batch), body);
      break;
    case 9:
      same(pbft::NewView::decode(body, options.window), body);
      break;
    case 10:
      same(pbft::ViewChange::decode(body, options.window), body);
      break;
    case 11:
      same(pbft::StatusMessage::decode(body, options.window), body);
      break;
    default:
      same(pbft::Promises::decode(body), body);
      break;
  }
  return 0;
}
