// `powershare adapter`: a household's box. It hears meters of other makers, brings their readings
// to the peers, and tells Home Assistant what it knows.
#pragma once

#include <filesystem>

namespace powershare::apps {

struct AdapterOptions {
  std::filesystem::path config;  ///< adapter.yaml
};
int run_adapter(const AdapterOptions& options);

}  // namespace powershare::apps
