#include "gateway/usage.hpp"

#include <algorithm>
#include <utility>

#include "gateway/json.hpp"

namespace powershare::gateway {
namespace {

std::string day_text(UtcMillis time) {
  return to_iso8601(time).substr(0, 10);
}

bool is_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '-' || (c >= '0' && c <= '9'); });
}

std::size_t number_of(std::string_view screen) {
  const auto found = std::find(usage_screens.begin(), usage_screens.end(), screen);
  return static_cast<std::size_t>(found - usage_screens.begin());
}

std::uint64_t count_of(const json::Value* value) {
  if (value == nullptr || value->kind() != json::Kind::number) return 0;
  std::uint64_t count = 0;
  for (const char c : value->text()) {
    if (c < '0' || c > '9' || count > UINT64_MAX / 20) return 0;
    count = count * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return count;
}

}  // namespace

UsageCounters::UsageCounters(const std::string& stored) {
  if (!stored.empty()) read(stored);
}

std::string UsageCounters::scrubbed(std::string_view text) {
  std::string kept;
  char quote = 0;
  for (const char c : text) {
    if (kept.size() == max_error_bytes) break;
    if (quote != 0) {
      if (c == quote) quote = 0;
      continue;
    }
    // Within a word it is an apostrophe.
    const bool opens = c == '\'' && (kept.empty() || kept.back() == ' ' || kept.back() == '(');
    if (c == '"' || c == '`' || opens) {
      quote = c;
      kept += '*';
    } else if (c == '@' || c == '?') {
      break;
    } else if (c == '/' && kept.ends_with(":/")) {
      break;
    } else if (c >= '0' && c <= '9') {
      if (!kept.ends_with('#')) kept += '#';
    } else {
      kept += c >= ' ' && c <= '~' ? c : '.';
    }
  }
  // The word before "@" is as personal as what follows it.
  if (text.find('@') != std::string_view::npos) {
    const auto space = kept.rfind(' ');
    kept.resize(space == std::string::npos ? 0 : space);
  }
  return kept.empty() ? std::string("unknown") : kept;
}

UsageCounters::Day& UsageCounters::day_of(UtcMillis now) {
  auto& day = days_[day_text(now)];
  while (days_.size() > max_days) {
    // Of a clock that has gone back the present day is the oldest: it stays.
    const auto oldest = days_.begin();
    days_.erase(&oldest->second == &day ? std::prev(days_.end()) : oldest);
  }
  changed_ = true;
  return day;
}

bool UsageCounters::saw(std::string_view screen, UtcMillis now) {
  const auto number = number_of(screen);
  if (number == usage_screens.size()) return false;
  const std::lock_guard lock(mutex_);
  ++day_of(now).screens[number];
  return true;
}

void UsageCounters::failed(std::string_view text, UtcMillis now) {
  auto kept = scrubbed(text);
  const std::lock_guard lock(mutex_);
  auto& day = day_of(now);
  const auto known = day.errors.find(kept);
  if (known != day.errors.end()) {
    ++known->second;
  } else if (day.errors.size() < max_errors) {
    day.errors.emplace(std::move(kept), 1);
  } else {
    ++day.other_errors;
  }
}

bool UsageCounters::take_changed() {
  const std::lock_guard lock(mutex_);
  return std::exchange(changed_, false);
}

std::string UsageCounters::to_json() const {
  json::Writer out;
  out.begin_object().key("days").begin_array();
  const std::lock_guard lock(mutex_);
  for (auto entry = days_.rbegin(); entry != days_.rend(); ++entry) {
    const auto& [name, day] = *entry;
    out.begin_object().key("day").string(name).key("screens").begin_object();
    for (std::size_t i = 0; i < usage_screens.size(); ++i) {
      if (day.screens[i] > 0) out.key(usage_screens[i]).unsigned_integer(day.screens[i]);
    }
    out.end_object().key("errors").begin_array();
    for (const auto& [message, count] : day.errors) {
      out.begin_object().key("message").string(message);
      out.key("count").unsigned_integer(count).end_object();
    }
    out.end_array().key("other_errors").unsigned_integer(day.other_errors).end_object();
  }
  out.end_array().end_object();
  return std::move(out).take();
}

void UsageCounters::read(const std::string& stored) {
  const auto parsed = json::parse(stored);
  const auto* days = parsed && parsed->is_object() ? parsed->find("days") : nullptr;
  if (days == nullptr || !days->is_array()) return;
  for (const auto& item : days->items()) {
    const auto* name = item.is_object() ? item.find("day") : nullptr;
    if (name == nullptr || !is_day(name->text()) || days_.size() >= max_days) continue;
    auto& day = days_[name->text()];
    if (const auto* screens = item.find("screens"); screens != nullptr && screens->is_object()) {
      for (std::size_t i = 0; i < usage_screens.size(); ++i) {
        day.screens[i] = count_of(screens->find(usage_screens[i]));
      }
    }
    if (const auto* errors = item.find("errors"); errors != nullptr && errors->is_array()) {
      for (const auto& error : errors->items()) {
        const auto* message = error.is_object() ? error.find("message") : nullptr;
        if (message == nullptr || day.errors.size() >= max_errors) continue;
        day.errors[message->text().substr(0, max_error_bytes)] = count_of(error.find("count"));
      }
    }
    day.other_errors = count_of(item.find("other_errors"));
  }
}

}  // namespace powershare::gateway
