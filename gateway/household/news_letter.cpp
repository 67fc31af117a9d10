#include "gateway/household/news_letter.hpp"

#include <array>

#include "crypto/hmac.hpp"
#include "gateway/household/news_json.hpp"

namespace powershare::gateway::household {
namespace {

using ledger::NewsKind;

struct Words {
  NewsKind kind;
  std::string_view english;
  std::string_view portuguese;
};
constexpr Words all_words[] = {
    {NewsKind::low_balance, "Your balance of coins is low.", "O seu saldo de moedas está baixo."},
    {NewsKind::top_up, "Coins were bought automatically.",
     "Foram compradas moedas automaticamente."},
    {NewsKind::cash_request_approved, "Your cash request was approved.",
     "O seu pedido de dinheiro foi aprovado."},
    {NewsKind::cash_request_refused, "Your cash request was refused.",
     "O seu pedido de dinheiro foi recusado."},
    {NewsKind::invitation, "Somebody was invited to act for your household.",
     "Alguém foi convidado a agir em nome da sua casa."},
    {NewsKind::access_added, "Somebody has accepted an invitation to your household.",
     "Alguém aceitou um convite para a sua casa."},
    {NewsKind::login_changed, "A password or key of your household was changed.",
     "Uma palavra-passe ou chave da sua casa foi alterada."},
    {NewsKind::login_removed, "A log-in of your household was removed.",
     "Um acesso da sua casa foi removido."},
    {NewsKind::log_in, "Somebody has logged in to your household.",
     "Alguém iniciou sessão na sua casa."},
    {NewsKind::meter_quarantined, "A meter of yours is in quarantine.",
     "Um contador seu está em quarentena."},
    {NewsKind::meter_trusted, "A meter of yours is trusted again.",
     "Um contador seu voltou a ser de confiança."},
    {NewsKind::reading_disputed, "A reading was disputed.", "Uma leitura foi contestada."},
    {NewsKind::dispute_upheld, "A disputed reading was found wrong.",
     "Uma leitura contestada foi considerada errada."},
    {NewsKind::dispute_dismissed, "A disputed reading was found right.",
     "Uma leitura contestada foi considerada correta."},
    {NewsKind::slot_corrected, "A settled slot was corrected.",
     "Um período já liquidado foi corrigido."},
};

Words words_of(NewsKind kind) {
  for (const auto& words : all_words) {
    if (words.kind == kind) return words;
  }
  return {kind, "There is news for your household.", "Há novidades para a sua casa."};
}

/// "Mon, 30 Nov 2026 22:00:00 +0000".
std::string mail_date(UtcMillis time) {
  constexpr std::array weekdays{"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto text = to_iso8601(time);  // "2026-11-30T22:00:00…"
  const auto days = time.value / millis_per_day;
  const auto month = static_cast<std::size_t>((text[5] - '0') * 10 + (text[6] - '0') - 1);
  return std::string(weekdays[static_cast<std::size_t>(days % 7)]) + ", " + text.substr(8, 2) +
         " " + months[month % 12] + " " + text.substr(0, 4) + " " + text.substr(11, 8) + " +0000";
}

/// The members of the news' JSON as lines of a text.
std::string details_of(const ledger::NewsRow& row) {
  json::Writer out;
  out.begin_object();
  write_news(out, row);
  out.end_object();
  const auto parsed = json::parse(std::move(out).take());
  std::string lines;
  if (!parsed) return lines;
  for (const auto& [name, value] : parsed->members()) {
    lines += "  " + name + ": " + value.text() + "\r\n";
  }
  return lines;
}

}  // namespace

std::string news_id(std::string_view chain, const ledger::NewsRow& row) {
  return std::string(chain) + "." + std::to_string(row.height) + "." + std::to_string(row.index) +
         "." + ledger::to_text(row.participant);
}

std::string webhook_body(std::string_view chain, const ledger::NewsRow& row) {
  json::Writer out;
  out.begin_object().key("delivery").string(news_id(chain, row)).key("chain").string(chain);
  out.key("participant").string(ledger::to_text(row.participant)).key("news").begin_object();
  write_news(out, row);
  out.end_object().end_object();
  return std::move(out).take();
}

std::string webhook_signature(std::string_view secret, std::int64_t seconds,
                              std::string_view body) {
  const auto signed_text = std::to_string(seconds) + "." + std::string(body);
  return "sha256=" + crypto::to_hex(crypto::hmac_sha256(as_bytes(secret), as_bytes(signed_text)));
}

std::string mail_text(std::string_view chain, const ledger::NewsRow& row, const std::string& from,
                      const std::string& to, UtcMillis now) {
  const auto words = words_of(row.kind);
  const auto id = crypto::to_hex(crypto::sha256(as_bytes(news_id(chain, row)))).substr(0, 32);
  const auto domain = from.substr(from.find('@') + 1);
  std::string text;
  text += "Date: " + mail_date(now) + "\r\n";
  text += "From: Power Share <" + from + ">\r\n";
  text += "To: <" + to + ">\r\n";
  text += "Message-ID: <" + id + "@" + domain + ">\r\n";
  text += "Subject: Power Share: " + std::string(words.english) + "\r\n";
  text += "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n";
  text += "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";
  text += std::string(words.english) + "\r\n" + std::string(words.portuguese) + "\r\n\r\n";
  text += details_of(row);
  text +=
      "\r\nYour household chose to be told by mail; its settings end that.\r\n"
      "A sua casa escolheu ser avisada por correio; pode terminar nas definições.\r\n";
  return text;
}

}  // namespace powershare::gateway::household
