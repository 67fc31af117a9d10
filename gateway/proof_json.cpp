#include "gateway/proof_json.hpp"

#include <charconv>

#include "gateway/error.hpp"
#include "gateway/schemas.hpp"

namespace powershare::gateway {
namespace {

constexpr std::size_t max_proof_text_bytes = 64 << 20;

// ── Writing ─────────────────────────────────────────────────────────────────────────────────────

void write_header_proof(json::Writer& out, const ledger::HeaderProof& proof,
                        const std::vector<ledger::Member>& signers) {
  out.key("headers").begin_array();
  for (const auto& header : proof.headers) out.string(to_hex(header.encode()));
  out.end_array().key("certificate").begin_object();
  const auto& last = proof.headers.back();
  out.key("epoch").unsigned_integer(last.epoch).key("height").unsigned_integer(last.height);
  out.key("endorsements").begin_array();
  for (const auto& endorsement : proof.certificate.endorsements) {
    out.begin_object().key("signer").unsigned_integer(endorsement.signer).key("peer");
    if (endorsement.signer < signers.size()) {
      out.string(signers[endorsement.signer].peer.text());
    } else {
      out.null();
    }
    out.key("signature").string(to_hex(ByteView(endorsement.signature))).end_object();
  }
  out.end_array().end_object();
}

// ── Reading ─────────────────────────────────────────────────────────────────────────────────────

/// Reads fields of a tree; after the first fault the values mean nothing.
class Reader {
 public:
  const std::string& fault() const { return fault_; }

  void fail(std::string what) {
    if (fault_.empty()) fault_ = std::move(what);
  }

  const json::Value& field(const json::Value& value, std::string_view name) {
    static const json::Value none;
    const auto* found = value.find(name);
    if (found == nullptr) fail("The certificate has no field " + std::string(name) + ".");
    return found == nullptr ? none : *found;
  }

  const std::vector<json::Value>& list(const json::Value& value, std::string_view name,
                                       std::size_t most) {
    const auto& found = field(value, name);
    if (!found.is_array() || found.items().size() > most) {
      fail(std::string(name) + " must be a list of at most " + std::to_string(most) + " items.");
    }
    return found.items();
  }

  Bytes bytes(const json::Value& value, std::string_view name) {
    auto decoded = value.kind() == json::Kind::string ? from_hex(value.text()) : std::nullopt;
    if (!decoded) fail(std::string(name) + " must be hexadecimal digits.");
    return decoded ? *std::move(decoded) : Bytes();
  }

  template <std::size_t N>
  std::array<std::uint8_t, N> array(const json::Value& value, std::string_view name) {
    std::array<std::uint8_t, N> result{};
    const auto content = bytes(field(value, name), name);
    if (content.size() != N) {
      fail(std::string(name) + " must be " + std::to_string(2 * N) + " hexadecimal digits.");
    } else {
      std::copy(content.begin(), content.end(), result.begin());
    }
    return result;
  }

  std::uint64_t number(const json::Value& value, std::string_view name) {
    const auto& text = field(value, name).text();
    std::uint64_t result = 0;
    const auto* end = text.data() + text.size();
    if (std::from_chars(text.data(), end, result) != std::from_chars_result{end, std::errc{}}) {
      fail(std::string(name) + " must be a whole number.");
    }
    return result;
  }

  ledger::HeaderProof header_proof(const json::Value& value) {
    ledger::HeaderProof proof;
    for (const auto& item : list(value, "headers", ledger::max_proof_headers)) {
      const auto header = ledger::Header::decode(bytes(item, "headers"));
      if (!header) fail("headers must be block headers of a known version.");
      if (header) proof.headers.push_back(*header);
    }
    const auto& certificate = field(value, "certificate");
    for (const auto& item : list(certificate, "endorsements", ledger::max_members)) {
      const auto signer = number(item, "signer");
      if (signer > ledger::max_members) fail("signer must be the index of a member.");
      proof.certificate.endorsements.push_back(
          {static_cast<std::uint32_t>(signer), array<64>(item, "signature")});
    }
    return proof;
  }

  std::vector<ledger::Member> members(const json::Value& value) {
    std::vector<ledger::Member> result;
    for (const auto& item : list(value, "members", ledger::max_members)) {
      auto peer = PeerId::parse(field(item, "peer").text());
      if (!peer) fail("peer: " + peer.error().detail() + ".");
      result.push_back({peer ? *peer : PeerId(), array<32>(item, "consensus_key"),
                        array<32>(item, "gateway_key"), array<32>(item, "transport_key")});
    }
    return result;
  }

  /// What stands beside the bytes for people must be what they say.
  void compare(const json::Value& value, const ledger::BlockProof& proof) {
    if (proof.block.headers.empty()) return fail("headers is empty.");
    const auto& header = proof.block.headers.front();
    if (array<32>(value, "genesis") != header.genesis ||
        array<32>(value, "hash") != header.hash() || number(value, "height") != header.height) {
      fail("genesis, height or hash are not those of the first header.");
    }
  }

 private:
  std::string fault_;
};

}  // namespace

void write_members(json::Writer& out, const std::vector<ledger::Member>& members) {
  out.begin_array();
  for (std::size_t i = 0; i < members.size(); ++i) {
    const auto& member = members[i];
    out.begin_object().key("index").unsigned_integer(i).key("peer").string(member.peer.text());
    out.key("consensus_key").string(to_hex(ByteView(member.consensus_key)));
    out.key("gateway_key").string(to_hex(ByteView(member.gateway_key)));
    out.key("transport_key").string(to_hex(ByteView(member.transport_key))).end_object();
  }
  out.end_array();
}

Result<std::optional<ledger::BlockProof>> collect_proof(const ChainView& view,
                                                        std::uint64_t height) {
  auto block = view.header_proof(height);
  if (!block) return block.error();
  if (!*block) return std::optional<ledger::BlockProof>();
  const auto not_certified = [](std::uint64_t epoch) {
    return Error{GatewayError::not_certified,
                 "This peer lacks a certificate of epoch " + std::to_string(epoch) + "."};
  };
  ledger::BlockProof proof;
  const auto last_epoch = (*block)->headers.back().epoch;
  proof.block = std::move(**block);
  for (std::uint64_t epoch = 0; epoch < last_epoch; ++epoch) {
    const auto row = view.history().get(ledger::history_epoch_ends, Encoder().u64(epoch).data());
    const auto next = ledger::epoch_at(view.state(), epoch + 1);
    if (!row || !next) return not_certified(epoch);
    auto link = view.header_proof(Decoder(*row).u64());
    if (!link) return link.error();
    if (!*link || (*link)->headers.back().epoch != epoch) return not_certified(epoch);
    proof.epochs.push_back({std::move(**link), next->members});
  }
  return std::optional(std::move(proof));
}

void write_proof(json::Writer& out, const ledger::BlockProof& proof,
                 const std::vector<ledger::Member>& first_members) {
  const auto& header = proof.block.headers.front();
  out.begin_object().key("genesis").digest(header.genesis);
  out.key("height").unsigned_integer(header.height).key("hash").digest(header.hash());
  out.key("epochs").begin_array();
  const auto* signers = &first_members;
  for (const auto& link : proof.epochs) {
    out.begin_object();
    out.key("epoch").unsigned_integer(link.proof.headers.back().epoch + 1);
    write_header_proof(out, link.proof, *signers);
    out.key("members");
    write_members(out, link.members);
    out.end_object();
    signers = &link.members;
  }
  out.end_array();
  write_header_proof(out, proof.block, *signers);
  out.end_object();
}

Result<ledger::BlockProof> read_proof(const json::Value& value) {
  Reader in;
  ledger::BlockProof proof;
  if (!value.is_object()) in.fail("A certificate is a JSON object.");
  proof.block = in.header_proof(value);
  for (const auto& item : in.list(value, "epochs", ledger::max_proof_epochs)) {
    proof.epochs.push_back({in.header_proof(item), in.members(item)});
    if (!in.fault().empty()) break;
  }
  if (in.fault().empty()) in.compare(value, proof);
  if (!in.fault().empty()) return Error{GatewayError::bad_parameter, in.fault()};
  return proof;
}

Result<ledger::BlockProof> parse_proof(std::string_view text) {
  if (text.size() > max_proof_text_bytes) {
    return Error{GatewayError::too_large, "A certificate has at most 64 MiB."};
  }
  // A value is at least two bytes of text, so this bounds nothing more than the text does.
  auto value = json::parse(text, {.max_depth = 8, .max_values = max_proof_text_bytes / 8});
  if (!value) return value.error();
  return read_proof(*value);
}

std::string members_schema() {
  return array_schema(object_schema({{"index", "integer"},
                                     {"peer", "string"},
                                     {"consensus_key", "digest"},
                                     {"gateway_key", "digest"},
                                     {"transport_key", "digest"}}));
}

std::string proof_schema() {
  const auto headers = array_schema(R"({"type":"string","description":"257 bytes in hex"})");
  const auto certificate = object_schema(
      {{"epoch", "integer"},
       {"height", "integer"},
       {"endorsements",
        array_schema(object_schema(
            {{"signer", "integer"}, {"peer", "string?"}, {"signature", "string"}}))}});
  return object_schema({{"genesis", "digest"},
                        {"height", "integer"},
                        {"hash", "digest"},
                        {"epochs", array_schema(object_schema({{"epoch", "integer"},
                                                               {"headers", headers},
                                                               {"certificate", certificate},
                                                               {"members", members_schema()}}))},
                        {"headers", headers},
                        {"certificate", certificate}});
}

}  // namespace powershare::gateway
