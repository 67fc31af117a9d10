#include "net/http_connection.hpp"
#include "net/thread.hpp"
#include "net/tls_files.hpp"

namespace powershare::net {
namespace server {
namespace {

constexpr std::size_t max_refusals_at_once = 256;
constexpr std::chrono::milliseconds accept_back_off{100};

}  // namespace

// 0 = come in, 429 or 503 = refuse with that status, -1 = no room even for refusing.
int Shared::admit(const std::string& address) {
  const std::lock_guard lock(mutex);
  int status = 0;
  if (connections >= options.max_connections) {
    status = 503;
  } else if (const auto found = per_address.find(address);
             found != per_address.end() && found->second >= options.max_connections_per_address) {
    status = 429;
  }
  if (status == 0) {
    ++connections;
    ++per_address[address];
    return 0;
  }
  if (refusals >= max_refusals_at_once) return -1;
  ++refusals;
  return status;
}

void Shared::release(const std::string& address, bool admitted) {
  const std::lock_guard lock(mutex);
  if (admitted) {
    --connections;
    const auto found = per_address.find(address);
    if (--found->second == 0) per_address.erase(found);
  } else {
    --refusals;
  }
  changed.notify_all();
}

namespace {

std::string address_text(const tcp::socket& socket) {
  error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return "unknown";
  const auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

class Server final : public HttpServer {
 public:
  Server(HttpServerOptions options, HttpHandler handler) : shared_(std::make_shared<Shared>()) {
    shared_->options = std::move(options);
    shared_->handler = std::move(handler);
    for (int i = 0; i < std::max(1, shared_->options.threads); ++i)
      loops_.push_back(std::make_shared<Loop>());
    acceptor_.emplace(loops_.front()->context);
    back_off_.emplace(loops_.front()->context);
    reload_.emplace(loops_.front()->context);
  }
  ~Server() override { stop(std::chrono::milliseconds(0)); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  Result<void> bind();
  void run();
  std::uint16_t port() const override { return port_; }
  void stop(std::chrono::milliseconds grace) override;
  std::size_t open_connections() const override {
    const std::lock_guard lock(shared_->mutex);
    return shared_->connections;
  }

 private:
  void accept();
  void watch_files();
  void admit(const std::shared_ptr<Loop>& loop, tcp::socket socket);
  template <class Action>
  void for_each_connection(Action action);

  std::shared_ptr<Shared> shared_;
  std::vector<std::shared_ptr<Loop>> loops_;
  std::optional<tcp::acceptor> acceptor_;
  std::optional<asio::steady_timer> back_off_;
  std::unique_ptr<TlsFiles> tls_;  ///< like the acceptor on the first loop's thread
  std::optional<asio::steady_timer> reload_;
  std::size_t next_loop_ = 0;
  std::uint16_t port_ = 0;
  std::mutex stop_mutex_;
};

Result<void> Server::bind() {
  const auto& options = shared_->options;
  if (options.tls) {
    auto files = TlsFiles::open(options.tls->certificate, options.tls->key);
    if (!files) return files.error();
    tls_ = std::move(*files);
  }
  error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) return Error{NetError::bad_address, "not an IP address: " + options.address};
  const tcp::endpoint endpoint(address, options.port);
  acceptor_->open(endpoint.protocol(), error);
  if (!error) acceptor_->set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_->bind(endpoint, error);
  if (!error) acceptor_->listen(asio::socket_base::max_listen_connections, error);
  const auto place = options.address + " port " + std::to_string(options.port);
  if (error == asio::error::address_in_use)
    return Error{NetError::address_in_use, place + " is in use"};
  if (error) return Error{NetError::bad_address, place + ": " + error.message()};
  port_ = acceptor_->local_endpoint(error).port();
  return {};
}

void Server::run() {
  accept();
  if (tls_) watch_files();
  for (auto& loop : loops_)
    loop->thread = start_thread([&context = loop->context] { context.run(); });
}

void Server::accept() {
  auto loop = loops_[next_loop_++ % loops_.size()];
  auto& context = loop->context;
  acceptor_->async_accept(
      context, [this, loop = std::move(loop)](const error_code& error, tcp::socket socket) {
        if (error == asio::error::operation_aborted || shared_->draining) return;
        if (!error) admit(loop, std::move(socket));
        const bool exhausted = error == asio::error::no_descriptors ||
                               error == asio::error::no_buffer_space ||
                               error == asio::error::no_memory ||
                               error == boost::system::errc::too_many_files_open_in_system;
        if (!exhausted) return accept();
        back_off_->expires_after(accept_back_off);
        back_off_->async_wait([this](const error_code& cancelled) {
          if (!cancelled && !shared_->draining) accept();
        });
      });
}

void Server::watch_files() {
  reload_->expires_after(shared_->options.tls->reload_interval);
  reload_->async_wait([this](const error_code& cancelled) {
    if (cancelled || shared_->draining) return;
    const auto read = tls_->check();
    if (read && shared_->options.tls->on_reload) shared_->options.tls->on_reload(*read);
    watch_files();
  });
}

void Server::admit(const std::shared_ptr<Loop>& loop, tcp::socket socket) {
  const auto address = address_text(socket);
  const int status = shared_->admit(address);
  if (status < 0) return;  // closes it
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  std::unique_ptr<TlsSession> tls;
  if (tls_) tls = std::make_unique<TlsSession>(tls_->present());
  auto connection = std::make_shared<Connection>(
      shared_, loop, std::make_shared<ByteStream>(std::move(socket), std::move(tls)), address,
      status == 0);
  asio::post(loop->context, [loop_pointer = loop.get(), connection, status] {
    loop_pointer->connections.insert(connection);
    connection->start(status);
  });
}

template <class Action>
void Server::for_each_connection(Action action) {
  for (auto& loop : loops_)
    asio::post(loop->context, [pointer = loop.get(), action] {
      const auto connections = pointer->connections;  // the action may take one out
      for (const auto& connection : connections) action(*connection);
    });
}

void Server::stop(std::chrono::milliseconds grace) {
  const std::lock_guard only_once(stop_mutex_);
  if (!loops_.front()->thread.joinable()) return;
  shared_->draining = true;
  asio::post(loops_.front()->context, [this] {
    error_code ignored;
    acceptor_->close(ignored);
    back_off_->cancel();
    reload_->cancel();
  });
  for_each_connection([](Connection& connection) { connection.drain(); });
  {
    std::unique_lock lock(shared_->mutex);
    shared_->changed.wait_for(
        lock, grace, [this] { return shared_->connections == 0 && shared_->refusals == 0; });
  }
  for_each_connection([](Connection& connection) { connection.close(); });
  for (auto& loop : loops_) {
    loop->work.reset();
    loop->thread.join();
  }
  acceptor_.reset();
  back_off_.reset();
  reload_.reset();
}

}  // namespace
}  // namespace server

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpServerOptions options,
                                                      HttpHandler handler) {
  auto created = std::make_unique<server::Server>(std::move(options), std::move(handler));
  if (auto bound = created->bind(); !bound) return bound.error();
  created->run();
  return std::unique_ptr<HttpServer>(std::move(created));
}

}  // namespace powershare::net
