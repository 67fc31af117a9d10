#include "actors/people.hpp"

#include "actors/transport.hpp"
#include "crypto/quorum.hpp"
#include "ledger/profile.hpp"
#include "ledger/registry.hpp"
#include "protocol/profile_exchange.hpp"
#include "storage/people_writer.hpp"

namespace powershare::actors {
namespace {

using Self = PeopleActor::stateful_pointer<PeopleState>;
constexpr auto poll_interval = std::chrono::milliseconds(250);
/// How long the ledger may have changed before profiles follow it.
constexpr std::int64_t follow_interval_ms = 1'000;
constexpr std::size_t max_promises = 4'096;

}  // namespace

class PeopleHost {
 public:
  PeopleHost(Self self, PeerContext& context, net::ZmqLink& link,
             std::shared_ptr<storage::PeopleStore> store, std::shared_ptr<ContactBook> contacts)
      : self_(self),
        context_(context),
        link_(link),
        store_(std::move(store)),
        contacts_(std::move(contacts)),
        writer_([this](const storage::PeopleWrite& write) {
          return storage::carry_out(*store_, write);
        }),
        exchange_(store_->take_stored(), monotonic_now()) {}

  void connect() {
    changed_ = true;
    poll();
  }

  void keep(const KeepProfile& call) {
    ledger::ProfileSalt salt{};
    crypto::random_bytes(salt);
    const auto number = ++calls_;
    keeping_[number] = call.done;
    carry_out(exchange_.keep(number, ledger::encode_profile(*call.profile, salt), others(),
                             faulty(), monotonic_now()));
  }

  void fetch(const FetchProfiles& call) {
    const auto number = ++calls_;
    fetching_[number] = call.done;
    carry_out(exchange_.fetch(number, *call.commitments, others(), monotonic_now()));
  }

  void receive(const pbft::Received& message) {
    carry_out(exchange_.receive(message.sender, message.type, message.body, monotonic_now()));
  }

  void ledger_changed() { changed_ = true; }

  void poll() {
    carry_out(exchange_.tick(monotonic_now()));
    if (changed_ && monotonic_now().value - followed_.value >= follow_interval_ms) follow();
    self_->delayed_send(PeopleActor(self_), poll_interval, Poll{});
  }

 private:
  /// The other members' numbers.
  std::vector<pbft::MemberIndex> others() const {
    std::vector<pbft::MemberIndex> result;
    for (const auto number : context_.roster()->members().numbers) {
      if (number != context_.number()) result.push_back(number);
    }
    return result;
  }
  std::size_t faulty() const {
    const auto members = context_.roster()->members().numbers.size();
    return crypto::max_faulty(static_cast<std::uint32_t>(members));
  }

  void follow() {
    auto snapshot = context_.folder->ledger().snapshot();
    if (!snapshot) return;  // settlement meets the same disk and decides what to do
    changed_ = false;
    followed_ = monotonic_now();
    std::set<crypto::Digest> named;
    const protocol::SnapshotState state(**snapshot);
    ledger::for_each_participant(state, [&](const ledger::Participant& participant) {
      if (!crypto::is_zero(participant.profile)) named.insert(participant.profile);
      return true;
    });
    if (state.fault()) return;
    carry_out(exchange_.follow(std::move(named), others(), monotonic_now()));
    list_contacts();
  }

  /// Who of those that the ledger names wants news delivered.
  void list_contacts() {
    ContactBook::Contacts contacts;
    exchange_.for_each_confirmed([&](const crypto::Digest& commitment, ByteView bytes) {
      if (!ledger::may_have_delivery(bytes)) return;
      const auto profile = ledger::decode_profile(bytes);
      if (!profile || profile->delivery == ledger::NewsDelivery{}) return;
      contacts[commitment] = {profile->email, profile->delivery};
    });
    contacts_->set(std::move(contacts));
  }

  /// Files first, then messages and answers. While the disk is full the writes wait, and with them
  /// what promises that a profile is on it; everything else goes on.
  void carry_out(const protocol::ProfileEffects& effects) {
    for (const auto& profile : effects.store) writer_.add(profile);
    for (const auto& commitment : effects.confirm) writer_.add(storage::ConfirmProfile{commitment});
    for (const auto& commitment : effects.erase) writer_.add(storage::EraseProfile{commitment});
    for (const auto& message : effects.send) {
      if (message.type != pbft::MessageType::profile_kept) continue;
      // What is dropped is offered again.
      if (promises_.size() < max_promises) promises_.push_back(message);
    }
    write();
    for (const auto& message : effects.send) {
      if (message.type != pbft::MessageType::profile_kept) send(message);
    }
    for (const auto& kept : effects.kept) answer(kept);
    for (const auto& found : effects.found) answer(found);
  }

  void write() {
    const auto written = writer_.write();
    if (!written) return context_.fatal(written.error());
    if (!*written) return;  // tried again at the next poll
    for (const auto& promise : std::exchange(promises_, {})) send(promise);
  }

  void send(const protocol::ProfileEffects::Send& message) {
    pbft::Outgoing out;
    out.recipient = message.to;
    out.type = message.type;
    out.body = message.body;
    out.channel = pbft::Channel::bulk;
    out.epoch = context_.roster()->present();
    send_message(context_, link_, out);
  }

  void answer(const protocol::ProfileEffects::Kept& kept) {
    const auto call = keeping_.extract(kept.call);
    if (call.empty()) return;
    if (kept.commitment) return (*call.mapped())(*kept.commitment);
    (*call.mapped())(Error{StorageError::no_space, "too few peers could keep the profile"});
  }

  void answer(const protocol::ProfileEffects::Found& found) {
    const auto call = fetching_.extract(found.call);
    if (call.empty()) return;
    std::vector<std::optional<ledger::Profile>> profiles;
    for (const auto& bytes : found.profiles) {
      std::optional<ledger::Profile> profile;
      if (bytes) {
        if (auto decoded = ledger::decode_profile(*bytes)) profile = *std::move(decoded);
      }
      profiles.push_back(std::move(profile));
    }
    (*call.mapped())(std::move(profiles));
  }

  Self self_;
  PeerContext& context_;
  net::ZmqLink& link_;
  std::shared_ptr<storage::PeopleStore> store_;
  std::shared_ptr<ContactBook> contacts_;
  storage::PeopleWriter writer_;
  protocol::ProfileExchange exchange_;
  std::vector<protocol::ProfileEffects::Send> promises_;  ///< of what is not durable yet
  std::uint64_t calls_ = 0;
  std::map<std::uint64_t, decltype(KeepProfile::done)> keeping_;
  std::map<std::uint64_t, decltype(FetchProfiles::done)> fetching_;
  bool changed_ = false;
  MonotonicMillis followed_;
};

PeopleActor::behavior_type people(Self self, PeerContext& context, net::ZmqLink& link,
                                  std::shared_ptr<storage::PeopleStore> store,
                                  std::shared_ptr<ContactBook> contacts) {
  const auto host =
      std::make_shared<PeopleHost>(self, context, link, std::move(store), std::move(contacts));
  self->state.host = host;
  auto* people = host.get();  // lives as long as the state
  return {[people](const Connect&) { people->connect(); },
          [people](const KeepProfile& call) { people->keep(call); },
          [people](const FetchProfiles& call) { people->fetch(call); },
          [people](const VerifiedMessage& verified) { people->receive(*verified.message); },
          [people](const BlocksCommitted&) { people->ledger_changed(); },
          [people](Poll) { people->poll(); }};
}

void PeoplePort::keep(gateway::Profile profile, std::function<void(Result<crypto::Digest>)> done) {
  caf::anon_send(
      people_,
      KeepProfile{std::make_shared<const ledger::Profile>(std::move(profile)),
                  std::make_shared<std::function<void(Result<crypto::Digest>)>>(std::move(done))});
}

void PeoplePort::fetch(std::vector<crypto::Digest> commitments,
                       std::function<void(std::vector<std::optional<gateway::Profile>>)> done) {
  caf::anon_send(
      people_,
      FetchProfiles{
          std::make_shared<const std::vector<crypto::Digest>>(std::move(commitments)),
          std::make_shared<std::function<void(std::vector<std::optional<ledger::Profile>>)>>(
              std::move(done))});
}

Result<std::shared_ptr<storage::PeopleStore>> open_people_store(const std::filesystem::path& data) {
  auto store = storage::PeopleStore::open(data / "people", ledger::profile_commitment,
                                          ledger::max_profile_bytes);
  if (!store) return store.error();
  return std::make_shared<storage::PeopleStore>(*std::move(store));
}

}  // namespace powershare::actors
