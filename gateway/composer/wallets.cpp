#include "gateway/composer/wallets.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "gateway/json.hpp"

namespace powershare::gateway::composer {
namespace {

std::optional<Digest> digest_in(const json::Value& object, std::string_view name) {
  const auto* value = object.find(name);
  if (value == nullptr || value->kind() != json::Kind::string) return std::nullopt;
  const auto digest = crypto::digest_from_hex(value->text());
  return digest ? std::optional<Digest>(*digest) : std::nullopt;
}

std::string text_in(const json::Value& object, std::string_view name) {
  const auto* value = object.find(name);
  return value != nullptr && value->kind() == json::Kind::string ? value->text() : std::string();
}

const json::Value* array_in(const json::Value& object, std::string_view name) {
  const auto* value = object.is_object() ? object.find(name) : nullptr;
  return value != nullptr && value->is_array() ? value : nullptr;
}

}  // namespace

crypto::KeyPair signing_key(std::string_view api_key, const WalletCard& card,
                            const Digest& genesis) {
  Encoder secret;
  secret.raw(as_bytes("powershare/composer/wallet/1")).raw(genesis).raw(card.identity);
  secret.raw(card.salt).raw(as_bytes(api_key));
  auto bytes = std::move(secret).take();
  crypto::Seed seed = crypto::sha256(bytes);
  auto key = crypto::KeyPair::from_seed(seed);
  crypto::wipe(bytes);
  crypto::wipe(seed);
  return key;
}

Wallets::Wallets(const std::string& stored, std::function<Result<void>(const std::string&)> keep)
    : save_(std::move(keep)) {
  read(stored);
}

void Wallets::read(const std::string& stored) {
  const auto document = json::parse(stored);
  const auto* wallets = document ? array_in(*document, "wallets") : nullptr;
  if (wallets == nullptr) return;
  for (const auto& one : wallets->items()) {
    const auto* cards = array_in(one, "cards");
    const auto owner = cards != nullptr ? digest_in(one, "api_key_sha256") : std::nullopt;
    if (!owner) continue;
    Wallet wallet;
    for (const auto& card : cards->items()) {
      if (!card.is_object()) continue;
      const auto name = text_in(card, "name");
      const auto identity = digest_in(card, "identity");
      const auto salt = digest_in(card, "salt");
      if (!name.empty() && identity && salt) wallet.cards[name] = {name, *identity, *salt};
    }
    wallet.default_card = text_in(one, "default");
    if (!wallet.cards.contains(wallet.default_card)) wallet.default_card.clear();
    if (!wallet.cards.empty()) wallets_[*owner] = std::move(wallet);
  }
}

std::string Wallets::to_json() const {
  json::Writer out;
  out.begin_object().key("wallets").begin_array();
  for (const auto& [owner, wallet] : wallets_) {
    out.begin_object().key("api_key_sha256").digest(owner);
    out.key("default").string(wallet.default_card).key("cards").begin_array();
    for (const auto& [name, card] : wallet.cards) {
      out.begin_object().key("name").string(name).key("identity").digest(card.identity);
      out.key("salt").digest(card.salt).end_object();
    }
    out.end_array().end_object();
  }
  out.end_array().end_object();
  return std::move(out).take();
}

std::vector<WalletCard> Wallets::cards(const Digest& owner) const {
  const std::lock_guard lock(mutex_);
  std::vector<WalletCard> result;
  const auto found = wallets_.find(owner);
  if (found == wallets_.end()) return result;
  for (const auto& [name, card] : found->second.cards) result.push_back(card);
  return result;
}

std::optional<WalletCard> Wallets::find(const Digest& owner, const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = wallets_.find(owner);
  if (found == wallets_.end()) return std::nullopt;
  const auto card = found->second.cards.find(name);
  return card == found->second.cards.end() ? std::nullopt : std::optional(card->second);
}

std::string Wallets::default_card(const Digest& owner) const {
  const std::lock_guard lock(mutex_);
  const auto found = wallets_.find(owner);
  return found == wallets_.end() ? std::string() : found->second.default_card;
}

bool Wallets::save(const Digest& owner, const Wallet& before) {
  if (!save_ || save_(to_json())) return true;
  if (before.cards.empty()) {
    wallets_.erase(owner);
  } else {
    wallets_[owner] = before;
  }
  return false;
}

Wallets::Added Wallets::add(const Digest& owner, const WalletCard& card) {
  const std::lock_guard lock(mutex_);
  if (!wallets_.contains(owner) && wallets_.size() >= max_owners) return Added::full;
  auto& wallet = wallets_[owner];
  const auto before = wallet;
  if (wallet.cards.contains(card.name)) return Added::exists;
  if (wallet.cards.size() >= max_cards) return Added::full;
  if (wallet.cards.empty()) wallet.default_card = card.name;
  wallet.cards[card.name] = card;
  return save(owner, before) ? Added::yes : Added::not_saved;
}

bool Wallets::remove(const Digest& owner, const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = wallets_.find(owner);
  if (found == wallets_.end() || !found->second.cards.contains(name)) return false;
  const auto before = found->second;
  auto& wallet = found->second;
  wallet.cards.erase(name);
  if (wallet.default_card == name) wallet.default_card.clear();
  if (wallet.cards.empty()) wallets_.erase(found);
  return save(owner, before);
}

bool Wallets::set_default(const Digest& owner, const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = wallets_.find(owner);
  if (found == wallets_.end() || !found->second.cards.contains(name)) return false;
  const auto before = found->second;
  found->second.default_card = name;
  return save(owner, before);
}

}  // namespace powershare::gateway::composer
