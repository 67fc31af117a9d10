#include "gateway/cross_origin.hpp"

#include <algorithm>
#include <utility>

#include "gateway/composer/api.hpp"

namespace powershare::gateway {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

class OpenReply final : public net::HttpReply {
 public:
  OpenReply(std::string origin, std::shared_ptr<net::HttpReply> reply)
      : origin_(std::move(origin)), reply_(std::move(reply)) {}

  void send(net::HttpResponse response) override {
    open(response.headers);
    reply_->send(std::move(response));
  }
  std::shared_ptr<net::HttpStream> stream(net::HttpResponse head) override {
    open(head.headers);
    return reply_->stream(std::move(head));
  }
  std::shared_ptr<net::HttpWebSocket> accept_websocket(const net::HttpRequest& request) override {
    return reply_->accept_websocket(request);
  }

 private:
  void open(Headers& headers) const {
    headers.emplace_back("Access-Control-Allow-Origin", origin_);
    headers.emplace_back("Access-Control-Expose-Headers", "Retry-After, Content-Disposition");
    headers.emplace_back("Vary", "Origin");
  }

  std::string origin_;
  std::shared_ptr<net::HttpReply> reply_;
};

}  // namespace

std::shared_ptr<net::HttpReply> for_other_origins(const std::vector<std::string>& origins,
                                                  const net::HttpRequest& request,
                                                  std::shared_ptr<net::HttpReply> reply) {
  const auto origin = request.header("origin");
  const bool known = origin && std::find(origins.begin(), origins.end(), *origin) != origins.end();
  if (!known || composer::is_api_path(request.path)) return reply;
  auto open = std::make_shared<OpenReply>(*origin, std::move(reply));
  if (request.method != "OPTIONS") return open;
  net::HttpResponse answer;
  answer.status = 204;
  answer.headers = {{"Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE"},
                    {"Access-Control-Allow-Headers",
                     "Accept, Authorization, Content-Type, Idempotency-Key, Last-Event-ID, "
                     "X-Api-Key"},
                    {"Access-Control-Max-Age", "600"}};
  open->send(std::move(answer));
  return nullptr;
}

}  // namespace powershare::gateway
