// What the routes share, and the functions that put each group of routes into the table.
#pragma once

#include <memory>

#include "gateway/event_streams.hpp"
#include "gateway/gateway.hpp"
#include "gateway/router.hpp"
#include "gateway/usage.hpp"

namespace powershare::gateway {

/// Lives as long as the gateway and every request under way.
struct AccessDesk;  ///< gateway/household/access_desk.hpp

struct Services {
  GatewayOptions options;
  Ports ports;
  EventStreams streams;
  std::shared_ptr<AccessDesk> access;  ///< passwords: their thread and who may try again when
  UsageCounters usage;
  std::string openapi;  ///< the document, written from the finished route table

  Services(GatewayOptions given_options, Ports given_ports);
};
using ServicesPtr = std::shared_ptr<Services>;

void add_etms_routes(Router& router, const ServicesPtr& services);
void add_node_routes(Router& router, const ServicesPtr& services);    // status, probes, genesis
void add_block_routes(Router& router, const ServicesPtr& services);   // blocks
void add_member_routes(Router& router, const ServicesPtr& services);  // members, certificates
void add_transaction_routes(Router& router, const ServicesPtr& services);  // transactions
void add_transaction_list_routes(Router& router, const ServicesPtr& services);
void add_registry_routes(Router& router, const ServicesPtr& services);    // participants, meters
void add_market_routes(Router& router, const ServicesPtr& services);      // slots, trades, bills
void add_slot_book_routes(Router& router, const ServicesPtr& services);   // a slot's orders
void add_slot_proof_routes(Router& router, const ServicesPtr& services);  // what a slot proves
void add_origin_routes(Router& router,
                       const ServicesPtr& services);  // certificates, shares, tariffs
void add_account_routes(Router& router, const ServicesPtr& services);        // accounts, totals
void add_account_proof_routes(Router& router, const ServicesPtr& services);  // a balance, proven
void add_event_routes(Router& router, const ServicesPtr& services);          // Server-Sent Events
void add_prepare_routes(Router& router, const ServicesPtr& services);        // for those who sign
/// Log-in, sessions, invitations, keys and the household's own record.
void add_household_access_routes(Router& router, const ServicesPtr& services);
/// Energy, money and news of a household.
void add_household_account_routes(Router& router, const ServicesPtr& services);
void add_meter_routes(Router& router, const ServicesPtr& services);  // one meter, disputes
void add_live_routes(Router& router, const ServicesPtr& services);   // live power
/// The owner's meters and disputes.
void add_household_metering_routes(Router& router, const ServicesPtr& services);
void add_usage_routes(Router& router, const ServicesPtr& services);  // counters of screens, faults
void add_page_routes(Router& router, const ServicesPtr& services);   // /, explorer, openapi

/// Opens a stream of Server-Sent Events after Last-Event-ID, or answers why not; `render` as in
/// EventStreams::add().
void open_event_stream(Services& services, const Request& request, const Responder& responder,
                       EventRenderer render);
std::vector<ParameterInfo> event_stream_parameters();

/// A snapshot for one request; answers 503 itself and gives nothing where there is none.
std::unique_ptr<ChainView> open_view(const Services& services, const Responder& responder);

}  // namespace powershare::gateway
