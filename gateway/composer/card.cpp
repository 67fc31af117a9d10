#include "gateway/composer/card.hpp"

#include <algorithm>
#include <optional>

#include "gateway/composer/zip.hpp"
#include "gateway/json.hpp"

namespace powershare::gateway::composer {
namespace {

/// The value of `name` in a header's parameters: `form-data; name="card"; filename="x"`.
std::string parameter_of(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    const auto end = std::min(header.find(';'), header.size());
    auto part = header.substr(0, end);
    header.remove_prefix(std::min(end + 1, header.size()));
    while (part.starts_with(' ')) part.remove_prefix(1);
    const auto equals = part.find('=');
    if (equals == std::string_view::npos || !same_name(part.substr(0, equals), name)) continue;
    auto value = part.substr(equals + 1);
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
      value = value.substr(1, value.size() - 2);
    }
    return std::string(value);
  }
  return {};
}

/// Whether one of a part's header lines is a Content-Disposition that names the field.
bool names_field(std::string_view head, std::string_view field) {
  constexpr std::string_view disposition = "content-disposition:";
  while (!head.empty()) {
    const auto end = std::min(head.find("\r\n"), head.size());
    const auto line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    if (line.size() > disposition.size() &&
        same_name(line.substr(0, disposition.size()), disposition) &&
        parameter_of(line.substr(disposition.size()), "name") == field) {
      return true;
    }
  }
  return false;
}

Problem no_card() {
  return plain(400, "The body must be a form (multipart/form-data) with a card in its field card");
}

std::optional<std::string_view> file_of(std::string_view archive, std::string_view name) {
  const auto files = read_zip(archive);
  if (!files) return std::nullopt;
  for (const auto& file : *files) {
    if (file.name == name) return file.content;
  }
  return std::nullopt;
}

}  // namespace

Outcome<std::string> card_field(const net::HttpRequest& request) {
  const auto media_type = request.header("content-type").value_or("");
  const auto essence = media_type.substr(0, media_type.find(';'));
  const auto boundary = parameter_of(media_type, "boundary");
  if (!same_name(essence, "multipart/form-data") || boundary.empty() || boundary.size() > 70) {
    return no_card();
  }
  const std::string delimiter = "\r\n--" + boundary;
  const std::string body = "\r\n" + request.body;  // the first delimiter may begin the body
  auto at = body.find(delimiter);
  while (at != std::string::npos) {
    const auto begin = at + delimiter.size();
    const auto end = body.find(delimiter, begin);
    if (end == std::string::npos) break;
    const auto part = std::string_view(body).substr(begin, end - begin);
    const auto head_end = part.find("\r\n\r\n");
    if (head_end != std::string_view::npos && names_field(part.substr(0, head_end), "card")) {
      const auto content = part.substr(head_end + 4);
      if (content.size() > max_card_bytes) return plain(413, "The card is too large");
      return std::string(content);
    }
    at = end;
  }
  return no_card();
}

Outcome<Card> read_card(std::string_view archive) {
  const auto value = json::parse(file_of(archive, "metadata.json").value_or(std::string_view()));
  const auto text = [&](std::string_view name) {
    const auto* found = value && value->is_object() ? value->find(name) : nullptr;
    const bool is_text = found != nullptr && found->kind() == json::Kind::string;
    return is_text ? found->text() : std::string();
  };
  Card card{text("userName"), text("enrollmentSecret")};
  if (card.user.empty() || card.secret.empty()) {
    return plain(400, "This is no card of a user with an enrolment secret");
  }
  return card;
}

}  // namespace powershare::gateway::composer
