// Requests of pages that came from another peer of the chain: when the peer that a page came from
// dies, the page goes on with the next one, and a browser wants to hear that this is meant.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/http.hpp"

namespace powershare::gateway {

/// The reply to use for `request`: itself, or one that lets the page read the answer, where its
/// Origin is one of `origins`. Null where the request was the browser's question beforehand
/// (OPTIONS), which is then answered. /api answers such questions in its own way.
std::shared_ptr<net::HttpReply> for_other_origins(const std::vector<std::string>& origins,
                                                  const net::HttpRequest& request,
                                                  std::shared_ptr<net::HttpReply> reply);

}  // namespace powershare::gateway
