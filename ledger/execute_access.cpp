// Identities and API keys.
#include "ledger/execution.hpp"
#include "ledger/identities.hpp"
#include "ledger/registry.hpp"

namespace powershare::ledger {
namespace {

Verdict reject(std::string code, std::string message) {
  return Rejection{std::move(code), std::move(message)};
}

}  // namespace

Verdict execute(Overlay& state, const IssueIdentity& payload) {
  if (!find_participant(state, payload.participant)) {
    return reject("unknown_participant", "Unknown participant " + to_text(payload.participant));
  }
  if (find_identity(state, payload.identity)) {
    return reject("identity_exists",
                  "The identity " + to_hex(payload.identity) + " already exists");
  }
  if (find_identity_named(state, payload.name)) {
    return reject("identity_name_exists",
                  "An identity with name " + payload.name + " already exists");
  }
  put_identity(state, {payload.identity, payload.name, payload.participant,
                       payload.certificate.empty() ? IdentityState::issued : IdentityState::bound,
                       payload.secret_hash, payload.certificate});
  return {};
}

Verdict execute(Overlay& state, const RevokeIdentity& payload) {
  auto identity = find_identity(state, payload.identity);
  if (!identity) {
    return reject("unknown_identity", "Unknown identity " + to_hex(payload.identity));
  }
  if (identity->state == IdentityState::revoked) {
    return reject("identity_revoked", "The specified identity has already been revoked");
  }
  identity->state = IdentityState::revoked;
  put_identity(state, *identity);
  return {};
}

Verdict execute(Overlay& state, const BlockContext& context, const AddApiKey& payload) {
  if (find_api_key(state, payload.hash)) {
    return reject("api_key_exists", "The API key is known already");
  }
  if (find_api_key_labelled(state, payload.label)) {
    return reject("api_key_label_exists", "An API key with label " + payload.label + " exists");
  }
  if (payload.expires.value != 0 && payload.expires <= context.block_time) {
    return reject("expired", "The API key would have expired already");
  }
  std::size_t keys = 0;
  for_each_api_key(state, [&](const AddApiKey&) { return ++keys < max_api_keys; });
  if (keys >= max_api_keys) return reject("too_many_keys", "There are too many API keys");
  put_api_key(state, payload);
  return {};
}

Verdict execute(Overlay& state, const RevokeApiKey& payload) {
  const auto key = find_api_key(state, payload.hash);
  if (!key) return reject("unknown_key", "The API key is not known");
  erase_api_key(state, *key);
  return {};
}

}  // namespace powershare::ledger
