// Serves the web application: its files, and its pages under any path that the application names.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/http.hpp"

namespace powershare::gateway {

/// The answer to a GET of a file of the application, or of a page (Accept: text/html) outside the
/// paths of the door's own; nothing for all else, and in a program without the application. A page
/// may talk to this peer and to `peers`, and to nobody else.
std::optional<net::HttpResponse> web_page(const std::vector<std::string>& peers,
                                          const net::HttpRequest& request);

/// True where Accept has text/html.
bool wants_page(const net::HttpRequest& request);

}  // namespace powershare::gateway
