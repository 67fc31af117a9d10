#include "gateway/composer/swagger.hpp"

#include "base/quantities.hpp"
#include "gateway/composer/queries.hpp"
#include "gateway/json.hpp"
#include "ledger/participants.hpp"

namespace powershare::gateway::composer {
namespace {

std::string reference_to(std::string_view definition) {
  return R"({"$ref":"#/definitions/)" + std::string(definition) + "\"}";
}

std::string array_of(const std::string& schema) {
  return R"({"type":"array","items":)" + schema + "}";
}

struct Parameter {
  std::string_view name;
  std::string_view in;  ///< "path", "query" or "body"
  std::string_view type = "string";
  bool required = true;
  std::string schema{};  ///< of a body
  std::string_view description{};
};

struct Operation {
  std::string_view method;
  std::string id;
  std::string tag;
  std::string summary;
  std::vector<Parameter> parameters{};
  int status = 200;
  std::string schema{};  ///< of the answer; empty: no body
  std::string_view produces{};
  std::string_view consumes{};
};

constexpr std::string_view filter_description =
    "Filter defining fields, where, include, order, offset, and limit - must be a JSON-encoded "
    "string ({\"something\":\"value\"})";

class SwaggerWriter {
 public:
  SwaggerWriter(ComposerNamespaces namespaces, bool multiuser)
      : namespaces_(namespaces), multiuser_(multiuser) {}

  std::string document() {
    out_.begin_object().key("swagger").string("2.0");
    out_.key("info").begin_object().key("version").string("1.0.0");
    out_.key("title").string("smile-energy-network");
    out_.key("description").string("The Composer-compatible API of Power Share").end_object();
    out_.key("basePath").string("/api");
    out_.key("consumes").raw(R"(["application/json","application/x-www-form-urlencoded"])");
    out_.key("produces").raw(R"(["application/json"])");
    tags();
    out_.key("paths").begin_object();
    system_paths();
    if (multiuser_) wallet_paths();
    query_paths();
    for (const auto& type : types()) type_paths(type);
    out_.end_object();
    out_.key("securityDefinitions")
        .raw(R"({"api_key":{"type":"apiKey","name":"x-api-key","in":"header"}})");
    out_.key("security").raw(R"([{"api_key":[]}])");
    definitions();
    out_.end_object();
    return std::move(out_).take();
  }

 private:
  static std::string description_of(const Type& type) {
    const auto* article = type.kind == Kind::asset ? "An asset" : "A participant";
    return std::string(type.kind == Kind::transaction ? "A transaction" : article) + " named " +
           std::string(type.name);
  }

  void tag(std::string_view name, std::string_view description) {
    out_.begin_object().key("name").string(name).key("description").string(description);
    out_.end_object();
  }

  void tags() {
    out_.key("tags").begin_array();
    tag("System", "General business network methods");
    if (multiuser_) tag("Wallet", "The business network cards of an API key");
    tag("Query", "Named queries");
    for (const auto& type : types()) tag(model_name(type, namespaces_), description_of(type));
    out_.end_array();
  }

  void parameter(const Parameter& given) {
    out_.begin_object().key("name").string(given.name).key("in").string(given.in);
    if (!given.description.empty()) out_.key("description").string(given.description);
    out_.key("required").boolean(given.required);
    if (given.schema.empty()) {
      out_.key("type").string(given.type);
      if (given.type == "number") out_.key("format").string("double");
    } else {
      out_.key("schema").raw(given.schema);
    }
    out_.end_object();
  }

  void operation(const Operation& given) {
    out_.key(given.method).begin_object();
    out_.key("tags").begin_array().string(given.tag).end_array();
    out_.key("summary").string(given.summary).key("operationId").string(given.id);
    out_.key("parameters").begin_array();
    for (const auto& each : given.parameters) parameter(each);
    out_.end_array();
    if (!given.consumes.empty()) {
      out_.key("consumes").begin_array().string(given.consumes).end_array();
    }
    if (!given.produces.empty()) {
      out_.key("produces").begin_array().string(given.produces).end_array();
    }
    out_.key("responses").begin_object().key(std::to_string(given.status)).begin_object();
    out_.key("description").string("Request was successful");
    if (!given.schema.empty()) out_.key("schema").raw(given.schema);
    out_.end_object().end_object().key("deprecated").boolean(false).end_object();
  }

  void path(const std::string& pattern, const std::vector<Operation>& operations) {
    out_.key(pattern).begin_object();
    for (const auto& each : operations) operation(each);
    out_.end_object();
  }

  void system_paths() {
    const auto get = [](std::string id, std::string summary, std::string schema) {
      return Operation{"get", "System." + id,   "System", std::move(summary), {},
                       200,   std::move(schema)};
    };
    const auto by_id = [&](std::string id, std::string summary) {
      auto made = get(std::move(id), std::move(summary), R"({"type":"object"})");
      made.parameters = {{"id", "path"}};
      return made;
    };
    const auto post = [](std::string id, std::string summary, std::string_view definition) {
      return Operation{"post",
                       "System." + id,
                       "System",
                       std::move(summary),
                       {{"data", "body", {}, true, reference_to(definition)}},
                       204};
    };
    path("/system/ping", {get("ping", "Test the connection to the business network",
                              reference_to("PingResponse"))});
    path("/system/historian",
         {get("getAllHistorianRecords", "Get all historian records from the historian",
              array_of(R"({"type":"object"})"))});
    path("/system/historian/{id}",
         {by_id("getHistorianRecordByID", "Get the specified historian record")});
    path("/system/identities",
         {get("getAllIdentities", "Get all identities", array_of(R"({"type":"object"})"))});
    path("/system/identities/{id}", {by_id("getIdentityByID", "Get the specified identity")});
    auto issue = post("issueIdentity", "Issue an identity to the specified participant",
                      "IssueIdentityRequest");
    issue.status = 200;
    issue.schema = R"({"type":"file"})";
    issue.produces = "application/octet-stream";
    path("/system/identities/issue", {issue});
    path("/system/identities/bind",
         {post("bindIdentity", "Bind an identity to the specified participant",
               "BindIdentityRequest")});
    auto revoke = by_id("revokeIdentity", "Revoke the specified identity");
    revoke.method = "post";
    revoke.status = 204;
    revoke.schema.clear();
    path("/system/identities/{id}/revoke", {revoke});
  }

  void wallet_paths() {
    const std::string card =
        R"({"type":"object","properties":{"name":{"type":"string"},"default":{"type":"boolean"}}})";
    const auto made = [](std::string_view method, std::string id, std::string summary,
                         std::vector<Parameter> parameters) {
      return Operation{method, "Card." + id, "Wallet", std::move(summary), std::move(parameters),
                       204};
    };
    const Parameter name{"name", "path"};
    auto list = made("get", "getAllCards", "Get all business network cards in the wallet", {});
    list.status = 200;
    list.schema = array_of(card);
    path("/wallet", {list});
    auto import = made("post", "importCard", "Import a business network card into the wallet",
                       {{"card", "formData", "file"}, {"name", "query", "string", false}});
    import.consumes = "multipart/form-data";
    path("/wallet/import", {import});
    auto one = made("get", "getCardByName", "Get a business network card", {name});
    one.status = 200;
    one.schema = card;
    path("/wallet/{name}",
         {one, made("head", "existsCardByName", "Check if a card is in the wallet", {name}),
          made("delete", "deleteCardByName", "Delete a business network card", {name})});
    path("/wallet/{name}/setDefault",
         {made("post", "setDefault", "Set a business network card as the default", {name})});
  }

  void query_paths() {
    for (const auto& query : named_queries()) {
      const auto* type = find_type(query.type);
      Operation get{"get", "Query." + std::string(query.name), "Query",
                    std::string(query.description)};
      get.schema = array_of(type != nullptr ? reference_to(model_name(*type, namespaces_))
                                            : R"({"type":"object"})");
      if (!query.parameter.empty()) {
        get.parameters = {{query.parameter, "query", query.is_number ? "number" : "string"}};
      }
      path("/queries/" + std::string(query.name), {get});
    }
  }

  void type_paths(const Type& type) {
    const auto model = model_name(type, namespaces_);
    const auto schema = reference_to(model);
    const auto make = [&](std::string_view method, std::string id, std::string summary) {
      Operation made{method, model + "." + std::move(id), model, std::move(summary)};
      made.schema = schema;
      return made;
    };
    const Parameter filter{"filter", "query", "string", false, {}, filter_description};
    auto find = make("get", "find",
                     "Find all instances of the model matched by filter from the data source.");
    find.parameters = {filter};
    find.schema = array_of(schema);
    auto create = make("post", "create",
                       "Create a new instance of the model and persist it into the data source.");
    create.parameters = {{"data", "body", {}, false, schema, "Model instance data"}};
    const auto base = "/" + route_name(type, namespaces_);
    path(base, {find, create});

    auto find_by_id =
        make("get", "findById", "Find a model instance by {{id}} from the data source.");
    find_by_id.parameters = {{"id", "path"}, filter};
    auto exists =
        make("head", "exists", "Check whether a model instance exists in the data source.");
    exists.parameters = {{"id", "path"}};
    exists.schema.clear();
    std::vector<Operation> of_item{find_by_id, exists};
    if (type.kind != Kind::transaction) {
      auto replace = make("put", "replaceById",
                          "Replace attributes for a model instance and persist it into the data "
                          "source.");
      replace.parameters = {{"id", "path"}, {"data", "body", {}, false, schema}};
      auto remove =
          make("delete", "deleteById", "Delete a model instance by {{id}} from the data source.");
      remove.parameters = {{"id", "path"}};
      remove.status = 204;
      remove.schema.clear();
      of_item.push_back(replace);
      of_item.push_back(remove);
    }
    path(base + "/{id}", of_item);
  }

  void property(const Field& field) {
    out_.key(field.name);
    if (field.kind == FieldKind::reference) {
      out_.raw(reference_to("x-any"));
      return;
    }
    out_.begin_object().key("type").string(field.kind == FieldKind::number ? "number" : "string");
    if (field.kind == FieldKind::number) out_.key("format").string("double");
    if (field.is_rate) out_.key("default").number(ledger::default_rate.nano());
    const auto values = enum_values(field.kind);
    if (!values.empty()) {
      out_.key("enum").begin_array();
      for (const auto value : values) out_.string(value);
      out_.end_array();
    }
    out_.end_object();
  }

  void definition(const Type& type) {
    out_.key(model_name(type, namespaces_)).begin_object();
    out_.key("description").string(description_of(type)).key("properties").begin_object();
    out_.key("$class").begin_object().key("type").string("string");
    out_.key("default").string(type.full_name());
    out_.key("description").string("The class identifier for this type").end_object();
    for (const auto& field : type.fields) property(field);
    const bool is_transaction = type.kind == Kind::transaction;
    if (is_transaction) {
      out_.key("transactionId").raw(R"({"type":"string"})");
      out_.key("timestamp").raw(R"({"type":"string","format":"date-time"})");
    }
    out_.end_object().key("required").begin_array();
    for (const auto& field : type.fields) {
      if (!field.is_rate) out_.string(field.name);
    }
    out_.end_array().key("additionalProperties").boolean(false).end_object();
  }

  void text_definition(std::string_view name, std::initializer_list<std::string_view> properties,
                       std::initializer_list<std::string_view> required) {
    out_.key(name).begin_object().key("properties").begin_object();
    for (const auto each : properties) out_.key(each).raw(R"({"type":"string"})");
    if (name == "IssueIdentityRequest") out_.key("options").raw(R"({"type":"object"})");
    out_.end_object();
    if (required.size() > 0) {
      out_.key("required").begin_array();
      for (const auto each : required) out_.string(each);
      out_.end_array();
    }
    out_.key("additionalProperties").boolean(false).end_object();
  }

  void definitions() {
    out_.key("definitions").begin_object();
    text_definition("PingResponse", {"version", "participant", "identity"}, {"version"});
    text_definition("IssueIdentityRequest", {"participant", "userID"}, {"participant", "userID"});
    text_definition("BindIdentityRequest", {"participant", "certificate"},
                    {"participant", "certificate"});
    for (const auto& type : types()) definition(type);
    out_.key("x-any").raw(R"({"properties":{}})").end_object();
  }

  ComposerNamespaces namespaces_;
  bool multiuser_;
  json::Writer out_;
};

}  // namespace

std::string swagger_document(ComposerNamespaces namespaces, bool multiuser) {
  return SwaggerWriter(namespaces, multiuser).document();
}

}  // namespace powershare::gateway::composer
