// The cards of each API key, in multi-user mode (COMPOSER-REST §10). Nothing in here is a secret: a
// card is kept as the identity it stands for and a random salt. The key that signs for its
// participant is derived from both and from the API key, which only its owner has.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "crypto/keys.hpp"
#include "gateway/gateway.hpp"

namespace powershare::gateway::composer {

/// A card of one API key's wallet.
struct WalletCard {
  std::string name;
  Digest identity{};
  Digest salt{};
};

/// The key that signs with a card for the owner of `api_key`.
crypto::KeyPair signing_key(std::string_view api_key, const WalletCard& card,
                            const Digest& genesis);

/// Thread-safe. An owner is named by the hash of the API key.
class Wallets {
 public:
  static constexpr std::size_t max_cards = 32;  ///< of one owner
  static constexpr std::size_t max_owners = 4'096;
  static constexpr std::size_t max_name_bytes = 128;

  /// `stored` is what `keep` was given last; what is not well formed in it is left out, and its
  /// owner has to import the card again.
  Wallets(const std::string& stored, std::function<Result<void>(const std::string&)> keep);

  /// By name.
  std::vector<WalletCard> cards(const Digest& owner) const;
  std::optional<WalletCard> find(const Digest& owner, const std::string& name) const;
  /// The name of the card that counts where a request names none; empty without cards.
  std::string default_card(const Digest& owner) const;

  enum class Added : std::uint8_t { yes = 1, exists, full, not_saved };
  /// The first card becomes the default.
  Added add(const Digest& owner, const WalletCard& card);
  /// False where there is no such card, or the change could not be saved.
  bool remove(const Digest& owner, const std::string& name);
  bool set_default(const Digest& owner, const std::string& name);

 private:
  struct Wallet {
    std::map<std::string, WalletCard> cards;
    std::string default_card;
  };
  void read(const std::string& stored);
  /// Under mutex_. Gives the former state back where it could not be saved.
  bool save(const Digest& owner, const Wallet& before);
  std::string to_json() const;

  mutable std::mutex mutex_;
  std::map<Digest, Wallet> wallets_;
  std::function<Result<void>(const std::string&)> save_;
};

}  // namespace powershare::gateway::composer
