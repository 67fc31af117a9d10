#include <doctest/doctest.h>

#include "gateway/composer/body.hpp"
#include "gateway/composer/card.hpp"
#include "gateway/composer/identities.hpp"
#include "gateway/composer/wallets.hpp"
#include "gateway/composer/zip.hpp"

namespace powershare::gateway::composer {
namespace {

net::HttpRequest form(const std::string& media_type, std::string body) {
  net::HttpRequest request;
  request.method = "POST";
  request.headers["content-type"] = media_type;
  request.body = std::move(body);
  return request;
}

std::string part(const std::string& name, const std::string& content) {
  return "--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: form-data; "
         "name=\"" +
         name + "\"; filename=\"x.card\"\r\n\r\n" + content + "\r\n";
}

int status_of(const Outcome<std::string>& outcome) {
  const auto* problem = std::get_if<Problem>(&outcome);
  return problem == nullptr ? 200 : problem->status;
}

const Digest owner = crypto::sha256(as_bytes("owner"));

WalletCard card_named(const std::string& name) {
  return {name, crypto::sha256(as_bytes("identity")), crypto::sha256(as_bytes(name))};
}

}  // namespace

TEST_CASE("an archive that was written is read, and a damaged one is not") {
  Zip zip;
  zip.add("metadata.json", "{}");
  zip.add("empty", "");
  const auto archive = std::move(zip).take();
  const auto files = read_zip(archive);
  REQUIRE(files);
  REQUIRE(files->size() == 2);
  CHECK((*files)[0].name == "metadata.json");
  CHECK((*files)[0].content == "{}");
  CHECK((*files)[1].content.empty());
  for (std::size_t cut = 0; cut < archive.size(); ++cut) {
    CHECK_FALSE(read_zip(std::string_view(archive).substr(0, cut)));
  }
  // A flipped bit is found, or is in what nobody reads: times, versions, attributes.
  for (std::size_t at = 0; at < archive.size(); ++at) {
    auto changed = archive;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    const auto read = read_zip(changed);
    if (read && read->size() == 2) CHECK((*read)[0].content == "{}");
  }
  CHECK_FALSE(read_zip(std::string(100'000, 'x')));
}

TEST_CASE("a card is the field of a form, whatever stands before and after it") {
  const auto card = make_card("alice", "secret");
  const std::string type = "multipart/form-data; boundary=b";
  const auto found = card_field(form(type, part("other", "1") + part("card", card) + "--b--\r\n"));
  REQUIRE(std::holds_alternative<std::string>(found));
  CHECK(std::get<std::string>(found) == card);
  const auto quoted = form("Multipart/Form-Data; charset=x; boundary=\"b\"",
                           "preamble\r\n" + part("card", card) + "--b--");
  CHECK(std::get<std::string>(card_field(quoted)) == card);
  CHECK(status_of(card_field(form(type, part("other", card) + "--b--"))) == 400);
  CHECK(status_of(card_field(form(type, part("card", card)))) == 400);  // without its end
  CHECK(status_of(card_field(form("application/json", part("card", card) + "--b--"))) == 400);
  CHECK(status_of(card_field(form("multipart/form-data", part("card", card) + "--b--"))) == 400);
  const std::string large(max_card_bytes + 1, 'x');
  CHECK(status_of(card_field(form(type, part("card", large) + "--b--"))) == 413);

  const auto read = read_card(card);
  REQUIRE(std::holds_alternative<Card>(read));
  CHECK(std::get<Card>(read).user == "alice");
  CHECK(std::get<Card>(read).secret == "secret");
  CHECK(std::holds_alternative<Problem>(read_card(make_card("", "secret"))));
  CHECK(std::holds_alternative<Problem>(read_card("no archive")));
}

TEST_CASE("a wallet comes back from what was saved, and holds no more than it may") {
  std::string saved;
  bool can_save = true;
  const auto save = [&](const std::string& text) -> Result<void> {
    if (!can_save) return Error{NetError::closed, "no space"};
    saved = text;
    return {};
  };
  Wallets wallets({}, save);
  CHECK(wallets.cards(owner).empty());
  CHECK(wallets.add(owner, card_named("b")) == Wallets::Added::yes);
  CHECK(wallets.add(owner, card_named("a")) == Wallets::Added::yes);
  CHECK(wallets.add(owner, card_named("a")) == Wallets::Added::exists);
  CHECK(wallets.default_card(owner) == "b");
  CHECK(wallets.set_default(owner, "a"));
  CHECK_FALSE(wallets.set_default(owner, "none"));
  CHECK_FALSE(wallets.find(crypto::sha256(as_bytes("other")), "a"));

  Wallets again(saved, save);
  REQUIRE(again.cards(owner).size() == 2);
  CHECK(again.default_card(owner) == "a");
  CHECK(again.find(owner, "b")->salt == card_named("b").salt);
  CHECK(again.find(owner, "b")->identity == card_named("b").identity);

  can_save = false;
  CHECK(again.add(owner, card_named("c")) == Wallets::Added::not_saved);
  CHECK_FALSE(again.find(owner, "c"));
  CHECK_FALSE(again.remove(owner, "a"));
  CHECK(again.find(owner, "a"));
  can_save = true;
  CHECK(again.remove(owner, "a"));
  CHECK(again.default_card(owner).empty());
  CHECK(again.remove(owner, "b"));
  CHECK(Wallets(saved, save).cards(owner).empty());

  for (std::size_t i = 0; i < Wallets::max_cards; ++i) {
    CHECK(again.add(owner, card_named(std::to_string(i))) == Wallets::Added::yes);
  }
  CHECK(again.add(owner, card_named("one more")) == Wallets::Added::full);
  for (const auto* text : {"", "[]", "{", R"({"wallets":[5,{"cards":[5]}]})"}) {
    CHECK(Wallets(text, save).cards(owner).empty());
  }
}

TEST_CASE("the key of a card is another for each API key, card and chain") {
  const auto card = card_named("a");
  auto salted = card;
  salted.salt[0] ^= 1;
  const auto key = signing_key("alice", card, owner).public_key();
  CHECK(key == signing_key("alice", card, owner).public_key());
  CHECK(key != signing_key("bob", card, owner).public_key());
  CHECK(key != signing_key("alice", salted, owner).public_key());
  CHECK(key != signing_key("alice", card, Digest{}).public_key());
}

TEST_CASE("names in brackets are read whole or not at all") {
  const auto json = [](const std::string& name) { return json_of_pairs({{name, "1"}}, "f"); };
  CHECK(json("f[a][b]") == R"({"a":{"b":"1"}})");
  std::string deep = "f";
  for (int i = 0; i < 16; ++i) deep += "[a]";
  CHECK(json(deep).size() > 80);
  CHECK(json(deep + "[a]").empty());

  std::string many = "x=1";
  for (int i = 0; i < 999; ++i) many += "&a" + std::to_string(i) + "=1";
  const std::string type = "application/x-www-form-urlencoded";
  CHECK(std::holds_alternative<json::Value>(read_body(form(type, many))));
  const auto refused = read_body(form(type, many + "&b=1"));
  REQUIRE(std::holds_alternative<Problem>(refused));
  CHECK(std::get<Problem>(refused).status == 413);
}

}  // namespace powershare::gateway::composer
