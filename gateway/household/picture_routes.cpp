// PUT, GET and DELETE /etms/me/picture, GET /etms/participants/{id}/picture.
#include "gateway/error.hpp"
#include "gateway/household/access_desk.hpp"
#include "gateway/household/caller.hpp"
#include "gateway/household/own_profile.hpp"
#include "gateway/household/picture.hpp"
#include "gateway/parameters.hpp"
#include "gateway/problem.hpp"
#include "gateway/submit.hpp"
#include "ledger/cash_requests.hpp"
#include "ledger/registry.hpp"

namespace powershare::gateway {
namespace {

net::HttpResponse no_picture() {
  return problem(404, "not_found", "There is no picture, or none that you may see.");
}

void put_picture(const ServicesPtr& services, const Request& request, const Responder& responder) {
  if (request.http.body.size() > household::max_picture_file_bytes) {
    return responder.send(problem(413, "too_large", "A picture has at most 2 MiB."));
  }
  // On the thread that passwords are tried on: one at a time, and few that wait.
  post_heavy_task(*services, responder, [services, request, responder] {
    auto picture = household::plain_picture(as_bytes(request.http.body));
    if (!picture) return responder.send(problem_of(picture.error()));
    change_profile(services, request, responder,
                   [picture = *std::move(picture)](Profile& profile) -> Result<void> {
                     profile.picture = picture;
                     return {};
                   });
  });
}

void delete_picture(const ServicesPtr& services, const Request& request,
                    const Responder& responder) {
  change_profile(services, request, responder, [](Profile& profile) -> Result<void> {
    profile.picture.clear();
    return {};
  });
}

void send_picture(const Services& services, const Responder& responder,
                  const ledger::Participant& who) {
  fetch_profile(services, responder, who, [responder, who](const FoundProfile& profile) {
    if (!profile || profile->picture.empty()) return responder.send(no_picture());
    net::HttpResponse response;
    response.content_type = "image/jpeg";
    response.body = as_text(profile->picture);
    response.headers = {{"Cache-Control", "private, no-cache"},
                        {"ETag", '"' + crypto::to_hex(who.profile).substr(0, 32) + '"'},
                        {"X-Content-Type-Options", "nosniff"}};
    responder.send(std::move(response));
  });
}

void get_own(const ServicesPtr& services, const Request& request, const Responder& responder) {
  const auto view = open_view(*services, responder);
  if (!view) return;
  const auto me = find_me(view->state(), request, responder);
  if (me) send_picture(*services, responder, *me);
}

/// Others see the picture of a home that shows itself by name in the ranking: it is as personal as
/// the name (DECISIONS 60).
void get_of(const ServicesPtr& services, const Request& request, const Responder& responder) {
  const auto who = parse_participant("id", request.path_parameter("id"));
  if (!who) return responder.send(problem_of(who.error()));
  const auto view = open_view(*services, responder);
  if (!view) return;
  const auto record = ledger::find_participant(view->state(), *who);
  const auto preferences = ledger::find_preferences(view->state(), *who);
  const bool shown = Viewer(view->state(), request).owns(*who) ||
                     (preferences && preferences->ranking == ledger::RankingDisplay::named);
  if (!record || !shown) return responder.send(no_picture());
  send_picture(*services, responder, *record);
}

RouteInfo info_of(std::string method, std::string pattern, std::string summary) {
  RouteInfo info;
  info.method = std::move(method);
  info.pattern = std::move(pattern);
  info.summary = std::move(summary);
  info.access = Access::resident;
  return info;
}

RouteInfo changing(std::string method, std::string summary) {
  auto info = info_of(std::move(method), "/etms/me/picture", std::move(summary));
  info.parameters = {idempotency_parameter()};
  info.response_schema = submission_schema();
  info.statuses = submission_statuses();
  info.statuses.insert(info.statuses.end(), {401, 404, 409});
  return info;
}

RouteInfo showing(std::string pattern, std::string summary) {
  auto info = info_of("GET", std::move(pattern), std::move(summary));
  info.response_type = "image/jpeg";
  info.statuses = {200, 400, 401, 404, 503};
  return info;
}

}  // namespace

void add_picture_routes(Router& router, const ServicesPtr& services) {
  add_route(router, services, changing("DELETE", "Removes the household's picture everywhere."),
            delete_picture);
  auto put = changing("PUT",
                      "The household's picture, a PNG or JPEG of at most 2 MiB, 4096 pixels a side "
                      "and 8 million in all. It is made anew with at most 256 pixels a side, "
                      "without metadata, and kept beside the chain.");
  put.request_schema = R"({"type":"string","format":"binary"})";
  put.request_types = {"image/jpeg", "image/png"};
  add_route(router, services, std::move(put), put_picture);
  add_route(router, services, showing("/etms/me/picture", "The household's own picture."), get_own);
  auto of = showing("/etms/participants/{id}/picture",
                    "The picture of a household that shows itself by name in the ranking, or the "
                    "own one; 404 for all others.");
  of.parameters = {{"id", "path", "string", true, "a participant, as H01 or Resident:H01"}};
  add_route(router, services, std::move(of), get_of);
}

}  // namespace powershare::gateway
