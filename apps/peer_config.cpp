#include "apps/peer_config.hpp"

#include <yaml-cpp/yaml.h>

#include <regex>
#include <set>

#include "apps/error.hpp"
#include "apps/files.hpp"

namespace powershare::apps {
namespace {

/// Collects the first fault while a document is read, so that reading stays a list of fields.
class Fields {
 public:
  Fields(std::string where, const YAML::Node& node, std::set<std::string> known)
      : where_(std::move(where)), node_(node) {
    if (!node_.IsMap()) {
      throw YAML::Exception(node_.Mark(), where_ + " is not a map of fields");
    }
    for (const auto& entry : node_) {
      const auto name = entry.first.as<std::string>();
      if (!known.contains(name)) {
        throw YAML::Exception(entry.first.Mark(), "unknown field " + where_ + name);
      }
    }
  }

  bool has(const std::string& name) const { return static_cast<bool>(node_[name]); }

  YAML::Node node(const std::string& name) const {
    if (!has(name)) throw YAML::Exception(node_.Mark(), "missing field " + where_ + name);
    return node_[name];
  }

  template <class T>
  T get(const std::string& name) const {
    try {
      return node(name).as<T>();
    } catch (const YAML::BadConversion& error) {
      throw YAML::Exception(error.mark, "field " + where_ + name + " is not of its kind");
    }
  }

  PeerId peer(const std::string& name) const {
    auto id = PeerId::parse(get<std::string>(name));
    if (!id) throw YAML::Exception(node(name).Mark(), where_ + name + ": " + id.error().detail());
    return *id;
  }

 private:
  std::string where_;
  YAML::Node node_;
};

SocketAddress read_address(const YAML::Node& node, const std::string& where) {
  const Fields fields(where, node, {"address", "port"});
  return {fields.get<std::string>("address"), fields.get<std::uint16_t>("port")};
}

/// Addresses as browsers name the origin of a page: they go into headers as they are.
std::vector<std::string> read_origins(const YAML::Node& node) {
  static const std::regex origin(
      R"(https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?)");
  std::vector<std::string> origins;
  for (const auto& entry : node) {
    auto text = entry.as<std::string>();
    if (!std::regex_match(text, origin)) {
      throw YAML::Exception(entry.Mark(),
                            "http.web_peers: '" + text + "' is not as https://peer.example.org");
    }
    origins.push_back(std::move(text));
  }
  return origins;
}

/// "http:" with what belongs to TLS.
void read_http(const YAML::Node& node, PeerConfig& config, const std::filesystem::path& folder) {
  const Fields fields("http.", node,
                      {"address", "port", "tls", "redirect_port", "hsts_seconds", "web_peers",
                       "require_key_for_reads"});
  config.http = {fields.get<std::string>("address"), fields.get<std::uint16_t>("port")};
  if (fields.has("web_peers")) config.web_peers = read_origins(fields.node("web_peers"));
  if (fields.has("require_key_for_reads")) {
    config.require_key_for_reads = fields.get<bool>("require_key_for_reads");
  }
  if (!fields.has("tls")) {
    for (const auto* name : {"redirect_port", "hsts_seconds"}) {
      if (fields.has(name)) {
        throw YAML::Exception(fields.node(name).Mark(),
                              std::string("http.") + name + " needs http.tls");
      }
    }
    return;
  }
  const Fields tls("http.tls.", fields.node("tls"), {"certificate", "key"});
  TlsConfig read;
  read.certificate = (folder / tls.get<std::string>("certificate")).lexically_normal();
  read.key = (folder / tls.get<std::string>("key")).lexically_normal();
  if (fields.has("redirect_port")) read.redirect_port = fields.get<std::uint16_t>("redirect_port");
  if (fields.has("hsts_seconds")) read.hsts_seconds = fields.get<std::uint32_t>("hsts_seconds");
  config.http_tls = std::move(read);
}

/// "notifications:".
NotificationConfig read_notifications(const YAML::Node& node, const std::filesystem::path& folder) {
  const Fields fields("notifications.", node,
                      {"mail", "private_webhooks", "certificate_authority"});
  const auto path = [&](const std::string& name) { return (folder / name).lexically_normal(); };
  NotificationConfig config;
  if (fields.has("private_webhooks")) {
    config.private_webhooks = fields.get<bool>("private_webhooks");
  }
  if (fields.has("certificate_authority")) {
    config.certificate_authority = path(fields.get<std::string>("certificate_authority"));
  }
  if (!fields.has("mail")) return config;
  const Fields mail("notifications.mail.", fields.node("mail"),
                    {"relay", "from", "user", "password_file", "require_tls"});
  NotificationConfig::Mail read;
  read.relay = mail.get<std::string>("relay");
  read.from = mail.get<std::string>("from");
  static const std::regex relay(R"(smtps?://[A-Za-z0-9.-]+(:[0-9]{1,5})?)");
  if (!std::regex_match(read.relay, relay)) {
    throw YAML::Exception(mail.node("relay").Mark(),
                          "notifications.mail.relay is not as smtp://mail.example.org:587");
  }
  static const std::regex address(R"([A-Za-z0-9._+-]+@[A-Za-z0-9.-]+)");
  if (!std::regex_match(read.from, address)) {
    throw YAML::Exception(mail.node("from").Mark(), "notifications.mail.from is no address");
  }
  if (mail.has("user")) read.user = mail.get<std::string>("user");
  if (mail.has("password_file")) read.password_file = path(mail.get<std::string>("password_file"));
  if (mail.has("require_tls")) read.require_tls = mail.get<bool>("require_tls");
  config.mail = std::move(read);
  return config;
}

PeerConfig read_config(const YAML::Node& root, const std::filesystem::path& folder) {
  const Fields fields("", root,
                      {"peer", "genesis", "keys", "data", "http", "metrics", "transport", "peers",
                       "administrator_key_sha256", "composer", "watts_per_core",
                       "feature_level_max", "former_keys", "notifications"});
  const auto path = [&](const char* name) {
    return (folder / fields.get<std::string>(name)).lexically_normal();
  };
  PeerConfig config;
  config.peer = fields.peer("peer");
  config.genesis = path("genesis");
  config.keys = path("keys");
  if (fields.has("former_keys")) config.former_keys = path("former_keys");
  config.data = path("data");
  read_http(fields.node("http"), config, folder);
  config.metrics = read_address(fields.node("metrics"), "metrics.");
  const Fields transport("transport.", fields.node("transport"), {"control", "bulk"});
  config.control_endpoint = transport.get<std::string>("control");
  config.bulk_endpoint = transport.get<std::string>("bulk");
  for (const auto& entry : fields.node("peers")) {
    const Fields remote("peers.", entry, {"peer", "control", "bulk"});
    config.remotes.push_back(
        {remote.peer("peer"), remote.get<std::string>("control"), remote.get<std::string>("bulk")});
  }
  if (fields.has("administrator_key_sha256")) {
    config.administrator_key_sha256 = fields.get<std::string>("administrator_key_sha256");
  }
  if (fields.has("composer")) {
    const Fields composer("composer.", fields.node("composer"), {"namespaces", "multiuser"});
    if (composer.has("multiuser")) config.composer_multiuser = composer.get<bool>("multiuser");
    config.composer_namespaces = composer.get<std::string>("namespaces");
    const std::set<std::string> known{"never", "required", "always"};
    if (!known.contains(config.composer_namespaces)) {
      throw YAML::Exception(fields.node("composer").Mark(),
                            "composer.namespaces is never, required or always");
    }
  }
  if (fields.has("feature_level_max")) {
    config.feature_level_max = fields.get<std::uint32_t>("feature_level_max");
    if (config.feature_level_max == 0 || config.feature_level_max > ledger::known_feature_level) {
      throw YAML::Exception(fields.node("feature_level_max").Mark(),
                            "feature_level_max is between 1 and what this program knows, " +
                                std::to_string(ledger::known_feature_level));
    }
  }
  if (fields.has("notifications")) {
    config.notifications = read_notifications(fields.node("notifications"), folder);
  }
  if (fields.has("watts_per_core")) config.watts_per_core = fields.get<double>("watts_per_core");
  return config;
}

}  // namespace

bool PeerConfig::reads_need_key() const {
  const auto& address = http.address;
  const bool loopback = address.starts_with("127.") || address == "::1" || address == "localhost";
  return require_key_for_reads.value_or(!loopback);
}

std::string PeerConfig::to_yaml() const {
  YAML::Emitter out;
  const auto begin_address = [&](const char* name, const SocketAddress& socket) {
    out << YAML::Key << name << YAML::Value << YAML::BeginMap << YAML::Key << "address"
        << YAML::Value << socket.address << YAML::Key << "port" << YAML::Value << socket.port;
  };
  out << YAML::BeginMap << YAML::Key << "peer" << YAML::Value << peer.text() << YAML::Key
      << "genesis" << YAML::Value << genesis.string() << YAML::Key << "keys" << YAML::Value
      << keys.string() << YAML::Key << "data" << YAML::Value << data.string();
  if (former_keys) out << YAML::Key << "former_keys" << YAML::Value << former_keys->string();
  begin_address("http", http);
  if (http_tls) {
    out << YAML::Key << "tls" << YAML::Value << YAML::BeginMap << YAML::Key << "certificate"
        << YAML::Value << http_tls->certificate.string() << YAML::Key << "key" << YAML::Value
        << http_tls->key.string() << YAML::EndMap << YAML::Key << "hsts_seconds" << YAML::Value
        << http_tls->hsts_seconds;
    if (http_tls->redirect_port) {
      out << YAML::Key << "redirect_port" << YAML::Value << *http_tls->redirect_port;
    }
  }
  if (!web_peers.empty()) out << YAML::Key << "web_peers" << YAML::Value << YAML::Flow << web_peers;
  if (require_key_for_reads) {
    out << YAML::Key << "require_key_for_reads" << YAML::Value << *require_key_for_reads;
  }
  out << YAML::EndMap;
  begin_address("metrics", metrics);
  out << YAML::EndMap << YAML::Key << "transport" << YAML::Value << YAML::BeginMap << YAML::Key
      << "control" << YAML::Value << control_endpoint << YAML::Key << "bulk" << YAML::Value
      << bulk_endpoint << YAML::EndMap << YAML::Key << "peers" << YAML::Value << YAML::BeginSeq;
  for (const auto& remote : remotes) {
    out << YAML::BeginMap << YAML::Key << "peer" << YAML::Value << remote.peer.text() << YAML::Key
        << "control" << YAML::Value << remote.control_endpoint << YAML::Key << "bulk" << YAML::Value
        << remote.bulk_endpoint << YAML::EndMap;
  }
  out << YAML::EndSeq;
  if (administrator_key_sha256) {
    out << YAML::Key << "administrator_key_sha256" << YAML::Value << *administrator_key_sha256;
  }
  out << YAML::Key << "composer" << YAML::Value << YAML::BeginMap << YAML::Key << "namespaces"
      << YAML::Value << composer_namespaces;
  if (composer_multiuser) out << YAML::Key << "multiuser" << YAML::Value << true;
  out << YAML::EndMap;
  if (notifications) {
    out << YAML::Key << "notifications" << YAML::Value << YAML::BeginMap << YAML::Key
        << "private_webhooks" << YAML::Value << notifications->private_webhooks;
    if (notifications->certificate_authority) {
      out << YAML::Key << "certificate_authority" << YAML::Value
          << notifications->certificate_authority->string();
    }
    if (const auto& mail = notifications->mail) {
      out << YAML::Key << "mail" << YAML::Value << YAML::BeginMap << YAML::Key << "relay"
          << YAML::Value << mail->relay << YAML::Key << "from" << YAML::Value << mail->from
          << YAML::Key << "require_tls" << YAML::Value << mail->require_tls;
      if (!mail->user.empty()) out << YAML::Key << "user" << YAML::Value << mail->user;
      if (mail->password_file) {
        out << YAML::Key << "password_file" << YAML::Value << mail->password_file->string();
      }
      out << YAML::EndMap;
    }
    out << YAML::EndMap;
  }
  if (feature_level_max != ledger::known_feature_level) {
    out << YAML::Key << "feature_level_max" << YAML::Value << feature_level_max;
  }
  out << YAML::Key << "watts_per_core" << YAML::Value << watts_per_core << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

Result<PeerConfig> load_peer_config(const std::filesystem::path& file) {
  auto text = read_file(file, 1u << 20);
  if (!text) return text.error();
  try {
    return read_config(YAML::Load(*text), std::filesystem::absolute(file).parent_path());
  } catch (const YAML::Exception& error) {
    const auto line = error.mark.is_null() ? "" : " line " + std::to_string(error.mark.line + 1);
    return Error{AppError::bad_configuration, file.string() + line + ": " + error.msg};
  }
}

}  // namespace powershare::apps
