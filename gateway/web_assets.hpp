// The web application's files, which the build puts into the program (web/embed.py).
#pragma once

#include <span>
#include <string_view>

namespace powershare::gateway {

struct WebAsset {
  std::string_view path;  ///< "/assets/app-1a2b3c4d.js"
  std::string_view content_type;
  std::string_view etag;  ///< with its quotes: the content's hash
  bool hashed = false;    ///< the path changes with the content, so that it may be kept for ever
  std::string_view content;
  std::string_view gzip;  ///< the same, compressed; empty where there is none
  std::string_view brotli;
};

/// By path. None where the program was built without the application.
std::span<const WebAsset> web_assets();

}  // namespace powershare::gateway
