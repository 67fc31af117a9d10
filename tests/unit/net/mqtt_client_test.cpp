#include "net/mqtt_client.hpp"

#include <doctest/doctest.h>

#include <mutex>

#include "tests/unit/net/raw_socket.hpp"

using namespace powershare;
using namespace powershare::net;
using namespace powershare::net::test;

namespace {

/// What a client has said so far.
struct Ear {
  std::mutex mutex;
  std::vector<MqttMessage> messages;
  int connected = 0;
  std::vector<std::string> reasons;

  MqttHandlers handlers() {
    return {[this](MqttMessage message) {
              const std::lock_guard lock(mutex);
              messages.push_back(std::move(message));
            },
            [this](bool now_connected, const std::string& why) {
              const std::lock_guard lock(mutex);
              if (now_connected) {
                ++connected;
              } else {
                reasons.push_back(why);
              }
            }};
  }
  template <class Condition>
  bool wait(Condition condition) {
    return wait_until([&] {
      const std::lock_guard lock(mutex);
      return condition();
    });
  }
};

/// A broker that says what the test tells it, byte by byte (MQTT 3.1.1, chapter 3).
class ScriptedBroker {
 public:
  ScriptedBroker() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto place = loopback(0);
    socklen_t size = sizeof place;
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&place), size) == 0);
    REQUIRE(::listen(listener_, 8) == 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&place), &size);
    port_ = ntohs(place.sin_port);
  }
  ~ScriptedBroker() {
    drop();
    ::close(listener_);
  }
  ScriptedBroker(const ScriptedBroker&) = delete;
  ScriptedBroker& operator=(const ScriptedBroker&) = delete;

  MqttOptions options() const {
    MqttOptions options;
    options.port = port_;
    options.client_id = "test";
    options.subscriptions = {"tele/+/SENSOR"};
    options.first_pause = options.longest_pause = std::chrono::milliseconds(20);
    return options;
  }
  /// Takes the next connection and the client's CONNECT; gives the packet's content.
  std::string accept() {
    connection_ = ::accept(listener_, nullptr, nullptr);
    REQUIRE(connection_ >= 0);
    return packet(0x10);
  }
  void say(std::string_view bytes) const {
    REQUIRE(::send(connection_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }
  /// The content of the next packet, which must be of that kind.
  std::string packet(int kind) const {
    const auto head = bytes(2);
    REQUIRE(static_cast<unsigned char>(head[0]) == kind);
    REQUIRE(static_cast<unsigned char>(head[1]) < 128);
    return bytes(static_cast<std::size_t>(head[1]));
  }
  void drop() {
    if (connection_ >= 0) ::close(std::exchange(connection_, -1));
  }

 private:
  std::string bytes(std::size_t count) const {
    std::string result(count, '\0');
    std::size_t have = 0;
    while (have < count) {
      const auto more = ::recv(connection_, result.data() + have, count - have, 0);
      REQUIRE(more > 0);
      have += static_cast<std::size_t>(more);
    }
    return result;
  }
  int listener_;
  int connection_ = -1;
  std::uint16_t port_ = 0;
};

const std::string accepted("\x20\x02\x00\x00", 4);
const std::string refused("\x20\x02\x00\x05", 4);

std::string publication(const std::string& topic, const std::string& payload, bool retained) {
  std::string result(1, retained ? '\x31' : '\x30');
  const auto size = 2 + topic.size() + payload.size();
  result += static_cast<char>(size % 128 | (size > 127 ? 128 : 0));
  if (size > 127) result += static_cast<char>(size / 128);
  return result + '\0' + static_cast<char>(topic.size()) + topic + payload;
}

}  // namespace

TEST_CASE("a client connects, subscribes, hears and publishes, and does so again") {
  ScriptedBroker broker;
  Ear ear;
  auto options = broker.options();
  options.username = "box";
  options.password = "word";
  options.will_topic = "here";
  options.will_payload = "gone";
  options.max_payload_bytes = 200;
  auto client = MqttClient::start(options, ear.handlers());
  REQUIRE(client.ok());
  for (int round = 1; round <= 2; ++round) {
    const auto hello = broker.accept();
    for (const char* part : {"MQTT", "test", "here", "gone", "box", "word"}) {
      CHECK(hello.find(part) != std::string::npos);
    }
    broker.say(accepted);
    CHECK(broker.packet(0x82).find("tele/+/SENSOR") != std::string::npos);
    REQUIRE(ear.wait([&] { return ear.connected == round; }));
    broker.say(publication("tele/a/SENSOR", std::string(201, 'x'), false));
    broker.say(publication("tele/a/SENSOR", "{}", round == 2));
    REQUIRE(ear.wait([&] { return ear.messages.size() == static_cast<std::size_t>(round); }));
    CHECK((*client)->publish("state", "on", true));
    CHECK(broker.packet(0x31) == std::string("\0\5stateon", 9));
    if (round == 1) broker.drop();
  }
  CHECK(ear.messages[0].topic == "tele/a/SENSOR");
  CHECK(ear.messages[0].payload == "{}");
  CHECK_FALSE(ear.messages[0].retained);
  CHECK(ear.messages[1].retained);
  const auto statistics = (*client)->statistics();
  CHECK(statistics.connects == 2);
  CHECK(statistics.dropped_payloads == 2);
  // An orderly end: the last will by itself, then DISCONNECT.
  std::thread end([&] { client->reset(); });
  CHECK(broker.packet(0x31) == std::string("\0\4heregone", 10));
  CHECK(broker.packet(0xE0).empty());
  broker.drop();
  end.join();
}

TEST_CASE("a broker that refuses or is not there is asked again, and nothing is published") {
  ScriptedBroker broker;
  Ear ear;
  auto client = MqttClient::start(broker.options(), ear.handlers());
  REQUIRE(client.ok());
  for (int i = 0; i < 3; ++i) {
    broker.accept();
    broker.say(refused);
    broker.drop();
  }
  REQUIRE(ear.wait([&] { return ear.reasons.size() >= 2; }));
  CHECK(ear.reasons[0].find("not authorised") != std::string::npos);
  CHECK(ear.connected == 0);
  CHECK_FALSE((*client)->publish("state", "on", false));
  CHECK((*client)->statistics().unpublished == 1);

  Ear nobody;
  auto options = broker.options();
  options.port = free_port();
  auto alone = MqttClient::start(options, nobody.handlers());
  REQUIRE(alone.ok());
  CHECK(nobody.wait([&] { return nobody.reasons.size() >= 3; }));
}

TEST_CASE("what MQTT does not allow is refused at the start") {
  Ear ear;
  MqttOptions options;
  options.client_id = "test";
  options.subscriptions = {"a/#/b"};
  CHECK_FALSE(MqttClient::start(options, ear.handlers()).ok());
  options.subscriptions = {"a/#"};
  options.will_topic = "a/+";
  CHECK_FALSE(MqttClient::start(options, ear.handlers()).ok());
  options.will_topic = "a";
  options.ca_file = "/nonexistent/ca.pem";
  CHECK_FALSE(MqttClient::start(options, ear.handlers()).ok());
}
