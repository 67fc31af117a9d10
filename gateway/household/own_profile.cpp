#include "gateway/household/own_profile.hpp"

#include "gateway/problem.hpp"
#include "gateway/submit.hpp"
#include "ledger/assets.hpp"
#include "ledger/membership.hpp"
#include "ledger/registry.hpp"

namespace powershare::gateway {
namespace {

/// Where programs of an older level may be among the members, which would not keep more than names.
constexpr std::uint32_t level_of_more_than_names = 3;

net::HttpResponse no_names() {
  return retry_later(503, "unavailable", "This peer keeps no names; ask another one.", 5);
}

bool has_more_than_names(const Profile& profile) {
  return !profile.picture.empty() || profile.delivery != ledger::NewsDelivery{};
}

/// Keeps the profile off the chain, then has the record commit to it.
void keep_and_commit(const ServicesPtr& services, const Request& request,
                     const Responder& responder, ledger::UpdateParticipant update,
                     Profile profile) {
  auto* profiles = services->ports.profiles;
  if (profiles == nullptr) return responder.send(no_names());
  profiles->keep(std::move(profile), [services, request, responder,
                                      update = std::move(update)](Result<Digest> kept) mutable {
    if (!kept) {
      return responder.send(
          retry_later(503, "unavailable", "Too few peers could keep that in time.", 5));
    }
    update.participant.profile = *kept;
    submit_for_caller(*services, request, responder, std::move(update));
  });
}

}  // namespace

std::optional<ledger::Participant> find_me(const ledger::StateReader& state, const Request& request,
                                           const Responder& responder) {
  auto me = ledger::find_participant(state, request.caller->participant);
  if (!me) responder.send(problem(404, "not_found", "This participant has been deleted."));
  return me;
}

void fetch_profile(const Services& services, const Responder& responder,
                   const ledger::Participant& who, std::function<void(FoundProfile)> then) {
  if (crypto::is_zero(who.profile)) return then(std::nullopt);
  auto* profiles = services.ports.profiles;
  if (profiles == nullptr) return responder.send(no_names());
  profiles->fetch({who.profile}, [then = std::move(then)](std::vector<FoundProfile> found) {
    then(found.empty() ? std::nullopt : std::move(found.front()));
  });
}

void change_profile(const ServicesPtr& services, const Request& request, const Responder& responder,
                    std::function<Result<void>(Profile&)> change) {
  const auto view = open_view(*services, responder);
  if (!view) return;
  const auto me = find_me(view->state(), request, responder);
  if (!me) return;
  const ledger::UpdateParticipant update{*me, ledger::asset_references(view->state(), me->ref)};
  const auto level = ledger::current_feature_level(view->state());
  fetch_profile(*services, responder, *me,
                [services, request, responder, update, level,
                 change = std::move(change)](const FoundProfile& known) {
                  if (!known && !crypto::is_zero(update.participant.profile)) {
                    return responder.send(retry_later(
                        503, "unavailable", "No peer has the present names; try again.", 5));
                  }
                  auto profile = known.value_or(Profile{});
                  if (const auto changed = change(profile); !changed) {
                    return responder.send(problem_of(changed.error()));
                  }
                  if (level < level_of_more_than_names && has_more_than_names(profile)) {
                    return responder.send(problem(409, "feature_level",
                                                  "This chain's feature level knows names only."));
                  }
                  keep_and_commit(services, request, responder, update, std::move(profile));
                });
}

}  // namespace powershare::gateway
