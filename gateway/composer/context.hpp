// What the routes of /api share.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "gateway/composer/events.hpp"
#include "gateway/composer/exchange.hpp"
#include "gateway/composer/ledger_records.hpp"
#include "gateway/composer/wallets.hpp"
#include "gateway/composer/worker.hpp"
#include "gateway/services.hpp"

namespace powershare::gateway::composer {

/// Lists that the worker reads at one time; then 503.
inline constexpr int max_long_lists = 16;

struct Context {
  ServicesPtr services;
  ComposerNamespaces namespaces = ComposerNamespaces::never;
  Worker worker;
  std::atomic<int> long_lists{0};
  std::string started;  ///< wall-clock time of the start, for /status
  MonotonicMillis started_at;
  std::string swagger;                ///< the document, made once
  std::unique_ptr<EventFeed> events;  ///< always there
  std::unique_ptr<Wallets> wallets;   ///< in multi-user mode only

  const Ports& ports() const { return services->ports; }
};
using ContextPtr = std::shared_ptr<Context>;

/// A snapshot; answers 503 itself and gives nothing where there is none.
std::shared_ptr<ChainView> open_view(const Context& context, const Exchange& exchange);

/// Fills in the names that `rows` lack and then calls `done`, from any thread, once; with a problem
/// where they cannot be asked for.
void fill_profiles(const Context& context, std::shared_ptr<std::vector<Row>> rows,
                   std::function<void(std::optional<Problem>)> done);

/// "org.hyperledger.composer.system.NetworkAdmin#admin": whom an administrator's API key stands
/// for.
inline constexpr std::string_view administrator = "org.hyperledger.composer.system.NetworkAdmin";

}  // namespace powershare::gateway::composer
