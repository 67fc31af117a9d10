#include "net/outgoing.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

using namespace powershare;

namespace {

struct Addresses {
  sockaddr_storage storage{};
  const sockaddr& get() const { return reinterpret_cast<const sockaddr&>(storage); }
};

Addresses address(const char* text) {
  Addresses result;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&result.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&result.storage);
  if (::inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
  } else {
    REQUIRE(::inet_pton(AF_INET6, text, &v6->sin6_addr) == 1);
    v6->sin6_family = AF_INET6;
  }
  return result;
}

}  // namespace

TEST_CASE("only addresses that the whole world can reach are public") {
  for (const auto* text :
       {"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.1",
        "192.167.1.1", "193.136.0.1", "198.17.255.255", "198.20.0.1", "223.255.255.255",
        "2001:4860:4860::8888", "2a00:1450::1", "2620:fe::fe", "::ffff:8.8.8.8"}) {
    CAPTURE(text);
    CHECK(net::is_public_address(address(text).get()));
  }
  for (const auto* text : {"0.0.0.0",
                           "0.1.2.3",
                           "10.0.0.1",
                           "10.255.255.255",
                           "100.64.0.1",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.0.1",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.0.1",
                           "192.0.2.1",
                           "192.88.99.1",
                           "192.168.1.1",
                           "198.18.0.1",
                           "198.19.255.255",
                           "198.51.100.1",
                           "203.0.113.9",
                           "224.0.0.1",
                           "239.1.1.1",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::ffff:127.0.0.1",
                           "::ffff:10.0.0.1",
                           "::10.0.0.1",
                           "64:ff9b::10.0.0.1",
                           "100::1",
                           "2001::1",
                           "2001:db8::1",
                           "2002:a00:1::1",
                           "3fff::1",
                           "fc00::1",
                           "fd12::1",
                           "fe80::1",
                           "fec0::1",
                           "ff02::1",
                           "4000::1"}) {
    CAPTURE(text);
    CHECK_FALSE(net::is_public_address(address(text).get()));
  }
  CHECK(net::is_loopback_address(address("127.9.9.9").get()));
  CHECK(net::is_loopback_address(address("::1").get()));
  CHECK(net::is_loopback_address(address("::ffff:127.0.0.1").get()));
  CHECK_FALSE(net::is_loopback_address(address("10.0.0.1").get()));
  CHECK_FALSE(net::is_loopback_address(address("::2").get()));
  sockaddr other{};
  other.sa_family = AF_UNIX;
  CHECK_FALSE(net::is_public_address(other));
}

TEST_CASE("a mail address is one address and nothing else") {
  for (const auto* text : {"ana@example.org", "a.b+c@d-e.pt", "x@localhost"}) {
    CHECK(net::is_mail_address(text));
  }
  for (const std::string text : {"", "ana", "@example.org", "ana@", "a b@c.pt", "a@b@c.pt",
                                 "a@b.pt\r\nRCPT TO:<x@y>", "<a@b.pt>", "a@b.pt,c@d.pt", "a@.pt",
                                 "a@b.pt.", "\"a\"@b.pt", "a@b_c.pt", "\xc3\xa1@b.pt"}) {
    CAPTURE(text);
    CHECK_FALSE(net::is_mail_address(text));
  }
  CHECK_FALSE(net::is_mail_address(std::string(250, 'a') + "@b.pt"));
}

TEST_CASE("a webhook is not spoken to where its address is not public, whatever its name says") {
  net::WebhookRules rules;
  rules.timeout_ms = 2'000;
  for (const auto* url :
       {"https://127.0.0.1:9/", "https://localhost:9/", "https://10.0.0.1/", "https://[::1]:9/",
        "https://169.254.169.254/latest/meta-data", "https://2130706433/", "https://0x7f.1/",
        "https://[::ffff:127.0.0.1]:9/"}) {
    CAPTURE(url);
    const auto answer = net::post_webhook({url, {}, "{}"}, rules);
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().code() == NetError::refused_address);
  }
  for (const auto* url : {"http://127.0.0.1:9/", "file:///etc/passwd", "gopher://127.0.0.1:9/",
                          "smtp://127.0.0.1:9/", "not an address"}) {
    CAPTURE(url);
    CHECK(net::post_webhook({url, {}, "{}"}, rules).error().code() == NetError::not_delivered);
  }
  // Plain HTTP goes to the own machine only, where the operator allows it at all.
  rules.private_networks = true;
  CHECK(net::post_webhook({"http://10.0.0.1:9/", {}, "{}"}, rules).error().code() ==
        NetError::refused_address);
  CHECK(net::post_webhook({"http://127.0.0.1:9/", {}, "{}"}, rules).error().code() ==
        NetError::not_delivered);
}

TEST_CASE("a mail to what is no address is not sent") {
  net::MailRelay relay;
  relay.url = "smtp://127.0.0.1:9";
  relay.from = "island@example.org";
  relay.timeout_ms = 2'000;
  CHECK(net::send_mail(relay, "a@b.pt\r\nDATA", "").error().code() == NetError::bad_address);
  CHECK(net::send_mail(relay, "a@b.pt", "").error().code() == NetError::not_delivered);
}
