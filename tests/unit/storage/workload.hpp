// What the three environments of a peer go through, in small: for the tests of power loss and of
// damage at rest.
#pragma once

#include <string>
#include <vector>

#include "tests/unit/storage/support.hpp"

namespace powershare::storage::testing {

inline const std::vector<std::string> environment_kinds = {"consensus", "ledger", "inbox"};

inline Bytes some_bytes(std::uint64_t number, std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::uint8_t>(number * 31 + i * 7 + i / 251);
  }
  return bytes;
}

/// Votes and batches of a sequence; every 64th commit cuts the log below a checkpoint.
inline std::vector<protocol::TableWrite> consensus_commit(std::uint64_t number) {
  std::vector<protocol::TableWrite> writes;
  const auto put = [&](char tag, std::uint64_t sequence, std::size_t size) {
    writes.push_back({"log", Encoder().u8(static_cast<std::uint8_t>(tag)).u64(sequence).data(),
                      some_bytes(sequence, size)});
  };
  put('a', number, 112);
  put('b', number, number % 7 == 0 ? 15'000 : 300 + number % 900);
  if (number > 1) put('p', number - 1, 380);
  if (number > 1) put('d', number - 1, 350);
  writes.push_back({"log", Bytes{'v'}, some_bytes(number, 9)});
  const std::uint64_t interval = 16;
  if (number % interval == 0 && number > interval) {
    for (auto old = number - 2 * interval; old < number - interval; ++old) {
      for (const char tag : {'a', 'b', 'p', 'd'}) {
        writes.push_back(
            {"log", Encoder().u8(static_cast<std::uint8_t>(tag)).u64(old).data(), std::nullopt});
      }
    }
  }
  return writes;
}

/// A block with its places, state and history.
inline std::vector<protocol::TableWrite> ledger_commit(std::uint64_t number) {
  std::vector<protocol::TableWrite> writes{
      {"blocks", number_key(number), some_bytes(number, 900 + number * 977 % 9'000)},
      {"meta", Bytes{'h'}, number_key(number)},
      {"block_certificates", number_key(number), some_bytes(number, 300)}};
  for (std::uint64_t i = 0; i < 12; ++i) {
    writes.push_back(
        {"state", some_bytes((number * 12 + i) * 7'919 % 400, 20 + i), some_bytes(number + i, 60)});
    writes.push_back(
        {"transaction_places", some_bytes(number * 12 + i + 1'000'003, 32), number_key(number)});
  }
  return writes;
}

/// Readings come in, and leave once the ledger has them.
inline std::vector<protocol::TableWrite> inbox_commit(std::uint64_t number) {
  std::vector<protocol::TableWrite> writes;
  const std::uint64_t each = 9;
  for (std::uint64_t i = 0; number > 3 && i < each; ++i) {
    writes.push_back({"readings", number_key((number - 3) * each + i), std::nullopt});
  }
  for (std::uint64_t i = 0; i < each; ++i) {
    writes.push_back({"readings", number_key(number * each + i), some_bytes(number + i, 150)});
  }
  return writes;
}

inline std::vector<protocol::TableWrite> commit_of(const std::string& kind, std::uint64_t number) {
  if (kind == "consensus") return consensus_commit(number);
  return kind == "ledger" ? ledger_commit(number) : inbox_commit(number);
}

inline Content content_after(const std::string& kind, std::uint64_t commits) {
  Content content;
  for (std::uint64_t i = 1; i <= commits; ++i) apply_writes(content, commit_of(kind, i));
  return content;
}

}  // namespace powershare::storage::testing
