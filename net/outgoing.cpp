#include "net/outgoing.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

namespace powershare::net {
namespace {

/// A network by the first bits of its addresses.
struct Block {
  std::array<std::uint8_t, 16> prefix;
  int bits;
};

constexpr std::array<Block, 17> special_v4{{
    {{0}, 8},           // this network
    {{10}, 8},          // private
    {{100, 64}, 10},    // carriers' own
    {{127}, 8},         // the own machine
    {{169, 254}, 16},   // link, and the metadata of clouds
    {{172, 16}, 12},    // private
    {{192, 0, 0}, 24},  // protocols
    {{192, 0, 2}, 24},  // documentation
    {{192, 31, 196}, 24},
    {{192, 52, 193}, 24},
    {{192, 88, 99}, 24},  // former 6to4 relays
    {{192, 168}, 16},     // private
    {{192, 175, 48}, 24},
    {{198, 18}, 15},       // benchmarks
    {{198, 51, 100}, 24},  // documentation
    {{203, 0, 113}, 24},   // documentation
    {{224}, 3},            // multicast and reserved
}};

bool is_in(const std::uint8_t* address, const Block& block) {
  for (int bit = 0; bit < block.bits; ++bit) {
    const auto mask = static_cast<std::uint8_t>(0x80 >> (bit % 8));
    const auto byte = static_cast<std::size_t>(bit / 8);
    if ((address[byte] & mask) != (block.prefix[byte] & mask)) return false;
  }
  return true;
}

bool is_public_v4(const std::uint8_t* address) {
  return std::none_of(special_v4.begin(), special_v4.end(),
                      [&](const Block& block) { return is_in(address, block); });
}

/// Of IPv6 only what is handed out (2000::/3) is public, without what stands for IPv4 addresses or
/// for nobody.
bool is_public_v6(const std::uint8_t* address) {
  constexpr Block global{{0x20}, 3};
  constexpr std::array<Block, 4> special{{
      {{0x20, 0x01, 0x00}, 23},        // protocols, Teredo
      {{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
      {{0x20, 0x02}, 16},              // 6to4
      {{0x3f, 0xff}, 20},              // documentation
  }};
  return is_in(address, global) &&
         std::none_of(special.begin(), special.end(),
                      [&](const Block& block) { return is_in(address, block); });
}

constexpr Block mapped{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96};

/// The bytes of an address; `v4` tells which kind it is. nullptr for other families.
const std::uint8_t* bytes_of(const sockaddr& address, bool& v4) {
  if (address.sa_family == AF_INET) {
    v4 = true;
    return reinterpret_cast<const std::uint8_t*>(
        &reinterpret_cast<const sockaddr_in*>(&address)->sin_addr);
  }
  if (address.sa_family != AF_INET6) return nullptr;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(
      &reinterpret_cast<const sockaddr_in6*>(&address)->sin6_addr);
  v4 = is_in(bytes, mapped);
  return v4 ? bytes + 12 : bytes;
}

/// What the socket's opener needs to know, and what it says.
struct Gate {
  bool private_networks = false;
  bool plain = false;  ///< HTTP without TLS
  bool refused = false;
};

/// Every address that curl is about to dial comes by here, after the name was resolved: nobody can
/// have a name mean one address when it is looked at and another when it is dialled.
curl_socket_t open_socket(void* gate_pointer, curlsocktype purpose, curl_sockaddr* address) {
  auto& gate = *static_cast<Gate*>(gate_pointer);
  const bool allowed = purpose == CURLSOCKTYPE_IPCXN &&
                       (gate.plain ? gate.private_networks && is_loopback_address(address->addr)
                                   : gate.private_networks || is_public_address(address->addr));
  if (!allowed) {
    gate.refused = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t throw_away(char*, std::size_t size, std::size_t count, void*) {
  return size * count;
}

int give_up(void* stop_pointer, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(stop_pointer)->load() ? 1 : 0;
}

struct Closer {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Handle = std::unique_ptr<CURL, Closer>;
using List = std::unique_ptr<curl_slist, Closer>;

Handle new_handle() {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return Handle(ready ? curl_easy_init() : nullptr);
}

void append(List& list, const std::string& line) {
  auto* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) return;
  (void)list.release();
  list.reset(longer);
}

/// What both kinds have in common.
void set_up(CURL* curl, const std::string& url, std::int64_t timeout_ms,
            const std::string& authority, const std::atomic<bool>* stop) {
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(timeout_ms / 2));
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, throw_away);
  curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, curl_off_t{64 * 1024});
  if (!authority.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, authority.c_str());
  if (stop == nullptr) return;
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, give_up);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, stop);
}

Error not_delivered(std::string sentence) {
  return {NetError::not_delivered, std::move(sentence)};
}

struct Reading {
  const std::string& text;
  std::size_t taken = 0;
};

std::size_t read_on(char* to, std::size_t size, std::size_t count, void* reading_pointer) {
  auto& reading = *static_cast<Reading*>(reading_pointer);
  const auto length = std::min(size * count, reading.text.size() - reading.taken);
  std::memcpy(to, reading.text.data() + reading.taken, length);
  reading.taken += length;
  return length;
}

}  // namespace

bool is_public_address(const sockaddr& address) {
  bool v4 = false;
  const auto* bytes = bytes_of(address, v4);
  if (bytes == nullptr) return false;
  return v4 ? is_public_v4(bytes) : is_public_v6(bytes);
}

bool is_loopback_address(const sockaddr& address) {
  constexpr std::array<std::uint8_t, 16> v6_loopback{0, 0, 0, 0, 0, 0, 0, 0,
                                                     0, 0, 0, 0, 0, 0, 0, 1};
  bool v4 = false;
  const auto* bytes = bytes_of(address, v4);
  if (bytes == nullptr) return false;
  return v4 ? bytes[0] == 127 : std::equal(v6_loopback.begin(), v6_loopback.end(), bytes);
}

bool is_mail_address(const std::string& text) {
  const auto at = text.find('@');
  if (at == std::string::npos || at == 0 || text.size() > 254 ||
      text.find('@', at + 1) < text.size())
    return false;
  const auto domain = text.substr(at + 1);
  if (domain.empty() || domain.front() == '.' || domain.back() == '.') return false;
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const auto in_name = [&](char c) {
    return is_letter(c) ||
           std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
  };
  const auto in_domain = [&](char c) { return is_letter(c) || c == '-' || c == '.'; };
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), in_name) &&
         std::all_of(domain.begin(), domain.end(), in_domain);
}

Result<void> post_webhook(const WebhookCall& call, const WebhookRules& rules) {
  const auto curl = new_handle();
  if (!curl) return not_delivered("There is no memory for a request.");
  Gate gate;
  gate.private_networks = rules.private_networks;
  gate.plain = call.url.starts_with("http://");
  set_up(curl.get(), call.url, rules.timeout_ms, rules.certificate_authority, rules.stop);
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR,
                   rules.private_networks ? "https,http" : "https");
  curl_easy_setopt(curl.get(), CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt(curl.get(), CURLOPT_OPENSOCKETDATA, &gate);
  List headers;
  append(headers, "Content-Type: application/json");
  append(headers, "Expect:");
  for (const auto& [name, value] : call.headers) append(headers, name + ": " + value);
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, call.body.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(call.body.size()));
  const auto code = curl_easy_perform(curl.get());
  if (gate.refused && code != CURLE_OK) {
    return Error{NetError::refused_address, "This peer does not speak to that address."};
  }
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  // An answer whose body is long was an answer.
  if (code != CURLE_OK && code != CURLE_FILESIZE_EXCEEDED) {
    return not_delivered(curl_easy_strerror(code));
  }
  if (status >= 200 && status < 300) return {};
  return not_delivered("The webhook answered " + std::to_string(status) + ".");
}

Result<void> send_mail(const MailRelay& relay, const std::string& to, const std::string& message) {
  if (!is_mail_address(to)) {
    return Error{NetError::bad_address, "The household's e-mail is no address."};
  }
  const auto curl = new_handle();
  if (!curl) return not_delivered("There is no memory for a mail.");
  set_up(curl.get(), relay.url, relay.timeout_ms, relay.certificate_authority, relay.stop);
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(curl.get(), CURLOPT_USE_SSL,
                   static_cast<long>(relay.require_tls ? CURLUSESSL_ALL : CURLUSESSL_TRY));
  if (!relay.user.empty()) {
    curl_easy_setopt(curl.get(), CURLOPT_USERNAME, relay.user.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_PASSWORD, relay.password.c_str());
  }
  List recipients;
  append(recipients, "<" + to + ">");
  const auto from = "<" + relay.from + ">";
  curl_easy_setopt(curl.get(), CURLOPT_MAIL_FROM, from.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_MAIL_RCPT, recipients.get());
  Reading reading{message};
  curl_easy_setopt(curl.get(), CURLOPT_READFUNCTION, read_on);
  curl_easy_setopt(curl.get(), CURLOPT_READDATA, &reading);
  curl_easy_setopt(curl.get(), CURLOPT_UPLOAD, 1L);
  const auto code = curl_easy_perform(curl.get());
  if (code == CURLE_OK) return {};
  return not_delivered(curl_easy_strerror(code));
}

}  // namespace powershare::net
