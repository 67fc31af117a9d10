// people: the profiles of participants, which the chain only commits to (detached: it writes
// files). Carries messages and files between protocol::ProfileExchange, the link and
// storage::PeopleStore.
#pragma once

#include <memory>

#include "actors/contact_book.hpp"
#include "actors/messages.hpp"
#include "actors/peer_context.hpp"
#include "storage/people_store.hpp"

namespace powershare::actors {

class PeopleHost;

struct PeopleState {
  static inline const char* name = "people";
  std::shared_ptr<PeopleHost> host;
};

PeopleActor::behavior_type people(PeopleActor::stateful_pointer<PeopleState> self,
                                  PeerContext& context, net::ZmqLink& link,
                                  std::shared_ptr<storage::PeopleStore> store,
                                  std::shared_ptr<ContactBook> contacts);

/// gateway::ProfileStore on top of the actor; safe from any thread.
class PeoplePort final : public gateway::ProfileStore {
 public:
  explicit PeoplePort(PeopleActor people) : people_(std::move(people)) {}
  void keep(gateway::Profile profile, std::function<void(Result<crypto::Digest>)> done) override;
  void fetch(std::vector<crypto::Digest> commitments,
             std::function<void(std::vector<std::optional<gateway::Profile>>)> done) override;

 private:
  PeopleActor people_;
};

/// The folder of profiles beside a peer's databases.
Result<std::shared_ptr<storage::PeopleStore>> open_people_store(const std::filesystem::path& data);

}  // namespace powershare::actors
