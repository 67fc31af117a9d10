#include "gateway/household/bill_text.hpp"

#include <algorithm>
#include <cstdlib>

namespace powershare::gateway::household {
namespace {

constexpr BillText english{
    "Energy statement",
    "Household",
    "Period",
    "Status",
    "Final since",
    "Provisional; final on",
    "This statement is not a tax invoice.",
    "To pay for this month",
    "Earned in this month",
    "less than from the utility alone",
    "more than from the utility alone",
    "What the amount is made of",
    "Item",
    "Energy (kWh)",
    "Mean price (coins/kWh)",
    "Amount (coins)",
    "Rounding to two decimals",
    "Total",
    "No energy was settled in this month.",
    "while the utility's price was",
    "Compared with the utility alone",
    "The same energy at the utility's prices",
    "What it cost in the neighbourhood's market",
    "Savings",
    "Your coins",
    "Opening balance",
    "Closing balance",
    "Owed to the utility at the start",
    "Owed to the utility at the end",
    "Your energy",
    "Drawn from the grid",
    "Fed into the grid",
    "Produced",
    "Used at home",
    "Own production used at home or by neighbours",
    "Share not drawn from the utility",
    "Highest mean power of a slot (kW)",
    "CO2 of what was used (kg)",
    "CO2 avoided against the utility alone (kg)",
    "none",
    "Readings",
    "All readings of this period are there.",
    "Readings are missing:",
    "minutes",
    "Settled until",
    "Proof",
    "Every figure follows from the chain's blocks. This statement was last changed in block",
    "Nothing has been booked for this statement yet.",
    "Chain",
    "Page",
    {"January", "February", "March", "April", "May", "June", "July", "August", "September",
     "October", "November", "December"},
    false};

constexpr BillText portuguese{
    "Extrato de energia",
    "Casa",
    "Período",
    "Estado",
    "Definitivo desde",
    "Provisório; definitivo em",
    "Este extrato não é uma fatura fiscal.",
    "A pagar por este mês",
    "Ganho neste mês",
    "a menos do que só com o fornecedor",
    "a mais do que só com o fornecedor",
    "De que se compõe o valor",
    "Descrição",
    "Energia (kWh)",
    "Preço médio (moedas/kWh)",
    "Valor (moedas)",
    "Arredondamento a duas casas decimais",
    "Total",
    "Nenhuma energia foi liquidada neste mês.",
    "enquanto o preço do fornecedor era",
    "Comparação com o fornecedor",
    "A mesma energia aos preços do fornecedor",
    "O que custou no mercado da vizinhança",
    "Poupança",
    "As suas moedas",
    "Saldo inicial",
    "Saldo final",
    "Dívida ao fornecedor no início",
    "Dívida ao fornecedor no fim",
    "A sua energia",
    "Consumida da rede",
    "Injetada na rede",
    "Produzida",
    "Usada em casa",
    "Produção própria usada em casa ou pelos vizinhos",
    "Parte que não veio do fornecedor",
    "Maior potência média de um intervalo (kW)",
    "CO2 do que foi usado (kg)",
    "CO2 evitado face ao fornecedor (kg)",
    "nenhum",
    "Leituras",
    "Todas as leituras deste período estão presentes.",
    "Faltam leituras:",
    "minutos",
    "Liquidado até",
    "Prova",
    "Todos os números resultam dos blocos da cadeia. Este extrato mudou pela última vez no bloco",
    "Ainda nada foi lançado para este extrato.",
    "Cadeia",
    "Página",
    {"janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro",
     "outubro", "novembro", "dezembro"},
    true};

/// Words of a line by its name. A new line takes a row.
struct LineText {
  std::string_view line, english, portuguese;
};
constexpr LineText line_texts[] = {
    {"bought", "Bought from", "Comprado a"},
    {"sold", "Sold to", "Vendido a"},
    {"from_utility", "Delivered by", "Fornecido por"},
    {"to_utility", "Taken by", "Entregue a"},
    {"shortfall", "Promised and not delivered, bought from",
     "Prometido e não entregue, comprado a"},
    {"unused", "Bought and not used, sold to", "Comprado e não usado, vendido a"},
    {"late_from_utility", "Readings that came late, delivered by",
     "Leituras atrasadas, fornecido por"},
    {"late_to_utility", "Readings that came late, taken by", "Leituras atrasadas, entregue a"},
    {"correction_from_utility", "Correction of earlier months, delivered by",
     "Correção de meses anteriores, fornecido por"},
    {"correction_to_utility", "Correction of earlier months, taken by",
     "Correção de meses anteriores, entregue a"},
    {"network_fee", "Network fee, level", "Taxa de rede, nível"},
    {"losses", "Energy lost on the way from neighbours", "Perdas no caminho desde os vizinhos"},
};

std::string_view counterparty_text(Language language, ledger::ParticipantType type) {
  const bool pt = language == Language::portuguese;
  switch (type) {
    case ledger::ParticipantType::resident:
      return pt ? "vizinhos" : "neighbours";
    case ledger::ParticipantType::electric_vehicle:
      return pt ? "veículos elétricos" : "electric vehicles";
    case ledger::ParticipantType::bank:
      return pt ? "banco" : "the bank";
    case ledger::ParticipantType::utility_company:
      return pt ? "fornecedor" : "the utility";
  }
  return "";
}

struct DateParts {
  std::string year;
  std::size_t month = 1;
  std::string day;
};
DateParts parts_of(CivilDate date) {
  const std::string text = to_text(date);  // YYYY-MM-DD
  DateParts parts;
  parts.year = text.substr(0, 4);
  parts.month = static_cast<std::size_t>((text[5] - '0') * 10 + (text[6] - '0'));
  parts.day = text[8] == '0' ? text.substr(9) : text.substr(8);
  return parts;
}

}  // namespace

std::optional<Language> language_of(std::string_view tag) {
  if (tag == "en") return Language::english;
  if (tag == "pt") return Language::portuguese;
  return std::nullopt;
}
std::string_view tag_of(Language language) {
  return language == Language::portuguese ? "pt" : "en";
}

const BillText& bill_text(Language language) {
  return language == Language::portuguese ? portuguese : english;
}

std::string line_text(Language language, const BillEntry& entry) {
  std::string text = entry.line;
  for (const auto& known : line_texts) {
    if (known.line != entry.line) continue;
    text = language == Language::portuguese ? known.portuguese : known.english;
  }
  if (entry.counterparty)
    text += " " + std::string(counterparty_text(language, *entry.counterparty));
  if (!entry.level.empty()) text += " " + entry.level;
  return text;
}

std::string shown(Language language, std::int64_t nano, int decimals) {
  std::int64_t scale = 1;
  for (int i = 0; i < decimals; ++i) scale *= 10;
  const auto scaled = multiply_divide(nano, scale, nano_per_unit);
  const std::int64_t units = scaled ? *scaled : 0;
  std::string digits = std::to_string(units < 0 ? -units : units);
  const auto width = static_cast<std::size_t>(decimals) + 1;
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  if (decimals > 0) {
    digits.insert(digits.size() - static_cast<std::size_t>(decimals),
                  bill_text(language).decimal_comma ? "," : ".");
  }
  return (units < 0 ? "-" : "") + digits;
}

std::int64_t hundredths(std::int64_t nano) {
  const auto scaled = multiply_divide(nano, 100, nano_per_unit);
  return scaled ? *scaled : 0;
}

std::string date_text(Language language, CivilDate date) {
  const auto parts = parts_of(date);
  const auto month = bill_text(language).months.at(parts.month - 1);
  const std::string of = language == Language::portuguese ? " de " : " ";
  return parts.day + of + std::string(month) + of + parts.year;
}

std::string month_title(Language language, CivilDate date) {
  const auto parts = parts_of(date);
  const auto month = bill_text(language).months.at(parts.month - 1);
  return std::string(month) + (language == Language::portuguese ? " de " : " ") + parts.year;
}

}  // namespace powershare::gateway::household
