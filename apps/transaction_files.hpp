// Signed transactions as files: made where the administrator's key is, sent from where a peer can
// be reached.
#pragma once

#include <filesystem>
#include <string>

#include "crypto/keys.hpp"
#include "ledger/transaction.hpp"

namespace powershare::apps {

/// The bytes of a transaction on the administrator's behalf, with an idempotency key of its own.
Bytes sign_as_administrator(ledger::Payload payload, const crypto::Digest& genesis,
                            UtcMillis expires, const crypto::KeyPair& administrator);
/// {"signed":"base64"}: also the body that POST /v1/transactions takes.
std::string signed_to_json(ByteView transaction);
/// Reads that again. AppError::bad_configuration with the reason.
Result<Bytes> load_signed(const std::filesystem::path& file);

}  // namespace powershare::apps
