#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "apps/exit.hpp"
#include "apps/files.hpp"
#include "apps/island_files.hpp"
#include "apps/key_files.hpp"
#include "apps/peer_config.hpp"
#include "apps/tls_files.hpp"
#include "protocol/ports.hpp"

using namespace powershare;
using namespace powershare::apps;

namespace {

struct Folder {
  Folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "powershare-config-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

PeerConfig example() {
  PeerConfig config;
  config.peer = *PeerId::parse("funchal-0");
  config.genesis = "../genesis.json";
  config.keys = "keys";
  config.data = "data";
  config.http.port = 8080;
  config.metrics.port = 9464;
  config.control_endpoint = "tcp://127.0.0.1:7400";
  config.bulk_endpoint = "tcp://127.0.0.1:7401";
  config.remotes = {{*PeerId::parse("funchal-1"), "tcp://127.0.0.1:7402", "tcp://127.0.0.1:7403"}};
  return config;
}

}  // namespace

TEST_CASE("a peer's configuration is read as it was written, paths from the file's folder") {
  const Folder folder;
  const auto file = folder.path / "funchal-0" / "peer.yaml";
  REQUIRE(make_folder(file.parent_path()).ok());
  REQUIRE(write_file(file, example().to_yaml(), 0600).ok());
  const auto config = load_peer_config(file);
  REQUIRE(config.ok());
  CHECK(config->peer.text() == "funchal-0");
  CHECK(config->genesis == folder.path / "genesis.json");
  CHECK(config->data == folder.path / "funchal-0" / "data");
  CHECK(config->http.port == 8080);
  REQUIRE(config->remotes.size() == 1);
  CHECK(config->remotes[0].bulk_endpoint == "tcp://127.0.0.1:7403");
  CHECK_FALSE(config->administrator_key_sha256.has_value());
  CHECK(config->composer_namespaces == "never");
}

TEST_CASE("how news leave the house is read as it was written, and only what is known") {
  const Folder folder;
  const auto file = folder.path / "peer.yaml";
  auto given = example();
  given.notifications.emplace();
  given.notifications->private_webhooks = true;
  given.notifications->certificate_authority = folder.path / "ca.pem";
  given.notifications->mail = {"smtp://mail.example.org:587", "island@example.org", "user: \"x\"",
                               folder.path / "password", false};
  REQUIRE(write_file(file, given.to_yaml(), 0600).ok());
  const auto config = load_peer_config(file);
  REQUIRE(config.ok());
  REQUIRE(config->notifications.has_value());
  CHECK(config->notifications->private_webhooks);
  CHECK(config->notifications->certificate_authority == folder.path / "ca.pem");
  const auto& mail = config->notifications->mail;
  REQUIRE(mail.has_value());
  CHECK(mail->relay == "smtp://mail.example.org:587");
  CHECK(mail->from == "island@example.org");
  CHECK(mail->user == "user: \"x\"");
  CHECK(mail->password_file == folder.path / "password");
  CHECK_FALSE(mail->require_tls);
  CHECK(config->to_yaml() == given.to_yaml());
  for (const auto* wrong :
       {"{mail: {relay: 'http://mail', from: a@b.pt}}", "{mail: {relay: 'smtp://mail', from: me}}",
        "{mail: {relay: 'smtp://mail'}}", "{webhooks: true}", "{private_webhooks: maybe}", "7"}) {
    CAPTURE(wrong);
    const auto text = example().to_yaml() + "notifications: " + wrong + "\n";
    REQUIRE(write_file(file, text, 0600).ok());
    CHECK_FALSE(load_peer_config(file).ok());
  }
}

TEST_CASE("who may read without a key follows from the address, unless it is said") {
  const Folder folder;
  const auto file = folder.path / "peer.yaml";
  auto given = example();
  const auto need_key = [&] {
    REQUIRE(write_file(file, given.to_yaml(), 0600).ok());
    return load_peer_config(file)->reads_need_key();
  };
  CHECK_FALSE(need_key());
  given.http.address = "0.0.0.0";
  CHECK(need_key());
  given.require_key_for_reads = false;
  CHECK_FALSE(need_key());
  given.http.address = "127.0.0.1";
  given.require_key_for_reads = true;
  CHECK(need_key());
}

TEST_CASE("cards and wallets are off unless the configuration says so") {
  const Folder folder;
  const auto file = folder.path / "peer.yaml";
  auto given = example();
  CHECK_FALSE(given.composer_multiuser);
  REQUIRE(write_file(file, given.to_yaml(), 0600).ok());
  CHECK_FALSE(load_peer_config(file)->composer_multiuser);
  given.composer_multiuser = true;
  REQUIRE(write_file(file, given.to_yaml(), 0600).ok());
  CHECK(load_peer_config(file)->composer_multiuser);
}

TEST_CASE("how /api names types is one of three words") {
  const Folder folder;
  const auto file = folder.path / "peer.yaml";
  auto given = example();
  given.composer_namespaces = "always";
  REQUIRE(write_file(file, given.to_yaml(), 0600).ok());
  CHECK(load_peer_config(file)->composer_namespaces == "always");
  given.composer_namespaces = "sometimes";
  REQUIRE(write_file(file, given.to_yaml(), 0600).ok());
  CHECK_FALSE(load_peer_config(file).ok());
}

TEST_CASE("a configuration with an unknown, missing or mistyped field exits with 78 and names it") {
  const Folder folder;
  const auto file = folder.path / "peer.yaml";
  const auto text = example().to_yaml();
  const auto refused = [&](const std::string& content, const char* named) {
    std::ofstream(file) << content;
    const auto config = load_peer_config(file);
    REQUIRE_FALSE(config.ok());
    CHECK(exit_code_of(config.error()) == ExitCode::bad_configuration);
    CHECK_MESSAGE(config.error().detail().find(named) != std::string::npos,
                  config.error().detail());
  };
  refused(text + "colour: blue\n", "colour");
  refused("peer: funchal-0\n", "genesis");
  refused("peer: [\n", "peer.yaml");
  auto mistyped = text;
  mistyped.replace(mistyped.find("8080"), 4, "http");
  refused(mistyped, "http.port");
  refused(text + "http_tls: {}\n", "http_tls");
  auto http = text;
  http.replace(http.find("  port: 8080"), 12, "  port: 8080\n  redirect_port: 80");
  refused(http, "http.redirect_port needs http.tls");
  auto tls = text;
  tls.replace(tls.find("  port: 8080"), 12, "  port: 8080\n  tls: {certificate: a.pem}");
  refused(tls, "http.tls.key");
  std::filesystem::remove(file);
  CHECK_FALSE(load_peer_config(file).ok());
}

TEST_CASE("TLS of the REST port is read as it was written") {
  const Folder folder;
  const auto file = folder.path / "peer.yaml";
  auto config = example();
  config.http_tls = TlsConfig{"tls/server.pem", "/etc/key.pem", std::uint16_t{8081}, 60};
  REQUIRE(write_file(file, config.to_yaml(), 0600).ok());
  const auto read = load_peer_config(file);
  REQUIRE(read.ok());
  REQUIRE(read->http_tls.has_value());
  CHECK(read->http.port == 8080);
  CHECK(read->http_tls->certificate == folder.path / "tls" / "server.pem");
  CHECK(read->http_tls->key == "/etc/key.pem");
  CHECK(read->http_tls->redirect_port == 8081);
  CHECK(read->http_tls->hsts_seconds == 60);
  CHECK(exit_code_of(Error{NetError::bad_certificate, "x"}) == ExitCode::bad_configuration);
}

TEST_CASE("TLS files are made once; a renewal replaces the server's certificate only") {
  const Folder folder;
  const auto made = make_tls_files(folder.path / "tls", {"peer.example"}, 30);
  REQUIRE(made.ok());
  const auto mode = [&](const char* name) {
    struct stat status {};
    REQUIRE(::stat((folder.path / "tls" / name).c_str(), &status) == 0);
    return status.st_mode & 0777;
  };
  CHECK(mode("ca.key") == 0600);
  CHECK(mode("server.key") == 0600);
  CHECK(mode("server.pem") == 0644);
  const auto key = read_file(made->key).value();
  const auto authority = read_file(made->authority).value();
  const auto certificate = read_file(made->certificate).value();
  REQUIRE(make_tls_files(folder.path / "tls", {}, 30).ok());
  CHECK(read_file(made->key).value() == key);
  CHECK(read_file(made->authority).value() == authority);
  CHECK(read_file(made->certificate).value() != certificate);
  ::chmod(made->key.c_str(), 0640);
  CHECK(exit_code_of(make_tls_files(folder.path / "tls", {}, 30).error()) ==
        ExitCode::bad_configuration);
}

TEST_CASE("keys are made once, kept, and refused when others may read them") {
  crypto::initialise();
  const Folder folder;
  const auto made = make_peer_keys(folder.path / "keys");
  REQUIRE(made.ok());
  const auto again = make_peer_keys(folder.path / "keys");
  REQUIRE(again.ok());
  CHECK(again->consensus.public_key() == made->consensus.public_key());
  CHECK(again->transport.public_key == made->transport.public_key);
  const auto file = folder.path / "keys" / "consensus.key";
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  ::chmod(file.c_str(), 0644);
  const auto readable = load_peer_keys(folder.path / "keys");
  REQUIRE_FALSE(readable.ok());
  CHECK(exit_code_of(readable.error()) == ExitCode::bad_configuration);
  ::chmod(file.c_str(), 0600);
  std::ofstream(file) << "not a key\n";
  CHECK_FALSE(load_peer_keys(folder.path / "keys").ok());
}

TEST_CASE("island.json holds what DESIGN 12 says and only its owner may read it") {
  const Folder folder;
  Island island;
  island.administrator_api_key = generate_api_key();
  island.microgrids.push_back(
      {*ChainId::parse("funchal"),
       {{*PeerId::parse("funchal-0"), 42, "/x/peer.yaml", 8080, 9464, "/x/data"}}});
  REQUIRE(write_island(folder.path, island).ok());
  const auto text = read_file(folder.path / "island.json");
  REQUIRE(text.ok());
  for (const auto* part : {"\"http\": \"http://127.0.0.1:8080\"", "\"island\": null", "\"pid\": 42",
                           "\"metrics\": \"http://127.0.0.1:9464/metrics\""}) {
    CHECK_MESSAGE(text->find(part) != std::string::npos, part);
  }
  CHECK(text->find("certificate_authority") == std::string::npos);
  const auto read = read_island(folder.path);
  REQUIRE(read.ok());
  CHECK(read->microgrids[0].peers[0].metrics_port == 9464);
  CHECK(read->administrator_api_key == island.administrator_api_key);
  struct stat status {};
  REQUIRE(::stat((folder.path / "island.json").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK_FALSE(running_peer(folder.path).has_value());
  island.certificate_authority = "/x/tls/ca.pem";
  REQUIRE(write_island(folder.path, island).ok());
  CHECK(read_file(folder.path / "island.json")->find("\"http\": \"https://127.0.0.1:8080\"") !=
        std::string::npos);
  const auto secure = read_island(folder.path);
  REQUIRE(secure.ok());
  CHECK(secure->certificate_authority == "/x/tls/ca.pem");
  CHECK(secure->microgrids[0].peers[0].http_port == 8080);
}

TEST_CASE("storage failures leave with the exit codes of the failure table") {
  const auto code = [](StorageError error) { return exit_code_of(Error{error, "x"}); };
  CHECK(code(StorageError::io) == ExitCode::storage_error);
  CHECK(code(StorageError::damaged) == ExitCode::damaged_data);
  CHECK(code(StorageError::lost) == ExitCode::damaged_data);
  CHECK(code(StorageError::wrong_identity) == ExitCode::bad_configuration);
  CHECK(code(StorageError::locked) == ExitCode::unavailable);
}
