#include <algorithm>
#include <charconv>
#include <concepts>
#include <limits>

#include "gateway/error.hpp"
#include "gateway/payload_fields.hpp"
#include "gateway/payload_json.hpp"
#include "gateway/payload_names.hpp"

namespace powershare::gateway {
namespace {

constexpr std::size_t max_text_bytes = 256;

/// After the first fault it reads nothing more; finish() tells.
class ReadArchive {
 public:
  /// `prefix` stands before field names in messages: "participant.".
  explicit ReadArchive(const json::Value& value, std::string prefix = {})
      : value_(value), prefix_(std::move(prefix)) {
    if (!value.is_object()) {
      fail(prefix_.empty() ? "The body" : prefix_.substr(0, prefix_.size() - 1), "an object");
    }
  }

  template <class T>
  void field(std::string_view name, T& out) {
    known_.emplace_back(name);
    const auto* found = value_.find(name);
    if (found == nullptr || found->is_null()) {
      if (ok()) fail(name, "given");
      return;
    }
    if (ok()) read(name, *found, out);
  }
  template <class T>
  void optional(std::string_view name, T& out) {
    known_.emplace_back(name);
    const auto* found = value_.find(name);
    if (ok() && found != nullptr && !found->is_null()) read(name, *found, out);
  }
  template <class T>
  void sparse(std::string_view name, T& out) {
    optional(name, out);
  }
  void allow(std::string_view name) { known_.emplace_back(name); }

  Result<void> finish() {
    if (!ok()) return Error{GatewayError::bad_parameter, why_};
    if (!value_.repeated_name().empty()) {
      return Error{GatewayError::bad_parameter, "A field stands twice."};
    }
    for (const auto& member : value_.members()) {
      if (std::find(known_.begin(), known_.end(), member.first) == known_.end()) {
        return Error{GatewayError::bad_parameter,
                     "Unknown field " + prefix_ + member.first.substr(0, 64) + "."};
      }
    }
    return {};
  }

 private:
  bool ok() const { return why_.empty(); }
  void fail(std::string_view name, std::string_view rule) {
    if (ok()) {
      why_ = (name == "The body" ? std::string() : prefix_) + std::string(name) + " must be " +
             std::string(rule) + ".";
    }
  }

  bool nano(std::string_view name, const json::Value& value, std::int64_t& out) {
    using json::Kind;
    if ((value.kind() == Kind::number || value.kind() == Kind::string) &&
        value.text().size() <= 64) {
      const auto parsed = parse_nano(value.text());
      if (parsed) {
        out = *parsed;
        return true;
      }
    }
    fail(name, "a decimal number within the range of 64 bits of nano-units");
    return false;
  }
  template <class Tag>
  void read(std::string_view name, const json::Value& value, Fixed<Tag>& out) {
    std::int64_t count = 0;
    if (nano(name, value, count)) out = Fixed<Tag>::from_nano(count);
  }
  void read(std::string_view name, const json::Value& value, NanoAmount& out) {
    nano(name, value, out.nano);
  }
  void read(std::string_view name, const json::Value& value, Kilowatts& out) {
    std::int64_t count = 0;
    if (!nano(name, value, count)) return;
    if (count < 0 || count % 1'000'000 != 0) {
      return fail(name, "a number of kilowatts, not negative, with at most 3 decimals");
    }
    out.watts = count / 1'000'000;
  }
  template <NamedEnum Enum>
  void read(std::string_view name, const json::Value& value, Enum& out) {
    if (value.kind() == json::Kind::string) {
      for (const auto& [known, text] : EnumNames<Enum>::values) {
        if (text == value.text()) {
          out = known;
          return;
        }
      }
    }
    std::string names;
    for (const auto& entry : EnumNames<Enum>::values) {
      names += (names.empty() ? "" : ", ") + std::string(entry.second);
    }
    fail(name, "one of " + names);
  }
  template <class Tag>
  void read(std::string_view name, const json::Value& value, Name<Tag>& out) {
    if (value.kind() == json::Kind::string) {
      auto parsed = Name<Tag>::parse(value.text());
      if (parsed) {
        out = *parsed;
        return;
      }
    }
    fail(name, std::string("a ") + Tag::what);
  }
  template <class T>
  void read(std::string_view name, const json::Value& value, std::optional<T>& out) {
    T content{};
    read(name, value, content);
    if (ok()) out = content;
  }
  template <std::size_t N>
  void read(std::string_view name, const json::Value& value, std::array<std::uint8_t, N>& out) {
    if (value.kind() == json::Kind::string && value.text().size() == 2 * N) {
      const auto bytes = from_hex(value.text());
      if (bytes) {
        std::copy(bytes->begin(), bytes->end(), out.begin());
        return;
      }
    }
    fail(name, std::to_string(2 * N) + " hexadecimal digits");
  }
  void read(std::string_view name, const json::Value&, std::vector<ledger::SignedReading>&) {
    fail(name, "sent to POST /etms/readings");
  }
  void read(std::string_view name, const json::Value& value, bool& out) {
    if (value.kind() != json::Kind::boolean) return fail(name, "true or false");
    out = value.boolean();
  }
  void read(std::string_view name, const json::Value& value, std::string& out) {
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (value.kind() != json::Kind::string || value.text().size() > max_text_bytes ||
        std::any_of(value.text().begin(), value.text().end(), control)) {
      return fail(name, "a text of at most 256 bytes without control characters");
    }
    out = value.text();
  }
  template <std::integral Integer>
  void read(std::string_view name, const json::Value& value, Integer& out) {
    const auto& text = value.text();
    const auto* end = text.data() + text.size();
    const bool parsed =
        value.kind() == json::Kind::number &&
        std::from_chars(text.data(), end, out) == std::from_chars_result{end, std::errc{}};
    if (parsed) return;
    using Limits = std::numeric_limits<Integer>;
    fail(name, "a whole number between " + std::to_string(Limits::min()) + " and " +
                   std::to_string(Limits::max()));
  }
  void read(std::string_view name, const json::Value& value, LongText& out) {
    if (value.kind() != json::Kind::string) return fail(name, "a text");
    out.text = value.text();
  }
  void read(std::string_view name, const json::Value& value, Bytes& out) {
    if (value.kind() == json::Kind::string) {
      if (auto bytes = from_hex(value.text())) {
        out = *std::move(bytes);
        return;
      }
    }
    fail(name, "hexadecimal digits");
  }
  template <class T>
  void read(std::string_view name, const json::Value& value, std::vector<T>& out) {
    if (!value.is_array()) return fail(name, "a list");
    for (const auto& item : value.items()) {
      T content{};
      if (ok()) read(name, item, content);
      out.push_back(std::move(content));
    }
  }
  void read(std::string_view name, const json::Value& value, UtcMillis& out) {
    if (value.kind() == json::Kind::string && value.text().size() <= 64) {
      const auto time = parse_iso8601(value.text());
      if (time) {
        out = *time;
        return;
      }
    }
    fail(name, "an ISO 8601 time as 2019-10-21T09:00:00Z");
  }
  void read(std::string_view name, const json::Value& value, ledger::ParticipantRef& out) {
    if (value.kind() == json::Kind::string) {
      auto ref = ledger::parse_participant_ref(value.text());
      if (ref) {
        out = *ref;
        return;
      }
    }
    fail(name, "a participant as Resident:H01");
  }
  template <Record T>
  void read(std::string_view name, const json::Value& value, T& out) {
    ReadArchive inner(value, prefix_ + std::string(name) + ".");
    fields(inner, out);
    const auto done = inner.finish();
    if (!done && ok()) why_ = done.error().detail();
  }
  void read(std::string_view name, const json::Value& value, ScopeSet& out) {
    std::uint32_t bits = 0;
    bool good = value.is_array() && !value.items().empty();
    for (const auto& item : value.items()) {
      ledger::Scope scope{};
      if (ok()) read(name, item, scope);
      bits |= static_cast<std::uint32_t>(scope);
    }
    if (!good) return fail(name, "a list of scopes");
    if (ok()) out.bits = bits;
  }

  const json::Value& value_;
  std::string prefix_;
  std::vector<std::string> known_;
  std::string why_;
};

template <class T>
Result<T> read_record(const json::Value& value) {
  T result{};
  ReadArchive archive(value);
  fields(archive, result);
  auto done = archive.finish();
  if (!done) return done.error();
  return result;
}

/// Tries the alternatives of Payload one by one.
template <std::size_t I = 0>
Result<ledger::Payload> read_alternative(std::string_view type, const json::Value& value) {
  if constexpr (I == std::variant_size_v<ledger::Payload>) {
    return Error{GatewayError::bad_parameter,
                 "type must be the name of a transaction, as EnergyToCoins."};
  } else {
    std::variant_alternative_t<I, ledger::Payload> result{};
    if (ledger::payload_name(ledger::Payload(result)) != type) {
      return read_alternative<I + 1>(type, value);
    }
    ReadArchive archive(value);
    archive.allow("type");
    fields(archive, result);
    auto done = archive.finish();
    if (!done) return done.error();
    return ledger::Payload(std::move(result));
  }
}

}  // namespace

Result<ledger::Payload> read_payload(const json::Value& value) {
  const auto* type = value.find("type");
  const bool named = type != nullptr && type->kind() == json::Kind::string;
  return read_alternative(named ? std::string_view(type->text()) : std::string_view(), value);
}

Result<ledger::Participant> read_participant(const json::Value& value) {
  return read_record<ledger::Participant>(value);
}

Result<ledger::RegisterMeter> read_meter(const json::Value& value) {
  return read_record<ledger::RegisterMeter>(value);
}

Result<ledger::UpdateMeter> read_meter_change(const json::Value& value, const MeterId& meter) {
  auto change = read_record<MeterChange>(value);
  if (!change) return change.error();
  ledger::UpdateMeter update{meter, std::move(change->owner), change->public_key, std::nullopt,
                             std::move(change->cpe)};
  if (change->plant_watts >= 0) update.plant_watts = change->plant_watts;
  return update;
}

Result<ledger::SetMeterStanding> read_standing_change(const json::Value& value,
                                                      const MeterId& meter) {
  const auto change = read_record<StandingChange>(value);
  if (!change) return change.error();
  return ledger::SetMeterStanding{meter, change->standing};
}

Result<ledger::DisputeReading> read_dispute(const json::Value& value) {
  return read_record<ledger::DisputeReading>(value);
}

Result<ledger::ResolveDispute> read_dispute_decision(const json::Value& value, const MeterId& meter,
                                                     std::uint64_t sequence) {
  const auto decision = read_record<DisputeDecision>(value);
  if (!decision) return decision.error();
  return ledger::ResolveDispute{meter, sequence, decision->upheld};
}

}  // namespace powershare::gateway
