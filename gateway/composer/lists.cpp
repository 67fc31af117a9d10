#include "gateway/composer/lists.hpp"

#include <algorithm>
#include <atomic>

#include "gateway/composer/multiuser.hpp"

namespace powershare::gateway::composer {
namespace {

constexpr std::size_t rows_per_page = 200;
/// A list that fits this is answered at once.
constexpr std::size_t max_body = 256 * 1024;
/// How much may wait for one reader: well below what a stream may queue.
constexpr std::size_t max_waiting = 512 * 1024;
/// How many objects may be sorted by `order`.
constexpr std::size_t max_sorted = 10'000;
/// A reader that takes longer holds on to an old state of the database.
constexpr std::int64_t max_list_ms = 10 * 60 * 1000;
/// What needs more pages than these is read by the worker, however little of it is shown.
constexpr std::size_t max_pages_at_once = 5;

/// One list under way. Runs on the caller's thread until it gets long, then on the worker's.
class ListJob : public std::enable_shared_from_this<ListJob> {
 public:
  ListJob(ContextPtr context, ExchangePtr exchange, std::shared_ptr<ChainView> view,
          std::unique_ptr<Source> source, Filter filter)
      : context_(std::move(context)),
        exchange_(std::move(exchange)),
        view_(std::move(view)),
        source_(std::move(source)),
        filter_(std::move(filter)),
        begun_(context_->ports().clock()) {}

  ~ListJob() {
    if (counted_) --context_->long_lists;
    if (stream_) stream_->close();
  }
  ListJob(const ListJob&) = delete;
  ListJob& operator=(const ListJob&) = delete;

  void run() {
    if (context_->ports().clock().value - begun_.value > max_list_ms) {
      if (!stream_) exchange_->send(unavailable("The list takes too long to read.", 60));
      return;
    }
    if (stream_ && stream_->queued_bytes() > max_waiting) return again(true);
    auto rows = std::make_shared<std::vector<Row>>(is_full() ? std::vector<Row>()
                                                             : source_->next(rows_per_page));
    if (rows->empty()) return finish();
    keep_readable(*exchange_, view_->state(), *rows);
    const auto returned = std::make_shared<std::atomic<bool>>(false);
    fill_profiles(
        *context_, rows,
        [self = shared_from_this(), rows, returned](std::optional<Problem> problem) {
          if (!*returned) return self->take(*rows, std::move(problem));
          // On a thread of the store's: not to be kept.
          self->context_->worker.post([self, rows, problem] { self->take(*rows, problem); });
        });
    *returned = true;
  }

 private:
  bool is_full() const {
    return filter_.order.empty() && filter_.limit && shown_ >= *filter_.limit;
  }

  void take(std::vector<Row>& rows, std::optional<Problem> problem) {
    if (problem) {
      if (!stream_) exchange_->send(*problem);
      return;  // a list that breaks off is not closed by its bracket
    }
    for (auto& row : rows) {
      if (!filter_.where.holds(row.record)) continue;
      if (filter_.order.empty()) {
        show(row.record);
      } else if (sorted_.size() < max_sorted) {
        sorted_.push_back(std::move(row.record));
      } else {
        return exchange_->send(
            plain(400, "There are too many objects to order; add a where clause"));
      }
    }
    if (!counted_) {
      if (++pages_ < max_pages_at_once && text_.size() < max_body) return run();
      if (!take_place()) return;
    }
    if (!stream_ && text_.size() >= max_body && !begin_stream()) return;
    if (stream_ && !text_.empty()) {
      if (!stream_->write(std::exchange(text_, {}))) return;
    }
    again(false);
  }

  /// False, and answered, where there are too many long lists already.
  bool take_place() {
    if (context_->long_lists.fetch_add(1) >= max_long_lists) {
      --context_->long_lists;
      exchange_->send(unavailable("This peer reads too many long lists now.", 5));
      return false;
    }
    counted_ = true;
    return true;
  }

  void show(Record& record) {
    if (skipped_ < filter_.skip) {
      ++skipped_;
      return;
    }
    if (filter_.limit && shown_ >= *filter_.limit) return;
    if (filter_.resolve) resolve(record, view_->state(), exchange_->principal());
    filter_.select(record);
    text_ += shown_++ == 0 ? "[" : ",";
    text_ += to_json(record);
  }

  /// False, and answered, where the client takes no JSON or is gone.
  bool begin_stream() {
    if (!exchange_->accepted()) return false;
    stream_ = exchange_->stream();
    return stream_ != nullptr;
  }

  void again(bool later) {
    context_->worker.post([self = shared_from_this()] { self->run(); }, later);
  }

  void finish() {
    sort(sorted_, filter_.order);
    for (auto& record : sorted_) show(record);
    text_ += shown_ == 0 ? "[]" : "]";
    if (stream_) {
      stream_->write(std::move(text_));
      stream_->close();
    } else {
      exchange_->send_json(std::move(text_));
    }
  }

  ContextPtr context_;
  ExchangePtr exchange_;
  std::shared_ptr<ChainView> view_;
  std::unique_ptr<Source> source_;  // reads view_
  Filter filter_;
  MonotonicMillis begun_;
  std::shared_ptr<net::HttpStream> stream_;
  std::string text_;
  std::vector<Record> sorted_;
  std::size_t shown_ = 0;
  std::size_t skipped_ = 0;
  std::size_t pages_ = 0;
  bool counted_ = false;
};

}  // namespace

std::unique_ptr<Source> source_of(const Context& context, std::shared_ptr<ChainView> view,
                                  const Type& type) {
  switch (type.kind) {
    case Kind::participant:
      return participant_source(std::move(view), type);
    case Kind::asset:
      return asset_source(std::move(view), type);
    case Kind::transaction:
      break;
  }
  return transaction_source(context, std::move(view), type);
}

void answer_list(const ContextPtr& context, const ExchangePtr& exchange,
                 std::shared_ptr<ChainView> view, std::unique_ptr<Source> source, Filter filter) {
  std::make_shared<ListJob>(context, exchange, std::move(view), std::move(source),
                            std::move(filter))
      ->run();
}

}  // namespace powershare::gateway::composer
