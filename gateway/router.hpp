// Which handler answers which method and path, and the description of each route: the OpenAPI
// document is written from the same table that requests are routed by, so it cannot lie.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/keys.hpp"
#include "gateway/gateway.hpp"
#include "net/http.hpp"

namespace powershare::gateway {

/// Who may call a route.
enum class Access : std::uint8_t {
  open = 1,       ///< anyone
  read,           ///< anyone, unless GatewayOptions::require_key_for_reads
  deliver,        ///< as read, and keys that bring readings; the handler shows them less
  partly,         ///< anyone; the handler decides what of it needs a key
  administrator,  ///< an API key with that role
  operators,      ///< an API key of an operator or administrator
  resident,       ///< a bearer token of a log-in (gateway/household)
};

struct ParameterInfo {
  std::string name;
  std::string in;    ///< "path", "query" or "header"
  std::string type;  ///< of JSON schema: "string", "integer"
  bool required = false;
  std::string description;
};

struct RouteInfo {
  std::string method;
  std::string pattern;  ///< "/v1/blocks/{height}"
  std::string summary;
  Access access = Access::open;
  std::vector<ParameterInfo> parameters;
  std::string request_schema;  ///< JSON schema as text; empty where there is no body
  std::vector<std::string> request_types = {"application/json"};
  std::string response_schema;  ///< of a 2xx answer; empty where it is not JSON
  std::string response_type = "application/json";
  std::vector<std::string> other_response_types = {};  ///< that a parameter asks for
  std::vector<int> statuses = {200};
};

/// The person behind a bearer token.
struct Caller {
  ledger::ParticipantRef participant;
  std::shared_ptr<const crypto::KeyPair> session;  ///< signs for the participant while it is open
};

/// One request on its way to a handler.
struct Request {
  net::HttpRequest http;
  std::vector<std::pair<std::string, std::string>> path_parameters;
  std::optional<ApiKey> key;     ///< the API key that came with it, where one did
  std::optional<Caller> caller;  ///< there on every route with Access::resident; never on open ones

  const std::string& path_parameter(std::string_view name) const;
  bool has_role(Role role) const { return key && key->role == role; }
};

/// Answers one request, once; the last copy to go without an answer gives 500. Safe to copy and to
/// use from any thread.
class Responder {
 public:
  using Observer = std::function<void(int status)>;
  Responder(std::shared_ptr<net::HttpReply> reply, Observer observer);
  void send(net::HttpResponse response) const;
  std::shared_ptr<net::HttpStream> stream(net::HttpResponse head) const;
  /// 101 and a WebSocket; nothing where that is no good handshake, which is answered then.
  std::shared_ptr<net::HttpWebSocket> websocket(const net::HttpRequest& request) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

using Handler = std::function<void(const Request&, const Responder&)>;

struct Route {
  RouteInfo info;
  Handler handler;
  std::vector<std::string> segments;
};

class Router {
 public:
  /// The pattern's segments are plain text or {name}, which matches one non-empty segment.
  void add(RouteInfo info, Handler handler);

  struct Match {
    const Route* route = nullptr;
    std::vector<std::pair<std::string, std::string>> path_parameters;
    std::string allowed;  ///< where the path exists with other methods only: "GET, POST"
  };
  /// Patterns are tried in the order of add(), so plain text goes before {name}. HEAD is routed as
  /// GET.
  Match match(std::string_view method, std::string_view path) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace powershare::gateway
