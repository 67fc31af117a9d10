#include "actors/news_delivery.hpp"

#include <algorithm>

#include "actors/chain_view.hpp"
#include "actors/outgoing_worker.hpp"
#include "actors/transport.hpp"
#include "base/encoding.hpp"
#include "gateway/household/news_letter.hpp"
#include "ledger/household_news.hpp"
#include "ledger/registry.hpp"
#include "storage/file.hpp"

namespace powershare::actors {
namespace {

using Self = NewsDeliveryActor::stateful_pointer<NewsDeliveryState>;
using protocol::DeliveryKey;
using protocol::DeliveryWay;

constexpr auto poll_interval = std::chrono::milliseconds(500);
constexpr std::int64_t save_interval_ms = 1'000;
constexpr std::size_t max_rows_at_once = 100;  // of one household
constexpr std::size_t max_kept = 4'096;        // keys in the file

/// The file: u8 version 1 ‖ u64 height ‖ NEWS-DELIVERY with what waits.
std::string encode_desk(std::uint64_t height, const std::vector<DeliveryKey>& waiting) {
  std::vector<protocol::DeliveryReport> reports;
  for (const auto& key : waiting) {
    if (reports.size() < max_kept) {
      reports.push_back({key, protocol::DeliveryOutcome::asked, 0, {}});
    }
  }
  Encoder out;
  out.u8(1).u64(height).raw(protocol::encode_delivery_reports(reports));
  return std::string(as_text(out.data()));
}

}  // namespace

class NewsDeliveryHost {
 public:
  NewsDeliveryHost(Self self, PeerContext& context, net::ZmqLink& link, NewsDeliverySetup setup)
      : self_(self), context_(context), link_(link), setup_(std::move(setup)) {}

  void connect() {
    read_file();
    poll();
  }

  void ledger_changed() { changed_ = true; }

  void receive(const pbft::Received& message) {
    setup_.desk->use([&](protocol::NewsDesk& desk) {
      desk.receive(message.sender, message.body, monotonic_now(), wall_clock_now());
    });
    unsaved_ = true;
  }

  void poll() {
    if (changed_) look_at_ledger();
    send_what_is_due();
    tell_others();
    save();
    const auto waiting =
        setup_.desk->use([](const protocol::NewsDesk& desk) { return desk.size(); });
    context_.metrics->set(monitoring::Metric::delivery_waiting, static_cast<double>(waiting));
    self_->delayed_send(NewsDeliveryActor(self_), poll_interval, Poll{});
  }

  void done(const DeliveryDone& result) {
    const auto& key = *result.key;
    const auto* way = protocol::to_text(key.way);
    const bool ok = result.fault->empty();
    context_.metrics->add(
        ok ? monitoring::Metric::delivery_sent_total : monitoring::Metric::delivery_failures_total,
        1, {way});
    const auto given_up = setup_.desk->use([&](protocol::NewsDesk& desk) {
      if (ok) {
        desk.sent(key, wall_clock_now());
      } else {
        desk.failed(key, *result.fault, monotonic_now(), wall_clock_now());
      }
      return desk.given_up(key.way);
    });
    context_.metrics->raise_to(monitoring::Metric::delivery_given_up_total,
                               static_cast<double>(given_up), {way});
    unsaved_ = true;
  }

 private:
  /// What waited when this peer was stopped; another one may have delivered it meanwhile.
  void read_file() {
    constexpr std::size_t max_file_bytes = 2 * 1024 * 1024;
    const auto stored = storage::read_small_file(setup_.file, max_file_bytes);
    if (!stored || !*stored) return;
    Decoder in(as_bytes(**stored));
    const auto version = in.u8();
    const auto height = in.u64();
    const auto rest = in.raw(in.remaining());
    const auto reports = protocol::decode_delivery_reports(rest, max_kept);
    if (version != 1 || !in.ok() || !reports) return;
    scanned_ = height;
    for (const auto& report : *reports) restored_.push_back(report.key);
  }

  /// Who wants news, and what is new for them.
  void look_at_ledger() {
    const auto contacts = setup_.contacts->get();
    if (contacts == nullptr) return;  // people is about to read them
    const auto view = open_chain_view(context_.folder->ledger(), context_.genesis_hash);
    if (!view || *view == nullptr) return;  // settlement meets the same disk and decides what to do
    changed_ = false;
    const auto head = (*view)->head().height;
    if (!started_at_) started_at_ = head;
    if (!scanned_) scanned_ = head;
    households_.clear();
    std::set<ledger::ParticipantRef> names;
    if (!contacts->empty()) {
      ledger::for_each_participant((*view)->state(), [&](const ledger::Participant& participant) {
        const auto found = contacts->find(participant.profile);
        if (found == contacts->end()) return true;
        households_[participant.ref] = found->second;
        names.insert(participant.ref);
        return true;
      });
    }
    setup_.desk->use([&](protocol::NewsDesk& desk) { desk.follow(std::move(names)); });
    for (const auto& [who, contact] : households_) add_news(**view, who, contact);
    add_restored();
    unsaved_ = unsaved_ || head != *scanned_;
    scanned_ = head;
  }

  void add_news(const gateway::ChainView& view, const ledger::ParticipantRef& who,
                const Contact& contact) {
    std::size_t rows = 0;
    // A fault in history ends this household's news; in-app they are read in the same way.
    (void)ledger::for_each_news_before(view.history(), who, {UINT64_MAX, UINT64_MAX},
                                       [&](const ledger::NewsRow& row) {
                                         if (row.height <= *scanned_ || ++rows > max_rows_at_once)
                                           return false;
                                         const auto kind = static_cast<std::uint32_t>(row.kind);
                                         if ((contact.delivery.kinds >> kind & 1U) == 0)
                                           return true;
                                         if (contact.delivery.by_mail)
                                           add({who, row.height, row.index, DeliveryWay::mail});
                                         if (!contact.delivery.webhook.empty()) {
                                           add({who, row.height, row.index, DeliveryWay::webhook});
                                         }
                                         return true;
                                       });
  }

  void add(const DeliveryKey& key) {
    const bool old = key.height <= started_at_;
    setup_.desk->use([&](protocol::NewsDesk& desk) { desk.add(key, old, monotonic_now()); });
  }

  /// Once the contacts are known: people reads them a moment after the start.
  void add_restored() {
    if (restored_.empty() || households_.empty()) return;
    for (const auto& key : restored_) {
      setup_.desk->use([&](protocol::NewsDesk& desk) { desk.add(key, true, monotonic_now()); });
    }
    restored_.clear();
  }

  void send_what_is_due() {
    const auto roster = context_.roster();
    const auto links = context_.board->node_status().peers;
    protocol::NewsDesk::Turns turns;
    turns.self = context_.number();
    for (const auto number : roster->members().numbers) turns.members.push_back(number);
    turns.connected = [&](pbft::MemberIndex number) {
      const auto& name = roster->peers()[number].member.peer.text();
      return std::any_of(links.begin(), links.end(),
                         [&](const auto& peer) { return peer.id == name && peer.connected; });
    };
    const auto due = setup_.desk->use([&](protocol::NewsDesk& desk) {
      return desk.due(turns, monotonic_now(), wall_clock_now());
    });
    for (const auto& key : due) send(key);
  }

  void send(const DeliveryKey& key) {
    const auto found = households_.find(key.participant);
    const auto row = row_of(key);
    const bool wanted = found != households_.end() &&
                        (key.way == DeliveryWay::mail ? found->second.delivery.by_mail
                                                      : !found->second.delivery.webhook.empty());
    if (!wanted || !row) {
      return setup_.desk->use([&](protocol::NewsDesk& desk) { desk.drop(key); });
    }
    if (key.way == DeliveryWay::mail && !setup_.ways.relay) {
      return setup_.desk->use(
          [&](protocol::NewsDesk& desk) { desk.unable(key, context_.number()); });
    }
    auto ways = setup_.ways;
    ways.webhooks.stop = &worker_.stopping();
    if (ways.relay) ways.relay->stop = &worker_.stopping();
    auto task = [ways = std::move(ways), contact = found->second, row = *row, key,
                 chain = context_.genesis.chain.text(), actor = NewsDeliveryActor(self_)] {
      const auto result = key.way == DeliveryWay::mail ? mail(ways, contact, row, chain)
                                                       : call(ways, contact, row, chain);
      const auto fault = result ? std::string() : std::string(result.error().detail());
      caf::anon_send(actor, DeliveryDone{std::make_shared<const DeliveryKey>(key),
                                         std::make_shared<const std::string>(fault)});
    };
    if (worker_.post(std::move(task))) return;
    done({std::make_shared<const DeliveryKey>(key),
          std::make_shared<const std::string>("This peer has too much to send.")});
  }

  static Result<void> mail(const NewsWays& ways, const Contact& contact, const ledger::NewsRow& row,
                           const std::string& chain) {
    if (!net::is_mail_address(contact.email)) {
      return Error{NetError::bad_address, "The household's e-mail is no address."};
    }
    return net::send_mail(*ways.relay, contact.email,
                          gateway::household::mail_text(chain, row, ways.relay->from, contact.email,
                                                        wall_clock_now()));
  }

  static Result<void> call(const NewsWays& ways, const Contact& contact, const ledger::NewsRow& row,
                           const std::string& chain) {
    const auto seconds = wall_clock_now().value / millis_per_second;
    net::WebhookCall post;
    post.url = contact.delivery.webhook;
    post.body = gateway::household::webhook_body(chain, row);
    post.headers = {
        {"User-Agent", "power-share"},
        {"X-PowerShare-Delivery", gateway::household::news_id(chain, row)},
        {"X-PowerShare-Timestamp", std::to_string(seconds)},
        {"X-PowerShare-Signature", gateway::household::webhook_signature(
                                       contact.delivery.webhook_secret, seconds, post.body)}};
    return net::post_webhook(post, ways.webhooks);
  }

  std::optional<ledger::NewsRow> row_of(const DeliveryKey& key) const {
    const auto view = open_chain_view(context_.folder->ledger(), context_.genesis_hash);
    if (!view || *view == nullptr) return std::nullopt;
    std::optional<ledger::NewsRow> found;
    (void)ledger::for_each_news_of_block((*view)->history(), key.participant, key.height,
                                         [&](const ledger::NewsRow& row) {
                                           if (row.index == key.index) found = row;
                                           return !found.has_value();
                                         });
    return found;
  }

  void tell_others() {
    const auto bodies = setup_.desk->use([](protocol::NewsDesk& desk) { return desk.outgoing(); });
    if (bodies.empty()) return;
    const auto roster = context_.roster();
    for (const auto number : roster->members().numbers) {
      if (number == context_.number()) continue;
      for (const auto& body : bodies) {
        pbft::Outgoing out;
        out.recipient = number;
        out.type = pbft::MessageType::news_delivery;
        out.body = body;
        out.channel = pbft::Channel::bulk;
        out.epoch = roster->present();
        send_message(context_, link_, out);
      }
    }
  }

  void save() {
    const auto now = monotonic_now();
    // Blocks come all the time: where nobody is waiting, the height alone is worth a write a
    // minute.
    const auto waiting =
        setup_.desk->use([](const protocol::NewsDesk& desk) { return desk.waiting(); });
    const bool same = waiting == saved_ && now.value - saved_at_.value < millis_per_minute;
    if (!unsaved_ || !scanned_ || same || now.value - saved_at_.value < save_interval_ms) return;
    // What a full disk does not take is asked about after the next start, or sent twice.
    (void)storage::replace_file(setup_.file, encode_desk(*scanned_, waiting));
    saved_ = waiting;
    saved_at_ = now;
    unsaved_ = false;
  }

  Self self_;
  PeerContext& context_;
  net::ZmqLink& link_;
  NewsDeliverySetup setup_;
  std::map<ledger::ParticipantRef, Contact> households_;
  std::vector<DeliveryKey> restored_;
  std::vector<DeliveryKey> saved_;
  MonotonicMillis saved_at_;
  std::optional<std::uint64_t> scanned_;
  std::optional<std::uint64_t> started_at_;
  bool changed_ = true;
  bool unsaved_ = false;
  OutgoingWorker worker_;  // last: its threads end first
};

NewsDeliveryActor::behavior_type news_delivery(Self self, PeerContext& context, net::ZmqLink& link,
                                               NewsDeliverySetup setup) {
  const auto host = std::make_shared<NewsDeliveryHost>(self, context, link, std::move(setup));
  self->state.host = host;
  auto* news = host.get();  // lives as long as the state
  return {[news](const Connect&) { news->connect(); },
          [news](const VerifiedMessage& verified) { news->receive(*verified.message); },
          [news](const BlocksCommitted&) { news->ledger_changed(); },
          [news](const DeliveryDone& result) { news->done(result); },
          [news](Poll) { news->poll(); }};
}

std::vector<gateway::DeliveryState> DeliveryPort::states(const ledger::ParticipantRef& who) const {
  const auto known = desk_->use([&](const protocol::NewsDesk& desk) { return desk.states(who); });
  std::vector<gateway::DeliveryState> result;
  for (const auto& [way, state] : known) {
    result.push_back(
        {protocol::to_text(way), protocol::to_text(state.outcome), state.reason, state.at});
  }
  return result;
}

}  // namespace powershare::actors
