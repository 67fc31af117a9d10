// The payload of a transaction as Protobuf. Only for transaction_codec.cpp, which knows the
// messages.
#pragma once

#include <algorithm>
#include <string>

#include "base/result.hpp"
#include "ledger/transaction.hpp"

namespace powershare::wire {

class TransactionBody;  // of protocol/transaction.proto

template <std::size_t N>
std::string text_of(const std::array<std::uint8_t, N>& bytes) {
  return std::string(as_text(ByteView(bytes)));
}

inline constexpr auto wrong_length = "a key, hash or signature of a wrong length";
/// False, and nothing copied, unless there are exactly N bytes.
template <std::size_t N>
bool copy_exactly(const std::string& bytes, std::array<std::uint8_t, N>& out) {
  if (bytes.size() != N) return false;
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return true;
}

/// Every field, absent ones too: equal bytes are equal payloads.
void fill_payload(TransactionBody& body, const ledger::Payload& payload);
/// LedgerError::malformed with the first fault. Which values may stand in a field is for
/// ledger::check_payload; here they only must fit.
Result<ledger::Payload> read_payload(const TransactionBody& body);

}  // namespace powershare::wire
