// The words of a bill's pages in the languages of the application.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/household/bill.hpp"

namespace powershare::gateway::household {

enum class Language : std::uint8_t { english = 1, portuguese };
/// "en", "pt". Nothing for others.
std::optional<Language> language_of(std::string_view tag);
std::string_view tag_of(Language language);

struct BillText {
  std::string_view title, household, period, status, final_since, provisional_until, not_invoice;
  std::string_view to_pay, to_get, saved, not_saved;
  std::string_view lines, item, energy, mean_price, amount, rounding, total, nothing, band;
  std::string_view comparison, without_market, with_market, savings;
  std::string_view account, opening, closing, due_opening, due_closing;
  std::string_view energy_title, imported, exported, produced, consumed, self_consumption,
      self_sufficiency, peak, caused, avoided, none;
  std::string_view completeness, complete, missing, minutes, settled_until;
  std::string_view proof, proof_text, proof_none, chain, page;
  std::array<std::string_view, 12> months;
  bool decimal_comma;
};
const BillText& bill_text(Language language);
/// "Bought from neighbours", "Network fee, feeder": what stands before a line's figures.
std::string line_text(Language language, const BillEntry& entry);

/// Rounded half to even to so many decimals, with the language's decimal sign.
std::string shown(Language language, std::int64_t nano, int decimals);
/// In hundredths, rounded half to even: what `shown` with two decimals stands for.
std::int64_t hundredths(std::int64_t nano);
/// "1 October 2019", "1 de outubro de 2019".
std::string date_text(Language language, CivilDate date);
/// "October 2019", "outubro de 2019".
std::string month_title(Language language, CivilDate date);

}  // namespace powershare::gateway::household
