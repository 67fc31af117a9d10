#include "storage/identity.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/encoding.hpp"
#include "storage/file.hpp"

namespace powershare::storage {
namespace {

constexpr std::string_view title = "powershare-identity 1";
constexpr std::size_t maximum_identity_bytes = 2'048;

std::string body(const Identity& identity) {
  const auto line = [](std::string_view name, const std::string& value) {
    return std::string(name) + " " + value + "\n";
  };
  return std::string(title) + "\n" + line("chain", identity.owner.chain.text()) +
         line("peer", identity.owner.peer.text()) +
         line("public-key", to_hex(ByteView(identity.owner.public_key))) +
         line("genesis", crypto::to_hex(identity.owner.genesis)) +
         line("stable-checkpoint", std::to_string(identity.stable_checkpoint)) +
         line("reserved-epoch", std::to_string(identity.reservation.epoch)) +
         line("reserved-view", std::to_string(identity.reservation.view)) +
         line("reserved-sequence", std::to_string(identity.reservation.sequence)) +
         line("log-id", to_hex(ByteView(identity.log_id))) +
         line("log-commits", std::to_string(identity.log_commits)) +
         line("recovering", identity.recovering ? "1" : "0");
}

/// Takes "NAME VALUE\n" from the front of `text`; empty where that is not what comes next.
std::string_view take_line(std::string_view& text, std::string_view name) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return {};
  const auto line = text.substr(0, end);
  text.remove_prefix(end + 1);
  if (!line.starts_with(name) || line.size() <= name.size() + 1 || line[name.size()] != ' ') {
    return {};
  }
  return line.substr(name.size() + 1);
}

bool read_number(std::string_view text, std::uint64_t& value) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc{} && end == text.data() + text.size();
}

template <std::size_t N>
bool read_hex(std::string_view text, std::array<std::uint8_t, N>& value) {
  const auto bytes = from_hex(text);
  if (!bytes || bytes->size() != N) return false;
  std::copy(bytes->begin(), bytes->end(), value.begin());
  return true;
}

bool read_fields(std::string_view text, Identity& identity) {
  const auto chain = ChainId::parse(take_line(text, "chain"));
  const auto peer = PeerId::parse(take_line(text, "peer"));
  if (!chain || !peer) return false;
  identity.owner.chain = *chain;
  identity.owner.peer = *peer;
  std::uint64_t recovering = 0;
  const bool all =
      read_hex(take_line(text, "public-key"), identity.owner.public_key) &&
      read_hex(take_line(text, "genesis"), identity.owner.genesis) &&
      read_number(take_line(text, "stable-checkpoint"), identity.stable_checkpoint) &&
      read_number(take_line(text, "reserved-epoch"), identity.reservation.epoch) &&
      read_number(take_line(text, "reserved-view"), identity.reservation.view) &&
      read_number(take_line(text, "reserved-sequence"), identity.reservation.sequence) &&
      read_hex(take_line(text, "log-id"), identity.log_id) &&
      read_number(take_line(text, "log-commits"), identity.log_commits) &&
      read_number(take_line(text, "recovering"), recovering);
  identity.recovering = recovering == 1;
  return all;
}

}  // namespace

std::string format_identity(const Identity& identity) {
  auto text = body(identity);
  text += "checksum " + crypto::to_hex(crypto::sha256(as_bytes(text))) + "\n";
  return text;
}

Result<Identity> parse_identity(std::string_view text) {
  Identity identity;
  auto rest = text;
  const auto end = rest.find('\n');
  const bool titled = end != std::string_view::npos && rest.substr(0, end) == title;
  if (titled) rest.remove_prefix(end + 1);
  // What is read must be spelled exactly as it would be written: that covers the checksum, the
  // order of the lines, leading zeros, and whatever else could be said in two ways.
  if (!titled || !read_fields(rest, identity) || format_identity(identity) != text) {
    return Error{StorageError::damaged, "IDENTITY is damaged: it does not match its checksum"};
  }
  return identity;
}

Result<std::optional<Identity>> read_identity(const std::filesystem::path& file) {
  const auto text = read_small_file(file, maximum_identity_bytes);
  if (!text) return text.error();
  if (!*text) return std::optional<Identity>{};
  auto identity = parse_identity(**text);
  if (!identity) return identity.error();
  return std::optional<Identity>{std::move(*identity)};
}

Result<void> write_identity(const std::filesystem::path& file, const Identity& identity) {
  return replace_file(file, format_identity(identity));
}

Bytes environment_label(std::string_view kind, const Identity& identity) {
  Encoder label;
  label.text(kind).text(identity.owner.chain.text()).text(identity.owner.peer.text());
  label.raw(identity.owner.genesis);
  label.raw(kind == "consensus" ? identity.log_id : LogId{});
  return std::move(label).take();
}

Result<LogId> check_label(std::string_view kind, const Identity& identity, ByteView label) {
  auto found = environment_label(kind, identity);
  LogId log_id{};
  if (label.size() == found.size()) {
    std::copy(label.end() - log_id.size(), label.end(), log_id.begin());
    std::copy(log_id.begin(), log_id.end(), found.end() - log_id.size());
  }
  if (!equal(label, found)) {
    return Error{StorageError::wrong_identity,
                 "the folder " + std::string(kind) + " belongs to another peer, chain or purpose"};
  }
  return log_id;
}

Result<void> check_owner(const Owner& found, const Owner& expected) {
  const auto wrong = [](const std::string& sentence) {
    return Error{StorageError::wrong_identity, sentence};
  };
  if (found.chain != expected.chain) {
    return wrong("the data folder belongs to chain " + found.chain.text() + ", not to " +
                 expected.chain.text());
  }
  if (found.genesis != expected.genesis) {
    return wrong("the data folder belongs to another genesis of chain " + found.chain.text());
  }
  if (found.peer != expected.peer) {
    return wrong("the data folder belongs to peer " + found.peer.text() + ", not to " +
                 expected.peer.text());
  }
  if (found.public_key != expected.public_key) {
    return wrong("the data folder belongs to another key of peer " + found.peer.text());
  }
  return {};
}

}  // namespace powershare::storage
