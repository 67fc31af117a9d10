#include "apps/import_composer.hpp"

#include <cstdio>
#include <memory>
#include <optional>
#include <thread>

#include "apps/composer_import.hpp"
#include "apps/error.hpp"
#include "apps/exit.hpp"
#include "apps/files.hpp"
#include "apps/peer_client.hpp"
#include "gateway/json.hpp"

namespace powershare::apps {
namespace {

namespace composer = gateway::composer;
using gateway::json::Writer;

constexpr std::chrono::minutes patience{2};  // long lists of a slow server
constexpr int max_attempts = 60;             // of one object, while the chain is busy
constexpr std::size_t shown_lines = 20;      // of each kind, in the report for people
constexpr std::size_t progress_step = 100;

using Headers = std::vector<std::pair<std::string, std::string>>;

/// A server that speaks the former server's API: the source, or a peer.
class Server {
 public:
  static Result<Server> open(const std::string& url, const std::filesystem::path& key_file,
                             const std::filesystem::path& authorities) {
    auto address = parse_peer_url(url);
    if (!address) return address.error();
    Server server;
    server.url_ = url;
    if (!key_file.empty()) {
      auto key = read_secret_file(key_file);
      if (!key) return key.error();
      while (!key->empty() && (key->back() == '\n' || key->back() == '\r')) key->pop_back();
      server.headers_.emplace_back("x-api-key", *key);
    }
    net::HttpClientOptions options;
    options.address = address->address;
    options.port = address->port;
    options.timeout = patience;
    options.max_response_bytes = 256u << 20;
    if (address->secure) options.authorities = authorities.string();
    server.client_ = net::HttpClient::create(options);
    return server;
  }

  Result<net::HttpResponse> ask(std::string_view method, const std::string& path,
                                std::string_view body, Headers more = {}) {
    more.insert(more.end(), headers_.begin(), headers_.end());
    if (!body.empty()) more.emplace_back("Content-Type", "application/json");
    auto response = client_->request(method, "/api/" + path, body, more);
    if (response || response.error().code() == NetError::bad_certificate) return response;
    return Error{AppError::unavailable, url_ + " does not answer: " + response.error().detail()};
  }

  /// The list of a model, under its short name or, with namespaces, under its full one.
  Result<std::string> list(const composer::Type& type) {
    auto response = ask("GET", std::string(type.name), {});
    if (response && response->status == 404) response = ask("GET", type.full_name(), {});
    if (!response) return response.error();
    if (response->status == 200) return std::move(response->body);
    return refused("GET /api/" + std::string(type.name), *response);
  }

  Error refused(const std::string& what, const net::HttpResponse& response) const {
    if (response.status == 401) return {AppError::failed, url_ + " refuses the API key"};
    return {AppError::failed, url_ + ": " + what + ": " + sentence_of(response)};
  }

  /// The message of an error in JSON, else the status.
  static std::string sentence_of(const net::HttpResponse& response) {
    const auto body = gateway::json::parse(response.body);
    const auto* error = body && body->is_object() ? body->find("error") : nullptr;
    const auto* message = error != nullptr && error->is_object() ? error->find("message") : nullptr;
    return message != nullptr && message->kind() == gateway::json::Kind::string
               ? message->text()
               : "status " + std::to_string(response.status);
  }

 private:
  std::string url_;
  Headers headers_;
  std::unique_ptr<net::HttpClient> client_;
};

Result<ComposerRegistry> read_server(Server& server) {
  ComposerRegistry registry;
  for (const auto* type : imported_models()) {
    auto text = server.list(*type);
    if (!text) return text.error();
    if (auto read = read_composer_list(*type, *text, registry); !read) return read.error();
  }
  return registry;
}

Result<ComposerRegistry> read_folder(const std::filesystem::path& folder) {
  ComposerRegistry registry;
  bool any = false;
  for (const auto* type : imported_models()) {
    for (const auto& name : {std::string(type->name), type->full_name()}) {
      const auto file = folder / (name + ".json");
      std::error_code ignored;
      if (!std::filesystem::exists(file, ignored)) continue;
      any = true;
      auto text = read_file(file, 256u << 20);
      if (!text) return text.error();
      if (auto read = read_composer_list(*type, *text, registry); !read) {
        return Error{AppError::failed, file.string() + ": " + read.error().detail()};
      }
    }
  }
  if (any) return registry;
  return Error{AppError::usage, folder.string() + " holds no list as Coins.json or Resident.json"};
}

/// How long the server asks to wait; nothing where its answer is final.
std::optional<std::chrono::seconds> wait_of(const Result<net::HttpResponse>& response) {
  const bool busy = !response || response->status == 503 || response->status == 429;
  return busy ? std::optional(std::chrono::seconds(1)) : std::nullopt;
}

/// Creates one object; asks again, under the same key, while the chain is busy.
Result<void> create(Server& peer, const ImportItem& item, const std::string& path) {
  std::string last;
  for (int attempt = 0; attempt < max_attempts; ++attempt) {
    const auto response =
        peer.ask("POST", path, item.body, {{"Idempotency-Key", import_key(item)}});
    if (response && response->status == 200) return {};
    const auto wait = wait_of(response);
    if (!wait) return peer.refused(item.model + " " + item.id, *response);
    last = response ? Server::sentence_of(*response) : response.error().detail();
    std::this_thread::sleep_for(*wait);
  }
  return Error{AppError::unavailable, item.model + " " + item.id + ": " + last};
}

/// How many were made, and why it ended early where it did.
struct Applied {
  std::size_t created = 0;
  std::optional<Error> error;
};

Applied apply(Server& peer, const ImportPlan& plan) {
  Applied applied;
  const auto total = plan.count(ImportItem::Kind::create);
  for (const auto& item : plan.items) {
    if (item.kind != ImportItem::Kind::create) continue;
    auto made = create(peer, item, item.model);
    if (!made) {
      applied.error = made.error();
      return applied;
    }
    if (++applied.created % progress_step == 0) {
      std::fprintf(stderr, "imported %zu of %zu\n", applied.created, total);
    }
  }
  return applied;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

void print_lines(const char* what, const std::vector<std::string>& lines) {
  for (std::size_t i = 0; i < lines.size() && i < shown_lines; ++i) {
    std::printf("%s: %s\n", what, lines[i].c_str());
  }
  if (lines.size() > shown_lines) {
    std::printf("%s: and %zu more; --json lists all\n", what, lines.size() - shown_lines);
  }
}

std::vector<std::string> differences(const ImportPlan& plan) {
  std::vector<std::string> lines;
  for (const auto& item : plan.items) {
    if (item.kind != ImportItem::Kind::different) continue;
    lines.push_back(item.model + " " + item.id + " is on the chain with another " +
                    joined(item.fields));
  }
  return lines;
}

void print_text(const ImportPlan& plan, const Applied& applied, bool asked) {
  using Kind = ImportItem::Kind;
  for (const auto* type : imported_models()) {
    std::size_t counts[3] = {};
    for (const auto& item : plan.items) {
      if (item.model == type->name) ++counts[static_cast<std::size_t>(item.kind) - 1];
    }
    std::printf("%-16s %6zu new, %6zu there already, %zu different\n",
                std::string(type->name).c_str(), counts[0], counts[1], counts[2]);
  }
  print_lines("fault", plan.faults);
  print_lines("different", differences(plan));
  print_lines("warning", plan.warnings);
  if (!plan.can_be_applied()) {
    std::printf("nothing can be imported before this is settled\n");
  } else if (!asked) {
    std::printf("nothing was changed; --apply imports %zu objects\n", plan.count(Kind::create));
  } else {
    std::printf("imported %zu of %zu objects\n", applied.created, plan.count(Kind::create));
  }
}

void write_texts(Writer& out, std::string_view name, const std::vector<std::string>& texts) {
  out.key(name).begin_array();
  for (const auto& text : texts) out.string(text);
  out.end_array();
}

void print_json(const ImportPlan& plan, const Applied& applied, bool asked) {
  using Kind = ImportItem::Kind;
  Writer out;
  out.begin_object().key("apply").boolean(asked);
  out.key("new").unsigned_integer(plan.count(Kind::create));
  out.key("same").unsigned_integer(plan.count(Kind::same));
  out.key("created").unsigned_integer(applied.created);
  out.key("different").begin_array();
  for (const auto& item : plan.items) {
    if (item.kind != Kind::different) continue;
    out.begin_object().key("model").string(item.model).key("id").string(item.id);
    write_texts(out, "fields", item.fields);
    out.end_object();
  }
  out.end_array();
  write_texts(out, "faults", plan.faults);
  write_texts(out, "warnings", plan.warnings);
  out.key("error");
  applied.error ? out.string(applied.error->detail()) : out.null();
  out.end_object();
  std::printf("%s\n", std::move(out).take().c_str());
}

Result<ComposerRegistry> read_source(const ImportComposerOptions& options) {
  if (!options.folder.empty()) return read_folder(options.folder);
  auto server = Server::open(options.source, options.source_api_key, options.source_authorities);
  if (!server) return server.error();
  return read_server(*server);
}

}  // namespace

int run_import_composer(const ImportComposerOptions& options) {
  if (options.folder.empty() == options.source.empty()) {
    return report(Error{AppError::usage, "import-composer needs --from or --from-folder"});
  }
  auto peer = Server::open(options.peer, options.api_key, options.authorities);
  if (!peer) return report(peer.error());
  const auto source = read_source(options);
  if (!source) return report(source.error());
  const auto target = read_server(*peer);
  if (!target) return report(target.error());
  const auto plan = plan_import(*source, *target);
  Applied applied;
  if (options.apply && plan.can_be_applied()) applied = apply(*peer, plan);
  options.json ? print_json(plan, applied, options.apply)
               : print_text(plan, applied, options.apply);
  if (applied.error) return report(*applied.error);
  return plan.can_be_applied() ? 0 : static_cast<int>(ExitCode::failed);
}

}  // namespace powershare::apps
