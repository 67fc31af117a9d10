#include "gateway/payload_fields.hpp"
#include "gateway/payload_json.hpp"
#include "gateway/payload_names.hpp"

namespace powershare::gateway {
namespace {

class WriteArchive {
 public:
  explicit WriteArchive(json::Writer& out) : out_(out) {}
  template <class T>
  void field(std::string_view name, T& value) {
    out_.key(name);
    write(value);
  }
  template <class T>
  void optional(std::string_view name, T& value) {
    field(name, value);
  }
  template <class T>
  void sparse(std::string_view name, T& value) {
    if constexpr (requires { value.empty(); }) {
      if (!value.empty()) field(name, value);
    } else {
      if (value) field(name, value);
    }
  }

 private:
  template <class Tag>
  void write(Fixed<Tag>& value) {
    out_.decimal(value.nano());
  }
  template <NamedEnum Enum>
  void write(Enum& value) {
    out_.string(enum_name(value));
  }
  template <class Tag>
  void write(Name<Tag>& value) {
    out_.string(value.text());
  }
  template <class T>
  void write(std::optional<T>& value) {
    if (value) {
      write(*value);
    } else {
      out_.null();
    }
  }
  template <std::size_t N>
  void write(std::array<std::uint8_t, N>& value) {
    out_.string(to_hex(ByteView(value)));
  }
  template <class T>
  void write(std::vector<T>& values) {
    out_.begin_array();
    for (auto& value : values) write(value);
    out_.end_array();
  }
  void write(Bytes& value) { out_.string(to_hex(value)); }
  void write(bool& value) { out_.boolean(value); }
  void write(std::string& value) { out_.string(value); }
  template <std::unsigned_integral Integer>
  void write(Integer& value) {
    out_.unsigned_integer(value);
  }
  template <std::signed_integral Integer>
  void write(Integer& value) {
    out_.integer(value);
  }
  void write(LongText& value) { out_.string(value.text); }
  void write(UtcMillis& value) { out_.string(to_iso8601(value)); }
  void write(ledger::ParticipantRef& value) { out_.string(ledger::to_text(value)); }
  template <Record T>
  void write(T& value) {
    out_.begin_object();
    fields(*this, value);
    out_.end_object();
  }
  void write(NanoAmount& value) { out_.decimal(value.nano); }
  void write(Kilowatts& value) { out_.string(kilowatts_text(value.watts)); }
  void write(ScopeSet& value) {
    out_.begin_array();
    for (const auto& [scope, name] : EnumNames<ledger::Scope>::values) {
      if ((value.bits & static_cast<std::uint32_t>(scope)) != 0) out_.string(name);
    }
    out_.end_array();
  }

  json::Writer& out_;
};

/// Describes the fields: what must be there, and each one's JSON type.
class SchemaArchive {
 public:
  explicit SchemaArchive(bool json_numbers = false) : json_numbers_(json_numbers) {
    properties_.begin_object();
    required_.begin_array();
  }
  template <class T>
  void field(std::string_view name, T& value) {
    required_.string(name);
    optional(name, value);
  }
  template <class T>
  void optional(std::string_view name, T& value) {
    properties_.key(name).raw(schema(value));
  }
  template <class T>
  void sparse(std::string_view name, T& value) {
    optional(name, value);
  }
  /// `type_name`, where not empty, is the value of a field "type" before the others.
  std::string finish(std::string_view type_name) && {
    if (!type_name.empty()) {
      properties_.key("type").begin_object().key("type").string("string").key("const");
      properties_.string(type_name).end_object();
      required_.string("type");
    }
    properties_.end_object();
    required_.end_array();
    json::Writer out;
    out.begin_object().key("type").string("object");
    out.key("properties").raw(std::move(properties_).take());
    out.key("required").raw(std::move(required_).take()).end_object();
    return std::move(out).take();
  }

 private:
  static std::string text(std::string_view description) {
    json::Writer out;
    out.begin_object().key("type").string("string");
    out.key("description").string(description).end_object();
    return std::move(out).take();
  }
  template <class Enum>
  static std::string enumeration() {
    json::Writer out;
    out.begin_object().key("type").string("string").key("enum").begin_array();
    for (const auto& entry : EnumNames<Enum>::values) out.string(entry.second);
    out.end_array().end_object();
    return std::move(out).take();
  }
  static std::string list(const std::string& item) {
    return R"({"type":"array","items":)" + item + "}";
  }
  template <class T>
  static std::string object(T& value) {
    SchemaArchive archive;
    fields(archive, value);
    return std::move(archive).finish({});
  }

  template <class Tag>
  std::string schema(Fixed<Tag>&) const {
    return json_numbers_ ? R"({"type":"number","minimum":0})"
                         : text("decimal number, up to 9 decimals");
  }
  static std::string schema(NanoAmount&) { return text("decimal number, up to 9 decimals"); }
  static std::string schema(Kilowatts&) {
    return text("kilowatts, decimal number, up to 3 decimals");
  }
  template <NamedEnum Enum>
  static std::string schema(Enum&) {
    return enumeration<Enum>();
  }
  template <class Tag>
  static std::string schema(Name<Tag>&) {
    return text(Tag::what);
  }
  template <class T>
  std::string schema(std::optional<T>&) const {
    T value{};
    return R"({"anyOf":[)" + schema(value) + R"(,{"type":"null"}]})";
  }
  template <std::size_t N>
  static std::string schema(std::array<std::uint8_t, N>&) {
    return text(std::to_string(2 * N) + " hexadecimal digits");
  }
  template <class T>
  std::string schema(std::vector<T>&) const {
    T value{};
    return list(schema(value));
  }
  static std::string schema(Bytes&) { return text("hexadecimal digits"); }
  static std::string schema(LongText&) { return R"({"type":"string"})"; }
  static std::string schema(bool&) { return R"({"type":"boolean"})"; }
  static std::string schema(std::string&) { return R"({"type":"string"})"; }
  template <std::integral Integer>
  static std::string schema(Integer&) {
    return R"({"type":"integer"})";
  }
  static std::string schema(UtcMillis&) { return text("ISO 8601 time in UTC"); }
  static std::string schema(ledger::ParticipantRef&) {
    return text("participant, as Resident:H01");
  }
  template <Record T>
  static std::string schema(T& value) {
    return object(value);
  }
  static std::string schema(ScopeSet&) { return list(enumeration<ledger::Scope>()); }

  bool json_numbers_;
  json::Writer properties_;
  json::Writer required_;
};

template <std::size_t... I>
std::string schemas_of_all(std::index_sequence<I...>) {
  json::Writer out;
  out.begin_object().key("oneOf").begin_array();
  const auto add = [&out](auto payload) {
    SchemaArchive archive;
    fields(archive, payload);
    out.raw(std::move(archive).finish(ledger::payload_name(ledger::Payload(payload))));
  };
  (add(std::variant_alternative_t<I, ledger::Payload>{}), ...);
  out.end_array().end_object();
  return std::move(out).take();
}

template <class T>
std::string schema_of(T value) {
  SchemaArchive archive;
  fields(archive, value);
  return std::move(archive).finish({});
}

}  // namespace

std::string_view to_text(ledger::AssetClass asset) {
  return enum_name(asset);
}
std::string_view to_text(ledger::MeterKind kind) {
  return enum_name(kind);
}

std::string kilowatts_text(std::int64_t watts) {
  // Watts are thousandths of kW; a nano-kW is a millionth of a watt.
  const auto nano = multiply_divide(watts, 1'000'000, 1);
  return nano ? format_nano(*nano) : std::to_string(watts / 1000);
}

void write_payload(json::Writer& out, const ledger::Payload& payload) {
  out.begin_object().key("type").string(ledger::payload_name(payload));
  WriteArchive archive(out);
  std::visit([&archive](auto copy) { fields(archive, copy); }, payload);
  out.end_object();
}

void write_participant(json::Writer& out, const ledger::Participant& participant) {
  auto copy = participant;
  out.begin_object();
  WriteArchive archive(out);
  fields(archive, copy);
  out.end_object();
}

std::string payload_schema() {
  return schemas_of_all(std::make_index_sequence<std::variant_size_v<ledger::Payload>>());
}
std::string participant_schema() {
  return schema_of(ledger::Participant{});
}
std::string meter_schema() {
  return schema_of(ledger::RegisterMeter{});
}
std::string meter_change_schema() {
  return schema_of(MeterChange{});
}
std::string standing_change_schema() {
  return schema_of(StandingChange{});
}
std::string dispute_schema() {
  return schema_of(ledger::DisputeReading{});
}
std::string dispute_decision_schema() {
  return schema_of(DisputeDecision{});
}
std::string etms_reading_schema() {
  ledger::SignedReading reading;
  SchemaArchive archive(true);
  fields(archive, reading);
  return std::move(archive).finish({});
}

}  // namespace powershare::gateway
