// Business network cards as clients bring them: a zip archive in a form's field (COMPOSER-REST
// §10).
#pragma once

#include <string>
#include <string_view>

#include "gateway/composer/problems.hpp"
#include "net/http.hpp"

namespace powershare::gateway::composer {

inline constexpr std::size_t max_card_bytes = 64 * 1024;

struct Card {
  std::string user;
  std::string secret;  ///< what was handed out with the identity
};

/// The content of the field `card` of a multipart/form-data body (RFC 7578). 400 otherwise.
Outcome<std::string> card_field(const net::HttpRequest& request);
/// Reads an archive whose files are stored as they are, as Composer and this peer write them; 400
/// where it is none or lacks the user's name or the secret.
Outcome<Card> read_card(std::string_view archive);

}  // namespace powershare::gateway::composer
