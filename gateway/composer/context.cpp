#include "gateway/composer/context.hpp"

#include <algorithm>

namespace powershare::gateway::composer {

std::shared_ptr<ChainView> open_view(const Context& context, const Exchange& exchange) {
  auto view = context.ports().view();
  if (view && *view != nullptr) return std::shared_ptr<ChainView>(std::move(*view));
  exchange.send(unavailable("This peer cannot read its ledger now; ask another one.", 5));
  return nullptr;
}

void fill_profiles(const Context& context, std::shared_ptr<std::vector<Row>> rows,
                   std::function<void(std::optional<Problem>)> done) {
  std::vector<Digest> commitments;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    if (crypto::is_zero((*rows)[i].profile)) continue;
    commitments.push_back((*rows)[i].profile);
    places.push_back(i);
  }
  if (commitments.empty()) return done(std::nullopt);
  auto* profiles = context.ports().profiles;
  if (profiles == nullptr) {
    return done(unavailable("This peer keeps no names; ask another one.", 5));
  }
  profiles->fetch(std::move(commitments),
                  [rows, places = std::move(places),
                   done = std::move(done)](std::vector<std::optional<Profile>> found) {
                    const auto count = std::min(found.size(), places.size());
                    for (std::size_t i = 0; i < count; ++i) {
                      if (found[i]) set_profile((*rows)[places[i]].record, *found[i]);
                    }
                    done(std::nullopt);
                  });
}

}  // namespace powershare::gateway::composer
