// A household's news as they leave the house: the body of a webhook, a mail.
#pragma once

#include <string>
#include <string_view>

#include "ledger/household_news.hpp"

namespace powershare::gateway::household {

/// What a piece of news is called everywhere, so that who gets it twice can tell:
/// "<chain>.<height>.<index>.<participant>".
std::string news_id(std::string_view chain, const ledger::NewsRow& row);

/// {"delivery","chain","participant","news"}: news_id(), and an item of GET /etms/notifications.
std::string webhook_body(std::string_view chain, const ledger::NewsRow& row);
/// "sha256=" and the HMAC-SHA256 in hexadecimal over "<seconds>.<body>", where `seconds` is when it
/// is sent, since 1970.
std::string webhook_signature(std::string_view secret, std::int64_t seconds, std::string_view body);

/// A mail (RFC 5322, plain text in UTF-8, CR LF) in English and Portuguese. `from` and `to` are
/// addresses (net::is_mail_address).
std::string mail_text(std::string_view chain, const ledger::NewsRow& row, const std::string& from,
                      const std::string& to, UtcMillis now);

}  // namespace powershare::gateway::household
