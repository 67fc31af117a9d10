// Names of chains, peers, meters, participants and assets (DESIGN §4). Strong string types in byte
// order.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace powershare {

/// 1 to 64 of A-Za-z0-9_.:-
bool is_plain_name(std::string_view text);
/// 1 to 128 bytes of well-formed UTF-8 without control characters.
bool is_participant_name(std::string_view text);

/// A validated name; empty only when default-constructed ("none").
template <class Tag>
class Name {
 public:
  Name() = default;
  static Result<Name> parse(std::string_view text) {
    if (!Tag::valid(text))
      return Error{BaseError::malformed, std::string("not a valid ") + Tag::what};
    return Name(std::string(text));
  }
  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }
  friend auto operator<=>(const Name&, const Name&) = default;

 private:
  explicit Name(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

struct ChainTag {
  static constexpr auto what = "chain id (1 to 64 of A-Za-z0-9_.:-)";
  static bool valid(std::string_view text) { return is_plain_name(text); }
};
struct PeerTag {
  static constexpr auto what = "peer id (1 to 64 of A-Za-z0-9_.:-)";
  static bool valid(std::string_view text) { return is_plain_name(text); }
};
struct MeterTag {
  static constexpr auto what = "meter id (1 to 64 of A-Za-z0-9_.:-)";
  static bool valid(std::string_view text) { return is_plain_name(text); }
};
struct ParticipantTag {
  static constexpr auto what = "participant id (1 to 128 bytes of UTF-8, no control characters)";
  static bool valid(std::string_view text) { return is_participant_name(text); }
};

using ChainId = Name<ChainTag>;
using PeerId = Name<PeerTag>;
using MeterId = Name<MeterTag>;
using ParticipantId = Name<ParticipantTag>;

}  // namespace powershare
