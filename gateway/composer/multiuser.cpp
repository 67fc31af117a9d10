#include "gateway/composer/multiuser.hpp"

#include <algorithm>

#include "gateway/composer/card.hpp"
#include "gateway/composer/instance.hpp"
#include "gateway/composer/submission.hpp"
#include "ledger/identities.hpp"
#include "ledger/rights.hpp"

namespace powershare::gateway::composer {
namespace {

Problem no_such_card(std::string_view name) {
  return plain(404, "The business network card \"" + std::string(name) + "\" does not exist");
}

// ── What a holder may read ──────────────────────────────────────────────────────────────────────

/// The asset that a reference names, where it is one.
std::optional<ledger::AssetView> asset_of(const ledger::StateReader& state, const Cell& cell) {
  if (cell.kind != Cell::Kind::reference) return std::nullopt;
  const auto reference = parse_reference(cell.text, {});
  const auto dot = reference.full_type.rfind('.');
  if (dot == std::string::npos) return std::nullopt;
  const auto* type = find_type(reference.full_type.substr(dot + 1));
  const auto asset = type == nullptr ? std::nullopt : asset_class(*type);
  return asset ? ledger::find_asset(state, *asset, reference.id) : std::nullopt;
}

class Reader {
 public:
  Reader(const CardHolder& holder, const ledger::StateReader& state)
      : state_(state),
        principal_(ledger::to_text(holder.participant)),
        own_(resource(type_of(holder.participant.type).name, holder.participant.id.text())) {}

  bool may_read(Row& row) const {
    const auto* name = row.record.find("$class");
    if (name == nullptr) return false;
    const auto dot = name->text.rfind('.');
    const auto* type = name->text.starts_with(network) && dot != std::string::npos
                           ? find_type(name->text.substr(dot + 1))
                           : nullptr;
    if (type == nullptr) return is_own_system_record(row.record);
    switch (type->kind) {
      case Kind::participant:
        // Everybody may know who there is; only the household itself what it is called.
        if (!is_own_participant(*type, row.record)) row.profile = {};
        return true;
      case Kind::asset:
        return is_own_asset(row.record);
      case Kind::transaction:
        break;
    }
    return std::any_of(row.record.cells().begin(), row.record.cells().end(),
                       [&](const auto& entry) { return is_mine(asset_of(state_, entry.second)); });
  }

 private:
  bool is_mine(const std::optional<ledger::AssetView>& asset) const {
    return asset && ledger::controls(state_, principal_, asset->owner);
  }
  bool is_own_participant(const Type& type, const Record& record) const {
    const auto* id = record.find(type.id_field);
    return id != nullptr && own_ == resource(type.name, id->text);
  }
  bool is_own_asset(const Record& record) const {
    const auto* owner = record.find("ownerID");
    const auto* entity = record.find("ownerEntity");
    if (owner == nullptr || entity == nullptr) return false;
    const auto ref = ledger::parse_participant_ref(entity->text + ":" + owner->text);
    return ref && ledger::controls(state_, principal_, *ref);
  }
  /// An identity, or a record of the historian.
  bool is_own_system_record(const Record& record) const {
    for (const auto* field : {"participant", "participantInvoking"}) {
      const auto* cell = record.find(field);
      if (cell != nullptr) return cell->text == own_;
    }
    return false;
  }

  const ledger::StateReader& state_;
  std::string principal_;
  std::string own_;  ///< "resource:…Resident#R1"
};

// ── The wallet ──────────────────────────────────────────────────────────────────────────────────

void list_cards(const Context& context, const Exchange& exchange, const Digest& owner) {
  const auto chosen = context.wallets->default_card(owner);
  json::Writer out;
  out.begin_array();
  for (const auto& card : context.wallets->cards(owner)) {
    out.begin_object().key("name").string(card.name);
    out.key("default").boolean(card.name == chosen).end_object();
  }
  out.end_array();
  exchange.send_json(std::move(out).take());
}

void show_card(const Context& context, const Exchange& exchange, const Digest& owner,
               const std::string& name) {
  if (!context.wallets->find(owner, name)) return exchange.send(no_such_card(name));
  if (exchange.http.method == "HEAD") return exchange.send_no_content();
  json::Writer out;
  out.begin_object().key("name").string(name).key("default");
  out.boolean(context.wallets->default_card(owner) == name).end_object();
  exchange.send_json(std::move(out).take());
}

/// The live identity that a card stands for, where its secret is the one handed out with it.
std::optional<ledger::Identity> identity_of(const ledger::StateReader& state, const Card& card) {
  auto identity = ledger::find_identity_named(state, card.user);
  if (!identity || crypto::is_zero(identity->secret_hash)) return std::nullopt;
  const auto hash = crypto::sha256(as_bytes(card.secret));
  if (!crypto::constant_time_equal(hash, identity->secret_hash)) return std::nullopt;
  return identity;
}

void put_into_wallet(const Context& context, const Exchange& exchange, const Digest& owner,
                     const WalletCard& card) {
  switch (context.wallets->add(owner, card)) {
    case Wallets::Added::yes:
      return exchange.send_no_content();
    case Wallets::Added::exists:
      return exchange.send(plain(500, "Card already exists: " + card.name));
    case Wallets::Added::full:
      return exchange.send(plain(500, "This wallet takes no more cards"));
    case Wallets::Added::not_saved:
      break;
  }
  exchange.send(unavailable("This peer could not keep the card.", 5));
}

void import_card(const ContextPtr& context, const ExchangePtr& exchange, const Digest& owner) {
  auto archive = card_field(exchange->http);
  if (auto* problem = std::get_if<Problem>(&archive)) return exchange->send(*problem);
  auto read = read_card(std::get<std::string>(archive));
  if (auto* problem = std::get_if<Problem>(&read)) return exchange->send(*problem);
  const auto& card = std::get<Card>(read);
  const auto view = open_view(*context, *exchange);
  if (!view) return;
  const auto identity = identity_of(view->state(), card);
  if (!identity) {
    return exchange->send(plain(500, "The card's user and secret belong to no identity here"));
  }
  WalletCard kept;
  kept.name = exchange->http.parameter("name").value_or(card.user + "@smile-energy-network");
  kept.identity = identity->id;
  crypto::random_bytes(kept.salt);
  if (kept.name.empty() || kept.name.size() > Wallets::max_name_bytes) {
    return exchange->send(plain(400, "A card's name has 1 to 128 bytes"));
  }
  if (context->wallets->find(owner, kept.name)) {
    return exchange->send(plain(500, "Card already exists: " + kept.name));
  }
  const auto key = signing_key(exchange->http.header("x-api-key").value_or(""), kept,
                               context->ports().genesis_hash);
  // The administrator's door has checked the card; the ledger lets this key act for the participant
  // and for nobody else.
  ledger::BindKey bind{key.public_key(), ledger::to_text(identity->participant),
                       ledger::scope_bit(ledger::Scope::own)};
  submit(*context, *exchange, std::move(bind), {nullptr, crypto::to_hex(identity->id)}, {},
         [context, exchange, owner, kept](const Outcome<std::string>& result) {
           if (const auto* problem = std::get_if<Problem>(&result)) return exchange->send(*problem);
           put_into_wallet(*context, *exchange, owner, kept);
         });
}

/// Takes the card's key off the ledger, then forgets the card.
void remove_card(const ContextPtr& context, const ExchangePtr& exchange, const Digest& owner,
                 const std::string& name) {
  const auto card = context->wallets->find(owner, name);
  if (!card) return exchange->send(no_such_card(name));
  const auto view = open_view(*context, *exchange);
  if (!view) return;
  const auto forget = [context, exchange, owner, name] {
    if (!context->wallets->remove(owner, name)) {
      return exchange->send(unavailable("This peer could not forget the card.", 5));
    }
    exchange->send_no_content();
  };
  const auto key = signing_key(exchange->http.header("x-api-key").value_or(""), *card,
                               context->ports().genesis_hash)
                       .public_key();
  if (ledger::bindings_of(view->state(), key).empty()) return forget();
  submit(*context, *exchange, ledger::RevokeKey{key}, {nullptr, crypto::to_hex(card->identity)}, {},
         [exchange, forget](const Outcome<std::string>& result) {
           if (const auto* problem = std::get_if<Problem>(&result)) return exchange->send(*problem);
           forget();
         });
}

void choose_card(const Context& context, const Exchange& exchange, const Digest& owner,
                 const std::string& name) {
  if (!context.wallets->find(owner, name)) return exchange.send(no_such_card(name));
  if (!context.wallets->set_default(owner, name)) {
    return exchange.send(unavailable("This peer could not keep the choice.", 5));
  }
  exchange.send_no_content();
}

}  // namespace

void answer_wallet(const ContextPtr& context, const ExchangePtr& exchange, const Digest& owner,
                   std::span<const std::string> path) {
  const auto& method = exchange->http.method;
  const bool reads = method == "GET" || method == "HEAD";
  if (path.empty() && reads) return list_cards(*context, *exchange, owner);
  if (path.size() == 1 && method == "POST" && same_name(path[0], "import")) {
    return import_card(context, exchange, owner);
  }
  if (path.size() == 1 && reads) return show_card(*context, *exchange, owner, path[0]);
  if (path.size() == 1 && method == "DELETE") {
    return remove_card(context, exchange, owner, path[0]);
  }
  if (path.size() == 2 && method == "POST" && same_name(path[1], "setDefault")) {
    return choose_card(*context, *exchange, owner, path[0]);
  }
  if (path.size() == 2 && reads && same_name(path[1], "export")) {
    if (!context->wallets->find(owner, path[0])) return exchange->send(no_such_card(path[0]));
    return exchange->send(
        plain(500, "The secret of an imported card is not kept; ask for another"));
  }
  std::string rest;
  for (const auto& part : path) rest += "/" + part;
  exchange->send(no_shared_method("Card", method, rest.empty() ? "/" : rest));
}

Outcome<std::optional<CardHolder>> card_holder(const Context& context,
                                               const net::HttpRequest& request, const ApiKey& key) {
  auto name = request.header("x-composer-card").value_or("");
  if (name.empty()) name = context.wallets->default_card(key.hash);
  if (name.empty()) {
    if (reads_everything(key.role)) return std::optional<CardHolder>();
    return plain(500, "A business network card has not been specified");
  }
  const auto card = context.wallets->find(key.hash, name);
  if (!card) return no_such_card(name);
  const auto view = context.ports().view();
  if (!view || *view == nullptr) {
    return unavailable("This peer cannot read its ledger now; ask another one.", 5);
  }
  const auto identity = ledger::find_identity((*view)->state(), card->identity);
  if (!identity || identity->state == ledger::IdentityState::revoked) {
    return Problem{500, "Error",
                   "The current identity, with the name '" +
                       (identity ? identity->name : std::string()) + "' and the identifier '" +
                       crypto::to_hex(card->identity) + "', has been revoked"};
  }
  CardHolder holder;
  holder.participant = identity->participant;
  holder.identity = crypto::to_hex(identity->id);
  holder.key = std::make_shared<const crypto::KeyPair>(
      signing_key(request.header("x-api-key").value_or(""), *card, context.ports().genesis_hash));
  return std::optional<CardHolder>(std::move(holder));
}

bool may_read(const std::optional<CardHolder>& holder, const ledger::StateReader& state, Row& row) {
  return !holder || Reader(*holder, state).may_read(row);
}

void keep_readable(const Exchange& exchange, const ledger::StateReader& state,
                   std::vector<Row>& rows) {
  if (!exchange.holder) return;
  const Reader reader(*exchange.holder, state);
  std::erase_if(rows, [&](Row& row) { return !reader.may_read(row); });
}

}  // namespace powershare::gateway::composer
