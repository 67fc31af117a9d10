// Books for the tests of room market: random ones, and those of the shared conformance vectors.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <random>
#include <string>

#include "market/clearing.hpp"

namespace powershare::market::test {

inline ParticipantIndex participant(Book& book, const std::string& name) {
  for (ParticipantIndex i = 0; i < book.participants.size(); ++i) {
    if (book.participants[i] == name) return i;
  }
  book.participants.push_back(name);
  return static_cast<ParticipantIndex>(book.participants.size() - 1);
}

inline Order& add_order(Book& book, const std::string& id, const std::string& owner, Side side,
                        std::int64_t energy_nano, std::int64_t limit_nano) {
  Order order;
  order.id = id;
  order.participant = participant(book, owner);
  order.side = side;
  order.energy = Energy::from_nano(energy_nano);
  order.limit = Price::from_nano(limit_nano);
  order.accepted = {static_cast<std::int64_t>(book.orders.size())};
  book.orders.push_back(order);
  return book.orders.back();
}

struct RandomBook {
  std::size_t orders = 10;
  std::uint32_t participants = 5;
  std::int64_t energies = 5;  ///< 1 … energies
  std::int64_t prices = 6;    ///< -1 … prices - 2
  bool standing = false;      ///< half of them
};

inline Book random_book(std::mt19937_64& random, const RandomBook& shape) {
  Book book;
  for (std::uint32_t i = 0; i < shape.participants; ++i) {
    book.participants.push_back("P" + std::to_string(i));
  }
  for (std::size_t i = 0; i < shape.orders; ++i) {
    Order order;
    order.id = "o" + std::to_string(i);
    order.participant = static_cast<ParticipantIndex>(random() % shape.participants);
    order.side = random() % 2 == 0 ? Side::buy : Side::sell;
    order.energy = Energy::from_nano(1 + static_cast<std::int64_t>(random() % shape.energies));
    order.limit = Price::from_nano(static_cast<std::int64_t>(random() % shape.prices) - 1);
    order.standing = shape.standing && random() % 2 == 0;
    order.accepted = {static_cast<std::int64_t>(random() % 3)};
    for (auto& byte : order.tie_key) byte = static_cast<std::uint8_t>(random());
    book.orders.push_back(order);
  }
  return book;
}

/// The folder with the shared vectors and data; nothing where it is not there.
inline std::optional<std::filesystem::path> shared_folder() {
  const char* named = std::getenv("POWERSHARE_SHARED");
  const std::filesystem::path folder = named != nullptr ? named : "../shared";
  if (!std::filesystem::exists(folder)) return std::nullopt;
  return folder;
}

}  // namespace powershare::market::test
