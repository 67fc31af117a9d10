#include "apps/transaction_files.hpp"

#include <nlohmann/json.hpp>

#include "apps/error.hpp"
#include "apps/files.hpp"
#include "ledger/validity.hpp"
#include "protocol/wire/transaction_codec.hpp"

namespace powershare::apps {

Bytes sign_as_administrator(ledger::Payload payload, const crypto::Digest& genesis,
                            UtcMillis expires, const crypto::KeyPair& administrator) {
  ledger::Transaction transaction;
  transaction.genesis = genesis;
  transaction.principal = "administrator";
  transaction.idempotency_key.resize(16);
  crypto::random_bytes(transaction.idempotency_key);
  transaction.expires = expires;
  transaction.payload = std::move(payload);
  return wire::encode_and_sign(transaction, administrator);
}

std::string signed_to_json(ByteView transaction) {
  return nlohmann::json{{"signed", to_base64(transaction)}}.dump();
}

Result<Bytes> load_signed(const std::filesystem::path& file) {
  auto text = read_file(file, 2 * ledger::max_transaction_bytes);
  if (!text) return text.error();
  const auto json = nlohmann::json::parse(*text, nullptr, false);
  if (json.is_object() && json.size() == 1 && json.contains("signed") &&
      json["signed"].is_string()) {
    auto bytes = from_base64(json["signed"].get_ref<const std::string&>());
    if (bytes && !bytes->empty()) return *std::move(bytes);
  }
  return Error{
      AppError::bad_configuration,
      file.string() + ": not a signed transaction as `powershare governance --out` writes"};
}

}  // namespace powershare::apps
