#include "apps/verify_allocation.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "apps/error.hpp"
#include "apps/exit.hpp"
#include "apps/files.hpp"
#include "apps/genesis_files.hpp"
#include "apps/verify_certificate.hpp"
#include "crypto/merkle_list.hpp"
#include "crypto/sparse_merkle_tree.hpp"
#include "ledger/allocation.hpp"
#include "ledger/error.hpp"

namespace powershare::apps {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t max_bytes = std::size_t{64} << 20;

Error unproven(std::string detail) {
  return {LedgerError::unproven, std::move(detail)};
}

/// Reads fields of one object; after a fault the values mean nothing.
class Fields {
 public:
  explicit Fields(const Json& object) : object_(object) {}
  std::string text(const char* name) {
    if (object_.is_object() && object_.contains(name) && object_[name].is_string()) {
      return object_[name].get<std::string>();
    }
    ok_ = false;
    return {};
  }
  std::uint64_t number(const char* name) {
    if (object_.is_object() && object_.contains(name) && object_[name].is_number_unsigned()) {
      return object_[name].get<std::uint64_t>();
    }
    ok_ = false;
    return 0;
  }
  Energy energy(const char* name) {
    const auto nano = parse_nano_exact(text(name));
    ok_ = ok_ && nano.ok();
    return nano ? Energy::from_nano(*nano) : Energy{};
  }
  Bytes bytes(const char* name) {
    auto parsed = from_hex(text(name));
    ok_ = ok_ && parsed.has_value();
    return parsed ? *std::move(parsed) : Bytes{};
  }
  std::vector<crypto::Digest> digests(const char* name) {
    std::vector<crypto::Digest> result;
    if (!object_.is_object() || !object_.contains(name) || !object_[name].is_array()) ok_ = false;
    if (!ok_) return result;
    for (const Json& each : object_[name]) {
      const auto parsed = each.is_string() ? from_hex(each.get<std::string>()) : std::nullopt;
      if (!parsed || parsed->size() != 32) {
        ok_ = false;
        return {};
      }
      result.emplace_back();
      std::copy(parsed->begin(), parsed->end(), result.back().begin());
    }
    return result;
  }
  bool ok() const { return ok_; }

 private:
  const Json& object_;
  bool ok_ = true;
};

/// That the state of the block holds the root of the slot.
Result<crypto::Digest> proven_root(const Json& document, UtcMillis slot,
                                   const ledger::Header& header) {
  Fields in(document);
  const Bytes value = in.bytes("value");
  const Bytes header_bytes = in.bytes("header_bytes");
  crypto::SparseProof proof;
  proof.siblings = in.digests("siblings");
  if (!in.ok() || value.size() != 32) return unproven("the allocation lacks a field of its proof");
  if (header_bytes != header.encode()) {
    return unproven("the certificate is of another block than the allocation");
  }
  const auto key_hash = crypto::sha256(ledger::allocation_key(slot));
  const auto value_hash = crypto::sha256(value);
  proof.leaf = crypto::SparseLeaf{key_hash, value_hash};
  if (!crypto::verify_sparse_proof(header.state_root, key_hash, value_hash, proof)) {
    return unproven("the root is not in the block's state");
  }
  crypto::Digest root{};
  std::copy(value.begin(), value.end(), root.begin());
  return root;
}

Result<void> check_entry(const Json& json, UtcMillis slot, std::uint64_t size,
                         const crypto::Digest& root) {
  Fields in(json);
  const auto participant = ledger::parse_participant_ref(in.text("participant"));
  const Energy bought = in.energy("bought_kwh");
  const Energy sold = in.energy("sold_kwh");
  const Energy from_utility = in.energy("from_utility_kwh");
  const Energy to_utility = in.energy("to_utility_kwh");
  const crypto::MerkleProof proof{in.number("index"), size, in.digests("path")};
  if (!in.ok() || !participant) return unproven("an entry lacks a field");
  const ledger::AllocationVector one{slot,
                                     {{*participant, bought, sold, from_utility, to_utility}}};
  if (crypto::verify_merkle_proof(one.leaves().front(), proof, root)) return {};
  return unproven("the entry of " + ledger::to_text(*participant) + " is not in the vector");
}

void print(const Result<VerifiedAllocation>& verified, bool json) {
  if (json) {
    Json document = {{"allocation", verified ? "ok" : "refused"}};
    if (verified) {
      document["slot"] = to_iso8601(verified->slot);
      document["height"] = verified->height;
      document["entries"] = verified->entries;
      document["size"] = verified->size;
    } else {
      document["reason"] = verified.error().detail();
    }
    std::printf("%s\n", document.dump().c_str());
  } else if (verified) {
    std::printf("allocation: ok, %zu of %llu entries of slot %s, block %llu\n", verified->entries,
                static_cast<unsigned long long>(verified->size), to_iso8601(verified->slot).c_str(),
                static_cast<unsigned long long>(verified->height));
  } else {
    std::printf("allocation: refused: %s\n", verified.error().detail().c_str());
  }
}

}  // namespace

Result<VerifiedAllocation> verify_allocation_text(const ledger::Genesis& genesis,
                                                  std::string_view certificate,
                                                  std::string_view allocation) {
  const auto block = verify_certificate_text(genesis, certificate);
  if (!block) return block.error();
  const Json document = Json::parse(allocation, nullptr, false);
  if (document.is_discarded()) return unproven("the allocation is not JSON");
  Fields in(document);
  const auto slot = parse_iso8601(in.text("start"));
  const std::uint64_t size = in.number("size");
  if (!in.ok() || !slot || !document.contains("entries") || !document["entries"].is_array()) {
    return unproven("the allocation lacks start, size or entries");
  }
  const auto root = proven_root(document, *slot, block->header);
  if (!root) return root.error();
  VerifiedAllocation verified{*slot, block->header.height, 0, size};
  for (const Json& entry : document["entries"]) {
    if (auto valid = check_entry(entry, *slot, size, *root); !valid) return valid.error();
    ++verified.entries;
  }
  return verified;
}

int run_verify_allocation(const VerifyAllocationOptions& options) {
  crypto::initialise();
  auto genesis = load_genesis(options.genesis);
  auto certificate = read_file(options.certificate, max_bytes);
  auto allocation = read_input(options.allocation, max_bytes);
  for (const auto* error :
       {genesis ? nullptr : &genesis.error(), certificate ? nullptr : &certificate.error(),
        allocation ? nullptr : &allocation.error()}) {
    if (error == nullptr) continue;
    report(*error);
    return static_cast<int>(ExitCode::usage);
  }
  const auto verified = verify_allocation_text(*genesis, *certificate, *allocation);
  print(verified, options.json);
  return verified ? 0 : static_cast<int>(ExitCode::failed);
}

}  // namespace powershare::apps
