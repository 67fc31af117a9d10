#include "gateway/household/bill_pdf.hpp"

#include <algorithm>

#include "gateway/household/pdf_page.hpp"

namespace powershare::gateway::household {
namespace {

constexpr double left = 50;
constexpr double right = PdfPage::width - 50;
constexpr double bottom = PdfPage::height - 60;
constexpr double energy_column = 345;
constexpr double price_column = 450;

constexpr PdfColour ink{0.11, 0.14, 0.17};
constexpr PdfColour soft{0.38, 0.42, 0.46};
constexpr PdfColour accent{0.05, 0.42, 0.36};
constexpr PdfColour line_colour{0.82, 0.85, 0.87};
constexpr PdfColour tint{0.93, 0.97, 0.96};

constexpr PdfPage::Style body{9, false, ink};
constexpr PdfPage::Style strong{9, true, ink};
constexpr PdfPage::Style small{7.5, false, soft};
constexpr PdfPage::Style heading{10.5, true, accent};

std::string hex(const Digest& digest) {
  return crypto::to_hex(digest);
}

class Sheet {
 public:
  Sheet(const BillDocument& bill, const LocalTime& local, Language language)
      : bill_(bill),
        local_(local),
        language_(language),
        text_(bill_text(language)),
        page_({std::string(text_.title) + " " + month_title(language, bill.period.first),
               std::string(text_.not_invoice), ledger::to_text(bill.who),
               to_iso8601(bill.final ? bill.final_on : bill.period.to)}) {}

  std::string draw() {
    head();
    sum_box();
    lines();
    comparison_and_coins();
    energy();
    readings();
    proof();
    foot();
    return page_.finish();
  }

 private:
  std::string coins(Coins coins) const { return shown(language_, coins.nano(), 2); }
  std::string kwh(Energy energy) const { return shown(language_, energy.nano(), 3); }
  std::string price(Price price) const { return shown(language_, price.nano(), 4); }
  std::string day(UtcMillis time) const { return date_text(language_, local_.date_of(time)); }

  void foot() {
    page_.rule(left, bottom + 12, right - left, 0.5, line_colour);
    page_.text(left, bottom + 24, small, text_.not_invoice);
    page_.text_right(right, bottom + 24, small,
                     std::string(text_.page) + " " + std::to_string(number_));
  }

  /// Begins a new page where so much does not fit on this one.
  void need(double height) {
    if (y_ + height <= bottom) return;
    foot();
    page_.next_page();
    ++number_;
    y_ = 60;
  }

  void head() {
    page_.box(0, 0, PdfPage::width, 6, accent);
    page_.text(left, 46, {11, true, accent}, "Power Share");
    page_.text_right(right, 46, {9, false, soft}, text_.not_invoice);
    page_.text(left, 78, {20, true, ink},
               std::string(text_.title) + ", " + month_title(language_, bill_.period.first));
    const CivilDate last{bill_.period.end.days - 1};
    const std::string period =
        date_text(language_, bill_.period.first) + " – " + date_text(language_, last);
    const std::string status =
        std::string(bill_.final ? text_.final_since : text_.provisional_until) + " " +
        day(bill_.final_on);
    y_ = 100;
    const std::pair<std::string_view, std::string> rows[] = {
        {text_.household, ledger::to_text(bill_.who)},
        {text_.period, period},
        {text_.status, status}};
    for (const auto& row : rows) {
      page_.text(left, y_, {9, false, soft}, row.first);
      page_.text(left + 75, y_, body, row.second);
      y_ += 14;
    }
  }

  void sum_box() {
    const bool income = bill_.totals.cost.is_negative();
    const Coins size = income ? Coins::from_nano(-bill_.totals.cost.nano()) : bill_.totals.cost;
    const bool worse = bill_.totals.savings().is_negative();
    const Coins saved =
        worse ? Coins::from_nano(-bill_.totals.savings().nano()) : bill_.totals.savings();
    page_.box(left, y_, right - left, 48, tint);
    page_.text(left + 14, y_ + 18, {9, false, soft}, income ? text_.to_get : text_.to_pay);
    page_.text(left + 14, y_ + 38, {17, true, ink}, coins(size) + unit());
    page_.text_right(right - 14, y_ + 38, {9, false, soft}, worse ? text_.not_saved : text_.saved);
    page_.text_right(right - 14, y_ + 22, {13, true, accent}, coins(saved) + unit());
    y_ += 48;
  }
  std::string unit() const { return language_ == Language::portuguese ? " moedas" : " coins"; }

  void title(std::string_view words, double needed) {
    need(34 + needed);
    y_ += 26;
    page_.text(left, y_, heading, words);
    y_ += 6;
    page_.rule(left, y_, right - left, 0.8, accent);
  }

  void row(const PdfPage::Style& style, std::string_view item, std::string_view energy,
           std::string_view mean, std::string_view amount) {
    const auto words = page_.wrapped(style, energy_column - left - 60, item);
    need(14 * static_cast<double>(words.size()));
    bool first = true;
    for (const auto& line : words) {
      y_ += first ? 14 : 11;
      page_.text(left, y_, style, line);
      if (first) {
        page_.text_right(energy_column, y_, style, energy);
        page_.text_right(price_column, y_, style, mean);
        page_.text_right(right, y_, style, amount);
      }
      first = false;
    }
  }

  void lines() {
    title(text_.lines, 60);
    row({7.5, true, soft}, text_.item, text_.energy, text_.mean_price, text_.amount);
    std::int64_t left_over = hundredths(bill_.totals.cost.nano());
    if (bill_.entries.empty()) row(body, text_.nothing, "", "", "");
    for (const auto& entry : bill_.entries) {
      left_over -= hundredths(entry.amount.nano());
      row(body, line_text(language_, entry), entry.energy ? kwh(*entry.energy) : "",
          entry.mean_price ? price(*entry.mean_price) : "", coins(entry.amount));
      if (has_many_bands(entry)) {
        need(11);
        y_ += 10;
        page_.text(left + 8, y_, small, std::string(text_.band) + " " + price(*entry.band));
      }
    }
    if (left_over != 0) {
      row(body, text_.rounding, "", "", shown(language_, left_over * (nano_per_unit / 100), 2));
    }
    need(22);
    y_ += 6;
    page_.rule(left, y_, right - left, 0.5, ink);
    row(strong, text_.total, "", "", coins(bill_.totals.cost));
  }

  /// A band is named where the same line stands more than once.
  bool has_many_bands(const BillEntry& entry) const {
    if (!entry.band) return false;
    return std::count_if(bill_.entries.begin(), bill_.entries.end(), [&](const BillEntry& other) {
             return other.line == entry.line && other.counterparty == entry.counterparty;
           }) > 1;
  }

  using Pairs = std::vector<std::pair<std::string_view, std::string>>;
  /// Names and values between two edges, from where the page stands; gives its new height.
  double pairs(double from, double to, double y, const Pairs& rows) {
    for (const auto& [name, value] : rows) {
      const auto words = page_.wrapped(body, to - from - 62, name);
      y += 14;
      page_.text_right(to, y, strong, value);
      for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) y += 11;
        page_.text(from, y, body, words[i]);
      }
    }
    return y;
  }
  /// Two of them side by side, under a heading each.
  void two_columns(std::string_view title_a, const Pairs& a, std::string_view title_b,
                   const Pairs& b) {
    constexpr double gap = 30;
    const double middle = (left + right) / 2;
    need(40 + 20 * static_cast<double>(std::max(a.size(), b.size())));
    y_ += 26;
    page_.text(left, y_, heading, title_a);
    page_.text(middle + gap / 2, y_, heading, title_b);
    y_ += 6;
    page_.rule(left, y_, middle - gap / 2 - left, 0.8, accent);
    page_.rule(middle + gap / 2, y_, right - middle - gap / 2, 0.8, accent);
    const double end_a = pairs(left, middle - gap / 2, y_, a);
    const double end_b = pairs(middle + gap / 2, right, y_, b);
    y_ = std::max(end_a, end_b);
  }

  void comparison_and_coins() {
    const auto& totals = bill_.totals;
    Pairs account = {{text_.opening, coins(bill_.opening)}, {text_.closing, coins(bill_.closing)}};
    if (!bill_.opening_due.is_zero() || !bill_.closing_due.is_zero()) {
      account.emplace_back(text_.due_opening, coins(bill_.opening_due));
      account.emplace_back(text_.due_closing, coins(bill_.closing_due));
    }
    two_columns(text_.comparison,
                {{text_.without_market, coins(totals.cost_without_market)},
                 {text_.with_market, coins(totals.cost)},
                 {text_.savings, coins(totals.savings())}},
                text_.account, account);
  }

  std::string share(const ledger::Ratio& ratio) const {
    const auto nano = ratio.nano();
    return nano ? shown(language_, *nano * 100, 1) + " %" : std::string(text_.none);
  }

  void energy() {
    const auto& totals = bill_.totals;
    const auto emissions = emissions_of(totals);
    const auto kilograms = [&](std::int64_t grams) {
      return shown(language_, grams * (nano_per_unit / 1000), 1);
    };
    two_columns(text_.energy_title,
                {{text_.imported, kwh(totals.imported) + " kWh"},
                 {text_.exported, kwh(totals.exported) + " kWh"},
                 {text_.produced, kwh(totals.produced) + " kWh"},
                 {text_.consumed, kwh(totals.consumption()) + " kWh"}},
                "",
                {{text_.self_sufficiency, share(totals.self_sufficiency())},
                 {text_.self_consumption, share(totals.self_consumption())},
                 {text_.peak, shown(language_, kilowatts_nano(totals.peak, bill_.slot_ms), 2)},
                 {text_.caused, kilograms(emissions.caused_grams)},
                 {text_.avoided, kilograms(emissions.avoided_grams)}});
  }

  void paragraph(const PdfPage::Style& style, std::string_view words) {
    for (const auto& line : page_.wrapped(style, right - left, words)) {
      need(12);
      y_ += 12;
      page_.text(left, y_, style, line);
    }
  }

  void readings() {
    title(text_.completeness, 14);
    y_ += 2;
    const auto& missing = bill_.completeness.missing;
    if (missing.empty()) paragraph(body, text_.complete);
    if (!missing.empty()) {
      std::string words(text_.missing);
      for (const auto& each : missing) {
        words += (&each == &missing.front() ? " " : ", ") + each.meter + " (" +
                 std::to_string((each.seconds + 59) / 60) + " " + std::string(text_.minutes) + ")";
      }
      paragraph(body, words + ".");
    }
    if (bill_.final) return;
    paragraph(body, std::string(text_.settled_until) + " " +
                        to_iso8601(bill_.completeness.settled_until));
  }

  void proof() {
    title(text_.proof, 40);
    y_ += 2;
    if (!bill_.proof) {
      paragraph(small, text_.proof_none);
    } else {
      const auto height = std::to_string(bill_.proof->height);
      paragraph(small, std::string(text_.proof_text) + " " + height +
                           (bill_.proof->block ? ": " + hex(*bill_.proof->block) : "") + ".");
      paragraph(small, "GET /v1/blocks/" + height + ", /v1/blocks/" + height + "/certificate");
    }
    paragraph(small, std::string(text_.chain) + " " + hex(bill_.genesis));
  }

  const BillDocument& bill_;
  const LocalTime& local_;
  Language language_;
  const BillText& text_;
  PdfPage page_;
  double y_ = 0;
  int number_ = 1;
};

}  // namespace

std::string bill_pdf(const BillDocument& bill, const LocalTime& local, Language language) {
  return Sheet(bill, local, language).draw();
}

}  // namespace powershare::gateway::household
