#include "gateway/composer/resources.hpp"

#include "gateway/composer/body.hpp"
#include "gateway/composer/lists.hpp"
#include "gateway/composer/multiuser.hpp"
#include "gateway/composer/submission.hpp"
#include "gateway/composer/transaction_index.hpp"
#include "ledger/parameters.hpp"
#include "ledger/registry.hpp"

namespace powershare::gateway::composer {
namespace {

/// A trade that the market has settled, by its id.
std::optional<Record> find_trade(const Context& context, const ChainView& view,
                                 const std::string& id) {
  const auto key = parse_trade_id(context.ports().genesis_hash, id);
  if (!key) return std::nullopt;
  const auto bytes = Encoder().time(key->slot).u32(key->index).data();
  const auto value = view.history().get(ledger::history_table::trades, bytes);
  if (!value) return std::nullopt;
  const auto row = ledger::parse_trade_row(bytes, *value);
  if (!row) return std::nullopt;
  const auto end = key->slot.value + ledger::parameters(view.state()).slot_ms;
  return trade_record(id, row->trade, {end});
}

std::optional<Record> find_transaction(const Context& context, const ChainView& view,
                                       const Type& type, const std::string& id) {
  if (type.name == "EnergyToCoins") {
    if (auto trade = find_trade(context, view, id)) return trade;
  }
  const auto digest = crypto::digest_from_hex(id);
  if (!digest || crypto::to_hex(*digest) != id) return std::nullopt;
  const auto place = view.place(*digest);
  if (!place || !*place) return std::nullopt;
  BlockReader blocks(view, context.ports().decode);
  const auto found = blocks.read((*place)->height, (*place)->index);
  if (!found) return std::nullopt;
  return transaction_record(type, id, found->transaction.payload, found->time);
}

/// Runs `then` with the row once its names are filled in.
void with_names(const ContextPtr& context, const ExchangePtr& exchange, Row row,
                std::function<void(Record)> then) {
  auto rows = std::make_shared<std::vector<Row>>();
  rows->push_back(std::move(row));
  fill_profiles(*context, rows,
                [exchange, rows, then = std::move(then)](std::optional<Problem> problem) {
                  if (problem) return exchange->send(*problem);
                  then(std::move(rows->front().record));
                });
}

/// Why a card's holder may not make or change that object, before any names are kept for it. The
/// ledger says the same of the rest.
std::optional<Problem> refusal(const Exchange& exchange, const Instance& instance, bool is_new) {
  if (!exchange.holder || instance.type->kind == Kind::transaction) return std::nullopt;
  const auto& who = exchange.holder->participant;
  const auto own = type_of(who.type).full_name() + "#" + who.id.text();
  const auto wanted = instance.type->full_name() + "#" + instance.id;
  if (!is_new && own == wanted) return std::nullopt;
  return access_denied(own, is_new ? "CREATE" : "UPDATE", wanted);
}

/// Keeps what a Resident's record commits to off the ledger and runs `then` with its commitment.
void keep_profile(const Context& context, Profile profile,
                  std::function<void(Outcome<Digest>)> then) {
  for (const auto* text : {&profile.first_name, &profile.last_name, &profile.email}) {
    if (text->size() > ledger::max_profile_text_bytes) {
      return then(plain(500, "A name or an e-mail address has at most " +
                                 std::to_string(ledger::max_profile_text_bytes) + " bytes"));
    }
  }
  auto* profiles = context.ports().profiles;
  if (profiles == nullptr)
    return then(unavailable("This peer keeps no names; ask another one.", 5));
  profiles->keep(std::move(profile), [then = std::move(then)](Result<Digest> kept) {
    if (!kept)
      return then(unavailable("Too few peers could keep the names: " + kept.error().detail(), 2));
    then(*kept);
  });
}

/// The same with the names of the body; for others than Residents at once. What the profile that
/// `known` commits to holds besides names, as a picture, stays.
void keep_names(const ContextPtr& context, const Instance& instance, const Digest& known,
                std::function<void(Outcome<Digest>)> then) {
  if (instance.type->find("firstName") == nullptr) return then(Digest{});
  auto finish = [context, then = std::move(then), first = instance.texts.at("firstName"),
                 last = instance.texts.at("lastName"),
                 email = instance.texts.at("email")](Profile profile) {
    profile.first_name = first;
    profile.last_name = last;
    profile.email = email;
    keep_profile(*context, std::move(profile), then);
  };
  auto* profiles = context->ports().profiles;
  if (profiles == nullptr || crypto::is_zero(known)) return finish(Profile{});
  profiles->fetch({known}, [finish](std::vector<std::optional<Profile>> found) {
    const bool there = !found.empty() && found.front().has_value();
    finish(there ? *std::move(found.front()) : Profile{});
  });
}

/// What the record of a participant commits to; zero for none and where there is no record.
Digest commitment_of(const ledger::StateReader& state, const Instance& instance) {
  const auto ref =
      ledger::parse_participant_ref(std::string(instance.type->name) + ":" + instance.id);
  const auto record = ref ? ledger::find_participant(state, *ref) : std::nullopt;
  return record ? record->profile : Digest{};
}

using Done = std::function<void(Outcome<Record>)>;

/// Submits one object and calls `done` with what the answer shows of it.
void create(const ContextPtr& context, const ExchangePtr& exchange,
            const std::shared_ptr<ChainView>& view, Instance instance,
            std::optional<std::size_t> item, Done done) {
  if (auto problem = refusal(*exchange, instance, true)) return done(std::move(*problem));
  keep_names(
      context, instance, {},
      [context, exchange, view, instance, item, done = std::move(done)](Outcome<Digest> profile) {
        if (auto* problem = std::get_if<Problem>(&profile)) return done(std::move(*problem));
        const bool is_transaction = instance.type->kind == Kind::transaction;
        auto payload = is_transaction ? transaction(instance, view->state())
                                      : creation(instance, std::get<Digest>(profile));
        if (auto* problem = std::get_if<Problem>(&payload)) return done(std::move(*problem));
        submit(*context, *exchange, std::move(std::get<ledger::Payload>(payload)),
               {instance.type, instance.id}, item,
               [echo = instance.echo, is_transaction, done](Outcome<std::string> result) {
                 if (auto* problem = std::get_if<Problem>(&result)) {
                   return done(std::move(*problem));
                 }
                 auto record = echo;
                 if (is_transaction) {
                   record.text("transactionId", std::get<std::string>(result));
                 }
                 done(std::move(record));
               });
      });
}

/// The answers of an array's items, sent when the last one is there.
class ArrayAnswer {
 public:
  ArrayAnswer(ExchangePtr exchange, std::size_t count)
      : exchange_(std::move(exchange)), missing_(count), results_(count) {}

  void take(std::size_t item, Outcome<Record> result) {
    const std::lock_guard lock(mutex_);
    results_[item] = std::move(result);
    if (--missing_ == 0) send();
  }

 private:
  void send() {
    json::Writer out;
    json::Writer errors;
    out.begin_array();
    errors.begin_array();
    bool failed = false;
    for (const auto& result : results_) {
      if (const auto* problem = std::get_if<Problem>(&*result)) {
        errors.raw(to_json(*problem));
        failed = true;
      } else {
        out.raw(to_json(std::get<Record>(*result)));
        errors.raw("null");
      }
    }
    out.end_array();
    errors.end_array();
    if (!failed) return exchange_->send_json(std::move(out).take());
    // What is committed cannot be taken back: null marks the items that were made.
    exchange_->send(Problem{500, "ArrayOfErrors",
                            "Failed with multiple errors, see `details` for more information.",
                            "\"details\":" + std::move(errors).take()});
  }

  ExchangePtr exchange_;
  std::mutex mutex_;
  std::size_t missing_;
  std::vector<std::optional<Outcome<Record>>> results_;
};

/// Reads all items; the first problem refuses the whole array before anything is submitted.
Outcome<std::vector<Instance>> read_items(const Context& context, const ChainView& view,
                                          const Type& type, const json::Value& body) {
  if (body.items().size() > max_array_items) {
    return plain(400, "An array has at most " + std::to_string(max_array_items) + " items");
  }
  std::vector<Instance> instances;
  for (const auto& item : body.items()) {
    auto instance = read_instance(type, context.namespaces, item);
    if (auto* problem = std::get_if<Problem>(&instance)) return std::move(*problem);
    auto& read = std::get<Instance>(instance);
    if (type.kind != Kind::transaction) {
      bool taken = find_row(view.state(), type, read.id).has_value();
      for (const auto& other : instances) taken = taken || other.id == read.id;
      if (taken) return object_exists(read.id);
    }
    instances.push_back(std::move(read));
  }
  return instances;
}

void post_array(const ContextPtr& context, const ExchangePtr& exchange, const Type& type,
                const json::Value& body) {
  if (body.items().empty()) return exchange->send_json("[]");
  const auto view = open_view(*context, *exchange);
  if (!view) return;
  auto items = read_items(*context, *view, type, body);
  if (auto* problem = std::get_if<Problem>(&items)) return exchange->send(*problem);
  if (!exchange->accepted()) return;
  auto& instances = std::get<std::vector<Instance>>(items);
  const auto answer = std::make_shared<ArrayAnswer>(exchange, instances.size());
  for (std::size_t i = 0; i < instances.size(); ++i) {
    create(context, exchange, view, std::move(instances[i]), i,
           [answer, i](Outcome<Record> result) { answer->take(i, std::move(result)); });
  }
}

void send_result(const Exchange& exchange, const Outcome<Record>& result) {
  if (const auto* problem = std::get_if<Problem>(&result)) return exchange.send(*problem);
  exchange.send_json(to_json(std::get<Record>(result)));
}

/// Submits a change of what is there. `kept` is the commitment to a Resident's names.
void submit_update(const ContextPtr& context, const ExchangePtr& exchange,
                   const std::shared_ptr<ChainView>& view, const Instance& instance) {
  if (const auto problem = refusal(*exchange, instance, false)) return exchange->send(*problem);
  const auto known = commitment_of(view->state(), instance);
  keep_names(context, instance, known,
             [context, exchange, view, instance](Outcome<Digest> profile) {
               if (auto* problem = std::get_if<Problem>(&profile)) return exchange->send(*problem);
               auto payload = update(instance, std::get<Digest>(profile), view->state());
               if (auto* problem = std::get_if<Problem>(&payload)) return exchange->send(*problem);
               submit(*context, *exchange, std::move(std::get<ledger::Payload>(payload)),
                      {instance.type, instance.id}, {},
                      [exchange, echo = instance.echo](Outcome<std::string> result) {
                        if (auto* problem = std::get_if<Problem>(&result)) {
                          return exchange->send(*problem);
                        }
                        exchange->send_json(to_json(echo));
                      });
             });
}

}  // namespace

std::optional<Row> find_any(const Context& context, const ChainView& view, const Type& type,
                            const std::string& id) {
  if (type.kind != Kind::transaction) return find_row(view.state(), type, id);
  auto record = find_transaction(context, view, type, id);
  if (!record) return std::nullopt;
  return Row{std::move(*record), {}};
}

void get_list(const ContextPtr& context, const ExchangePtr& exchange, const Type& type) {
  auto filter = read_filter(exchange->http, type);
  if (auto* problem = std::get_if<Problem>(&filter)) return exchange->send(*problem);
  auto view = open_view(*context, *exchange);
  if (!view) return;
  auto source = source_of(*context, view, type);
  answer_list(context, exchange, std::move(view), std::move(source),
              std::move(std::get<Filter>(filter)));
}

void get_item(const ContextPtr& context, const ExchangePtr& exchange, const Type& type,
              const std::string& id) {
  auto read = read_filter(exchange->http, type);
  if (auto* problem = std::get_if<Problem>(&read)) return exchange->send(*problem);
  const auto view = open_view(*context, *exchange);
  if (!view) return;
  auto row = find_any(*context, *view, type, id);
  if (!row || !may_read(exchange->holder, view->state(), *row)) {
    return exchange->send(model_not_found(model_name(type, context->namespaces), id));
  }
  with_names(context, exchange, std::move(*row),
             [exchange, view, filter = std::move(std::get<Filter>(read))](Record record) {
               if (filter.resolve) resolve(record, view->state(), exchange->principal());
               filter.select(record);
               exchange->send_json(to_json(record));
             });
}

void post(const ContextPtr& context, const ExchangePtr& exchange, const Type& type) {
  auto body = read_body(exchange->http);
  if (auto* problem = std::get_if<Problem>(&body)) return exchange->send(*problem);
  const auto& value = std::get<json::Value>(body);
  if (value.is_array()) return post_array(context, exchange, type, value);
  auto instance = read_instance(type, context->namespaces, value);
  if (auto* problem = std::get_if<Problem>(&instance)) return exchange->send(*problem);
  if (!exchange->accepted()) return;
  const auto view = open_view(*context, *exchange);
  if (!view) return;
  create(context, exchange, view, std::move(std::get<Instance>(instance)), {},
         [exchange](Outcome<Record> result) { send_result(*exchange, result); });
}

void put(const ContextPtr& context, const ExchangePtr& exchange, const Type& type,
         const std::string& id) {
  auto body = read_body(exchange->http);
  if (auto* problem = std::get_if<Problem>(&body)) return exchange->send(*problem);
  auto read = read_instance(type, context->namespaces, std::get<json::Value>(body), id);
  if (auto* problem = std::get_if<Problem>(&read)) return exchange->send(*problem);
  if (!exchange->accepted()) return;
  const auto view = open_view(*context, *exchange);
  if (!view) return;
  auto row = find_row(view->state(), type, id);
  if (!row) return exchange->send(object_not_found(type, id));
  const auto instance = std::get<Instance>(read);
  const auto wanted = exchange->http.header("if-match");
  if (!wanted) return submit_update(context, exchange, view, instance);
  with_names(
      context, exchange, std::move(*row),
      [context, exchange, view, instance, wanted](const Record& record) {
        if (!names_etag(*wanted, weak_etag(to_json(record)))) {
          return exchange->send(plain(412, "The object has been changed by somebody else since"));
        }
        submit_update(context, exchange, view, instance);
      });
}

void remove(const ContextPtr& context, const ExchangePtr& exchange, const Type& type,
            const std::string& id) {
  const auto view = open_view(*context, *exchange);
  if (!view) return;
  auto payload = deletion(type, id, view->state());
  if (auto* problem = std::get_if<Problem>(&payload)) return exchange->send(*problem);
  submit(*context, *exchange, std::move(std::get<ledger::Payload>(payload)), {&type, id}, {},
         [exchange](const Outcome<std::string>& result) {
           if (const auto* problem = std::get_if<Problem>(&result)) return exchange->send(*problem);
           exchange->send_no_content();
         });
}

}  // namespace powershare::gateway::composer
