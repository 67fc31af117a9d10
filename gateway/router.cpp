#include "gateway/router.hpp"

#include <atomic>

#include "gateway/problem.hpp"

namespace powershare::gateway {
namespace {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> segments;
  if (!path.empty() && path.front() == '/') path.remove_prefix(1);
  while (true) {
    const auto slash = path.find('/');
    segments.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool is_name(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

}  // namespace

const std::string& Request::path_parameter(std::string_view name) const {
  static const std::string none;
  for (const auto& [known, value] : path_parameters) {
    if (known == name) return value;
  }
  return none;
}

struct Responder::State {
  std::shared_ptr<net::HttpReply> reply;
  Observer observer;
  std::atomic<bool> answered{false};

  bool take(int status) {
    if (answered.exchange(true)) return false;
    if (observer) observer(status);
    return true;
  }
  ~State() {
    if (take(500)) reply->send(problem(500, "internal_error", "The request found no answer."));
  }
};

Responder::Responder(std::shared_ptr<net::HttpReply> reply, Observer observer)
    : state_(std::make_shared<State>()) {
  state_->reply = std::move(reply);
  state_->observer = std::move(observer);
}

void Responder::send(net::HttpResponse response) const {
  if (state_->take(response.status)) state_->reply->send(std::move(response));
}

std::shared_ptr<net::HttpStream> Responder::stream(net::HttpResponse head) const {
  return state_->take(head.status) ? state_->reply->stream(std::move(head)) : nullptr;
}

std::shared_ptr<net::HttpWebSocket> Responder::websocket(const net::HttpRequest& request) const {
  return state_->take(101) ? state_->reply->accept_websocket(request) : nullptr;
}

void Router::add(RouteInfo info, Handler handler) {
  auto segments = split(info.pattern);
  routes_.push_back({std::move(info), std::move(handler), std::move(segments)});
}

Router::Match Router::match(std::string_view method, std::string_view path) const {
  const auto segments = split(path);
  // The server leaves the body of the answer away (RFC 9110 §9.3.2).
  if (method == "HEAD") method = "GET";
  Match result;
  for (const auto& route : routes_) {
    if (route.segments.size() != segments.size()) continue;
    std::vector<std::pair<std::string, std::string>> found;
    bool same = true;
    for (std::size_t i = 0; same && i < segments.size(); ++i) {
      const auto& wanted = route.segments[i];
      if (is_name(wanted)) {
        same = !segments[i].empty();
        found.emplace_back(wanted.substr(1, wanted.size() - 2), segments[i]);
      } else {
        same = wanted == segments[i];
      }
    }
    if (!same) continue;
    if (route.info.method == method) {
      result.route = &route;
      result.path_parameters = std::move(found);
      return result;
    }
    if (!result.allowed.empty()) result.allowed += ", ";
    result.allowed += route.info.method;
  }
  return result;
}

}  // namespace powershare::gateway
