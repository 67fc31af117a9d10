#include "net/http_client.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "net/tls_session.hpp"

namespace powershare::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t max_head_bytes = 64 * 1024;

class Socket {
 public:
  Socket() = default;
  explicit Socket(int number) : number_(number) {}
  ~Socket() {
    if (number_ >= 0) ::close(number_);
  }
  Socket(Socket&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  int number() const { return number_; }
  bool open() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

std::string_view trimmed(std::string_view text) {
  const auto start = text.find_first_not_of(" \t");
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(" \t") - start + 1);
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (auto& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return result;
}

template <class Number>
bool read_number(std::string_view text, int base, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size();
}

struct Head {
  HttpResponse response;
  bool chunked = false;
  bool keep_alive = true;
  std::optional<std::size_t> length;
};

bool parse_header_line(std::string_view line, Head& head) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const auto name = lower_case(line.substr(0, colon));
  const auto value = trimmed(line.substr(colon + 1));
  if (name == "content-length") {
    std::size_t length = 0;
    if (!read_number(value, 10, length)) return false;
    head.length = length;
  } else if (name == "transfer-encoding") {
    if (lower_case(value) != "chunked") return false;
    head.chunked = true;
  } else if (name == "connection") {
    const auto option = lower_case(value);
    if (option == "close") head.keep_alive = false;
    if (option == "keep-alive") head.keep_alive = true;
  } else if (name == "content-type") {
    head.response.content_type = value;
  }
  head.response.headers.emplace_back(name, value);
  return true;
}

// `text`: all of the head without the empty line at its end.
bool parse_head(std::string_view text, Head& head) {
  auto end = std::min(text.find("\r\n"), text.size());
  const auto line = text.substr(0, end);
  if (line.size() < 12 || !line.starts_with("HTTP/1.") || line[8] != ' ') return false;
  if (!read_number(line.substr(9, 3), 10, head.response.status)) return false;
  head.keep_alive = line[7] == '1';
  head.response.content_type.clear();
  while (end < text.size()) {
    const auto start = end + 2;
    end = std::min(text.find("\r\n", start), text.size());
    if (!parse_header_line(text.substr(start, end - start), head)) return false;
  }
  return true;
}

class Client final : public HttpClient {
 public:
  explicit Client(HttpClientOptions options) : options_(std::move(options)) {}
  Result<HttpResponse> request(
      std::string_view method, std::string_view target, std::string_view body,
      const std::vector<std::pair<std::string, std::string>>& headers) override;

 private:
  enum class Outcome { done, broken, nothing_received };

  bool connect();
  bool connect_socket();
  bool handshake();
  bool still_open();
  bool wait(short events) const;
  bool send_all(std::string_view text);
  bool send_plain(std::string_view text);
  bool receive();
  bool receive_plain(std::string& input);
  Outcome exchange(std::string_view message, bool head_only, HttpResponse& response);
  bool read_body(Head& head);
  bool read_exactly(std::size_t bytes, std::string& body);
  bool read_chunks(std::string& body);
  bool read_line(std::string& line);

  HttpClientOptions options_;
  Socket socket_;
  std::shared_ptr<const TlsContext> authorities_;
  std::unique_ptr<TlsSession> tls_;
  std::optional<Error> fault_;  ///< why there is no connection, where that can be said
  std::string input_;           ///< received and not yet used
  Clock::time_point deadline_;
  bool ended_ = false;  ///< the server has closed its side
};

bool Client::wait(short events) const {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
    if (left <= 0) return false;
    pollfd item{socket_.number(), events, 0};
    const int ready = ::poll(&item, 1, static_cast<int>(std::min<std::int64_t>(left, 1'000'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool Client::connect() {
  fault_.reset();
  tls_.reset();
  if (!options_.authorities.empty() && !authorities_) {
    auto context = TlsContext::client(options_.authorities);
    if (!context) {
      fault_ = context.error();
      return false;
    }
    authorities_ = std::move(*context);
  }
  return connect_socket() && (!authorities_ || handshake());
}

bool Client::handshake() {
  const auto& name = options_.server_name.empty() ? options_.address : options_.server_name;
  tls_ = std::make_unique<TlsSession>(authorities_, name);
  for (;;) {
    const auto outcome = tls_->handshake();
    const bool sent = send_plain(tls_->take_output());
    if (outcome == TlsOutcome::done) return sent;
    std::string received;
    if (outcome == TlsOutcome::wants_input && sent && receive_plain(received)) {
      tls_->feed(received);
      continue;
    }
    if (outcome == TlsOutcome::failed) {
      fault_ = Error{NetError::bad_certificate,
                     options_.address + " port " + std::to_string(options_.port) +
                         " does not prove to be " + name + ": " + tls_->failure()};
    }
    return false;
  }
}

bool Client::connect_socket() {
  sockaddr_storage place{};
  socklen_t size = 0;
  auto& v4 = reinterpret_cast<sockaddr_in&>(place);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(place);
  if (::inet_pton(AF_INET, options_.address.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(options_.port);
    size = sizeof v4;
  } else if (::inet_pton(AF_INET6, options_.address.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(options_.port);
    size = sizeof v6;
  } else {
    return false;
  }
  input_.clear();
  ended_ = false;
  socket_ = Socket(::socket(place.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_.open()) return false;
  const int on = 1;
  ::setsockopt(socket_.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket_.number(), reinterpret_cast<const sockaddr*>(&place), size) == 0)
    return true;
  if (errno != EINPROGRESS || !wait(POLLOUT)) return false;
  int error = 0;
  socklen_t error_size = sizeof error;
  return ::getsockopt(socket_.number(), SOL_SOCKET, SO_ERROR, &error, &error_size) == 0 &&
         error == 0;
}

// A kept connection has nothing to say between requests: anything readable is its end or an error.
bool Client::still_open() {
  if (!socket_.open() || ended_ || !input_.empty()) return false;
  // The end may have been received together with the last answer.
  if (tls_ && (tls_->read(input_, 1) != TlsOutcome::wants_input || !input_.empty())) return false;
  char byte = 0;
  const auto count = ::recv(socket_.number(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool Client::send_all(std::string_view text) {
  if (!tls_) return send_plain(text);
  return tls_->write(text) && send_plain(tls_->take_output());
}

bool Client::send_plain(std::string_view text) {
  while (!text.empty()) {
    const auto count = ::send(socket_.number(), text.data(), text.size(), MSG_NOSIGNAL);
    if (count > 0) {
      text.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait(POLLOUT)) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

// False on time-out, error and at the end (then ended_).
bool Client::receive() {
  if (!tls_) return receive_plain(input_);
  const auto before = input_.size();
  for (;;) {
    const auto outcome = tls_->read(input_, 16 * 1024);
    if (!send_plain(tls_->take_output())) return false;
    if (input_.size() > before) return true;
    // An end that nobody vouches for might cut an answer short: only close_notify counts.
    ended_ = outcome == TlsOutcome::ended;
    std::string received;
    if (outcome != TlsOutcome::wants_input || !receive_plain(received)) return false;
    tls_->feed(received);
  }
}

bool Client::receive_plain(std::string& input) {
  char buffer[16 * 1024];
  for (;;) {
    const auto count = ::recv(socket_.number(), buffer, sizeof buffer, 0);
    if (count > 0) {
      input.append(buffer, static_cast<std::size_t>(count));
      return true;
    }
    if (count == 0) {
      ended_ = !tls_;
      return false;
    }
    if (errno == EINTR) continue;
    if ((errno != EAGAIN && errno != EWOULDBLOCK) || !wait(POLLIN)) return false;
  }
}

bool Client::read_exactly(std::size_t bytes, std::string& body) {
  if (bytes > options_.max_response_bytes || body.size() + bytes > options_.max_response_bytes)
    return false;
  while (input_.size() < bytes)
    if (!receive()) return false;
  body.append(input_, 0, bytes);
  input_.erase(0, bytes);
  return true;
}

bool Client::read_line(std::string& line) {
  std::size_t end = 0;
  while ((end = input_.find("\r\n")) == std::string::npos)
    if (input_.size() > max_head_bytes || !receive()) return false;
  line = input_.substr(0, end);
  input_.erase(0, end + 2);
  return true;
}

bool Client::read_chunks(std::string& body) {
  std::string line, nothing;
  for (;;) {
    std::size_t size = 0;
    if (!read_line(line)) return false;
    if (!read_number(trimmed(std::string_view(line).substr(0, line.find(';'))), 16, size))
      return false;
    if (size == 0) break;
    if (!read_exactly(size, body) || !read_line(line) || !line.empty()) return false;
  }
  std::size_t trailer_bytes = 0;
  do {
    if (!read_line(line)) return false;
    trailer_bytes += line.size();
  } while (!line.empty() && trailer_bytes <= max_head_bytes);
  return line.empty();
}

bool Client::read_body(Head& head) {
  auto& body = head.response.body;
  if (head.chunked) return read_chunks(body);
  if (head.length) return read_exactly(*head.length, body);
  head.keep_alive = false;  // until the connection ends
  while (input_.size() <= options_.max_response_bytes && receive()) {
  }
  body = std::move(input_);
  input_.clear();
  return ended_ && body.size() <= options_.max_response_bytes;
}

Client::Outcome Client::exchange(std::string_view message, bool head_only, HttpResponse& response) {
  // A server may answer and close before it has read everything: its answer is asked for even so.
  const bool sent = send_all(message);
  Head head;
  do {
    std::size_t end = 0;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
      if (input_.size() > max_head_bytes) return Outcome::broken;
      if (!receive())
        return input_.empty() && Clock::now() < deadline_ ? Outcome::nothing_received
                                                          : Outcome::broken;
    }
    head = {};
    const bool good = parse_head(std::string_view(input_).substr(0, end), head);
    input_.erase(0, end + 4);
    if (!good) return Outcome::broken;
  } while (head.response.status < 200);
  const int status = head.response.status;
  if (!head_only && status != 204 && status != 304 && !read_body(head)) return Outcome::broken;
  if (!head.keep_alive || !sent) socket_ = Socket();
  response = std::move(head.response);
  return Outcome::done;
}

Result<HttpResponse> Client::request(
    std::string_view method, std::string_view target, std::string_view body,
    const std::vector<std::pair<std::string, std::string>>& headers) {
  const Error closed{NetError::closed, options_.address + " port " + std::to_string(options_.port) +
                                           " does not answer"};
  std::string message;
  message.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: ");
  const bool v6 = options_.address.find(':') != std::string::npos;
  message += v6 ? "[" + options_.address + "]" : options_.address;
  message += ":" + std::to_string(options_.port) + "\r\n";
  for (const auto& [name, value] : headers) message += name + ": " + value + "\r\n";
  if (!body.empty() || (method != "GET" && method != "HEAD" && method != "DELETE"))
    message += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  message.append("\r\n").append(body);

  deadline_ = Clock::now() + options_.timeout;
  const bool repeatable = method != "POST" && method != "PATCH";
  for (bool kept = still_open();; kept = false) {
    if (!kept && !connect()) break;
    HttpResponse response;
    const auto outcome = exchange(message, method == "HEAD", response);
    if (outcome == Outcome::done) return response;
    socket_ = Socket();
    // The server may have closed a kept connection just as the request went out (RFC 9112 §9.3.1).
    if (outcome != Outcome::nothing_received || !kept || !repeatable) break;
  }
  socket_ = Socket();
  return fault_.value_or(closed);
}

}  // namespace

std::unique_ptr<HttpClient> HttpClient::create(HttpClientOptions options) {
  return std::make_unique<Client>(std::move(options));
}

}  // namespace powershare::net
