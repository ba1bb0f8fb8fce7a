#pragma once
// A field is declared once: name, member, help, limits. From it come the command line option, the JSON schema,
// the reference page and the check of what a user gave.
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace gyre {

struct Limits {
  std::optional<double> min{};
  std::optional<double> max{};
  std::vector<std::string> choices{};
  bool required = false;
};

enum class FieldType { boolean, integer, number, text, list };  // list: of texts
std::string_view name_of(FieldType type);                       // as JSON schema names it

struct Field {
  std::string name;  // words joined by '-': --hold-share
  FieldType type;
  std::string help;
  json::value initial;
  Limits limits;
  std::function<void(void* target, const json::value& value)> set;
};

// Checks `value` against type and limits; gives it back in the field's type (numbers and booleans may come as text).
json::value checked(const Field& field, const json::value& value);

// Sets every field from `values`; an unknown name, a missing required one or a value out of its limits is an
// Error{invalid} that names the field and says what is allowed.
void set_fields(void* target, const std::vector<Field>& fields, const json::object& values, std::string_view where);

// All fields with defaults filled in and checked: the canonical form that is hashed and shown.
json::object complete(const std::vector<Field>& fields, const json::object& values, std::string_view where);

json::object schema_of(const std::vector<Field>& fields);  // JSON Schema of an object

template <class T>
constexpr FieldType field_type() {
  if constexpr (std::is_same_v<T, bool>)
    return FieldType::boolean;
  else if constexpr (std::is_integral_v<T>)
    return FieldType::integer;
  else if constexpr (std::is_floating_point_v<T>)
    return FieldType::number;
  else if constexpr (std::is_same_v<T, std::vector<std::string>>)
    return FieldType::list;
  else
    return FieldType::text;
}

template <class Struct, class T>
Field field(std::string name, T Struct::*member, std::string help, Limits limits = {}) {
  return {std::move(name),
          field_type<T>(),
          std::move(help),
          json::value_from(Struct{}.*member),
          std::move(limits),
          [member](void* target, const json::value& value) {
            static_cast<Struct*>(target)->*member = json::value_to<T>(value);
          }};
}

template <class Struct>
Struct from_fields(const std::vector<Field>& fields, const json::object& values, std::string_view where) {
  Struct result;
  set_fields(&result, fields, values, where);
  return result;
}

}  // namespace gyre
