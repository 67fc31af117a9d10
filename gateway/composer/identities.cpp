#include "gateway/composer/identities.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "crypto/keys.hpp"
#include "gateway/composer/body.hpp"
#include "gateway/composer/instance.hpp"
#include "gateway/composer/multiuser.hpp"
#include "gateway/composer/submission.hpp"
#include "gateway/composer/zip.hpp"

namespace powershare::gateway::composer {
namespace {

constexpr std::string_view business_network = "smile-energy-network";

Digest tagged_hash(std::string_view tag, ByteView bytes) {
  return crypto::sha256(Encoder().text(tag).raw(bytes).data());
}

std::string issuer(const Context& context) {
  return crypto::to_hex(tagged_hash("powershare/composer/issuer/1", context.ports().genesis_hash));
}

Record identity_record(const Context& context, const std::string& id, const std::string& name,
                       const std::string& certificate, std::string_view state,
                       std::string_view participant_type, const std::string& participant) {
  Record record;
  record.text("$class", std::string(system_space) + ".Identity").text("identityId", id);
  record.text("name", name).text("issuer", issuer(context)).text("certificate", certificate);
  record.text("state", std::string(state));
  record.reference("participant", participant_type, participant);
  return record;
}

Record record_of(const Context& context, const ledger::Identity& identity) {
  return identity_record(context, crypto::to_hex(identity.id), identity.name, identity.certificate,
                         ledger::to_text(identity.state),
                         ledger::to_text(identity.participant.type),
                         identity.participant.id.text());
}

Record administrator_record(const Context& context) {
  return identity_record(context, administrator_identity(context), "admin", {}, "ACTIVATED",
                         administrator, "admin");
}

std::string text_of(const json::Value& body, std::string_view name) {
  const auto* value = body.find(name);
  return value == nullptr || value->is_null() ? std::string() : shown(*value);
}

/// "NS.Resident#R1", with or without "resource:".
Outcome<ledger::ParticipantRef> read_participant(const json::Value& body) {
  const auto text = text_of(body, "participant");
  if (text.empty()) return plain(500, "participant not specified");
  const auto reference = parse_reference(text, {});
  const auto dot = reference.full_type.rfind('.');
  if (dot == std::string::npos) return plain(500, "Missing namespace");
  const auto* type = reference.full_type.substr(0, dot) == network
                         ? find_type(reference.full_type.substr(dot + 1))
                         : nullptr;
  if (type == nullptr) return type_not_found(reference.full_type);
  const auto kind = participant_type(*type);
  const auto id = ParticipantId::parse(reference.id);
  if (!kind || !id) {
    return plain(500,
                 "Participant '" + reference.full_type + "#" + reference.id + "' does not exist ");
  }
  return ledger::ParticipantRef{*kind, *id};
}

Subject subject_of(const ledger::IssueIdentity& payload) {
  const auto& owner = payload.participant;
  return {nullptr, crypto::to_hex(payload.identity),
          type_of(owner.type).full_name() + "#" + owner.id.text(), payload.name};
}

/// A file name in a header: anything but plain characters becomes "_".
std::string plain_name(std::string_view text) {
  std::string name(text);
  for (auto& c : name) {
    const bool plain_character = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                 (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' ||
                                 c == '@';
    if (!plain_character) c = '_';
  }
  return name;
}

std::string random_secret() {
  Bytes bytes(16);
  crypto::random_bytes(bytes);
  return to_hex(bytes);
}

net::HttpResponse card_response(const std::string& user, const std::string& secret) {
  net::HttpResponse response;
  response.content_type = "application/octet-stream";
  response.body = make_card(user, secret);
  response.headers.emplace_back(
      "Content-Disposition",
      "attachment; filename=" + plain_name(user) + "@" + std::string(business_network) + ".card");
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

/// The body as an object; answers itself and gives nothing otherwise.
std::optional<json::Value> read_object(const Exchange& exchange) {
  auto body = read_body(exchange.http);
  if (auto* problem = std::get_if<Problem>(&body)) {
    exchange.send(*problem);
    return std::nullopt;
  }
  auto& value = std::get<json::Value>(body);
  if (value.is_object()) return std::move(value);
  exchange.send(value_is_not_an_object());
  return std::nullopt;
}

}  // namespace

std::string administrator_identity(const Context& context) {
  return crypto::to_hex(
      tagged_hash("powershare/composer/administrator/1", context.ports().genesis_hash));
}

std::string make_card(std::string_view user, std::string_view secret) {
  json::Writer metadata;
  metadata.begin_object().key("version").integer(1).key("userName").string(user);
  metadata.key("businessNetwork").string(business_network);
  metadata.key("enrollmentSecret").string(secret).end_object();
  json::Writer connection;
  connection.begin_object().key("name").string("power-share");
  connection.key("x-type").string("power-share").key("version").string("1.0.0").end_object();
  Zip zip;
  zip.add("metadata.json", std::move(metadata).take());
  zip.add("connection.json", std::move(connection).take());
  return std::move(zip).take();
}

void get_identities(const ContextPtr& context, const ExchangePtr& exchange) {
  const auto view = open_view(*context, *exchange);
  if (!view) return;
  json::Writer out;
  out.begin_array();
  auto own = exchange->holder ? std::nullopt : std::optional(administrator_record(*context));
  const auto own_id = administrator_identity(*context);
  ledger::for_each_identity(view->state(), [&](const ledger::Identity& identity) {
    if (own && own_id < crypto::to_hex(identity.id)) {
      write(out, *own);
      own.reset();
    }
    Row row{record_of(*context, identity), {}};
    if (may_read(exchange->holder, view->state(), row)) write(out, row.record);
    return true;
  });
  if (own) write(out, *own);
  out.end_array();
  exchange->send_json(std::move(out).take());
}

void get_identity(const ContextPtr& context, const ExchangePtr& exchange, const std::string& id) {
  if (!exchange->holder && id == administrator_identity(*context)) {
    return exchange->send_json(to_json(administrator_record(*context)));
  }
  const auto view = open_view(*context, *exchange);
  if (!view) return;
  const auto digest = crypto::digest_from_hex(id);
  const auto identity = digest && crypto::to_hex(*digest) == id
                            ? ledger::find_identity(view->state(), *digest)
                            : std::nullopt;
  Row row{identity ? record_of(*context, *identity) : Record(), {}};
  if (!identity || !may_read(exchange->holder, view->state(), row)) {
    return exchange->send(system_object_not_found("Identity", id));
  }
  exchange->send_json(to_json(row.record));
}

void issue_identity(const ContextPtr& context, const ExchangePtr& exchange) {
  const auto body = read_object(*exchange);
  if (!body) return;
  const auto user = text_of(*body, "userID");
  if (user.empty()) return exchange->send(plain(500, "identityName not specified"));
  auto participant = read_participant(*body);
  if (auto* problem = std::get_if<Problem>(&participant)) return exchange->send(*problem);
  const auto secret = random_secret();
  ledger::IssueIdentity payload;
  payload.name = user;
  payload.participant = std::get<ledger::ParticipantRef>(participant);
  payload.secret_hash = crypto::sha256(as_bytes(secret));
  payload.identity = tagged_hash("powershare/composer/identity/1", payload.secret_hash);
  auto subject = subject_of(payload);
  submit(*context, *exchange, std::move(payload), std::move(subject), {},
         [exchange, user, secret](const Outcome<std::string>& result) {
           if (const auto* problem = std::get_if<Problem>(&result)) return exchange->send(*problem);
           exchange->send(card_response(user, secret));
         });
}

void bind_identity(const ContextPtr& context, const ExchangePtr& exchange) {
  const auto body = read_object(*exchange);
  if (!body) return;
  auto participant = read_participant(*body);
  if (auto* problem = std::get_if<Problem>(&participant)) return exchange->send(*problem);
  const auto certificate = text_of(*body, "certificate");
  if (certificate.empty()) return exchange->send(plain(500, "certificate not specified"));
  ledger::IssueIdentity payload;
  payload.identity = crypto::sha256(as_bytes(certificate));
  payload.name = crypto::to_hex(payload.identity);
  payload.participant = std::get<ledger::ParticipantRef>(participant);
  payload.certificate = certificate;
  auto subject = subject_of(payload);
  submit(*context, *exchange, std::move(payload), std::move(subject), {},
         [exchange](const Outcome<std::string>& result) {
           if (const auto* problem = std::get_if<Problem>(&result)) return exchange->send(*problem);
           exchange->send_no_content();
         });
}

void revoke_identity(const ContextPtr& context, const ExchangePtr& exchange,
                     const std::string& id) {
  const auto digest = crypto::digest_from_hex(id);
  if (!digest || crypto::to_hex(*digest) != id) {
    return exchange->send(system_object_not_found("Identity", id));
  }
  if (id == administrator_identity(*context)) {
    return exchange->send(plain(500, "The administrator's identity cannot be revoked"));
  }
  submit(*context, *exchange, ledger::RevokeIdentity{*digest}, {nullptr, id}, {},
         [exchange](const Outcome<std::string>& result) {
           if (const auto* problem = std::get_if<Problem>(&result)) return exchange->send(*problem);
           exchange->send_no_content();
         });
}

}  // namespace powershare::gateway::composer
