// Grid services from a file: `powershare market flexibility`, `curtail` and `dispatch` read one
// JSON object each and print one line of JSON, and a table on standard error
// (docs/grid-services.md).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "crypto/keys.hpp"

namespace powershare::apps {

enum class GridService { flexibility, curtailment, dispatch };

struct GridServiceOptions {
  GridService service = GridService::flexibility;
  std::filesystem::path file = "-";  ///< JSON; -: standard input
  std::filesystem::path key;         ///< signs the records of flexibility; empty: unsigned
  bool json = false;                 ///< no table on standard error
};
/// 64 where the file cannot be read, 65 where it is wrong.
int run_grid_service(const GridServiceOptions& options);

struct GridServiceAnswer {
  std::string json;   ///< one line
  std::string table;  ///< for people
};
/// AppError::damaged_data says in one sentence what is wrong.
Result<GridServiceAnswer> answer_flexibility(std::string_view text,
                                             const std::optional<crypto::KeyPair>& key);
Result<GridServiceAnswer> answer_curtailment(std::string_view text);
Result<GridServiceAnswer> answer_dispatch(std::string_view text);

}  // namespace powershare::apps
