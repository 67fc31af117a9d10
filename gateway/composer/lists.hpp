// Lists: short ones in one answer with an ETag, long ones page by page from one snapshot, at the
// pace of whoever reads them, so that memory stays bounded.
#pragma once

#include <memory>
#include <vector>

#include "gateway/composer/context.hpp"
#include "gateway/composer/filter.hpp"

namespace powershare::gateway::composer {

/// Gives the rows of a list one page after another, in the order of the list.
class Source {
 public:
  virtual ~Source() = default;
  /// At most `most` rows; none only at the end.
  virtual std::vector<Row> next(std::size_t most) = 0;
};

/// Participants of one type or assets of one class, in byte order of ids.
std::unique_ptr<Source> participant_source(std::shared_ptr<ChainView> view, const Type& type);
std::unique_ptr<Source> asset_source(std::shared_ptr<ChainView> view, const Type& type);
/// Applied transactions of one type, and for EnergyToCoins the settled trades.
std::unique_ptr<Source> transaction_source(const Context& context, std::shared_ptr<ChainView> view,
                                           const Type& type);
/// The one that suits the type.
std::unique_ptr<Source> source_of(const Context& context, std::shared_ptr<ChainView> view,
                                  const Type& type);

/// Answers with what `source` gives and `filter` lets through; `state` is of the view that the
/// source reads, for include.
void answer_list(const ContextPtr& context, const ExchangePtr& exchange,
                 std::shared_ptr<ChainView> view, std::unique_ptr<Source> source, Filter filter);

}  // namespace powershare::gateway::composer
