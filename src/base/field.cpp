#include "base/field.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace gyre {

std::string_view name_of(FieldType type) {
  switch (type) {
    case FieldType::boolean:
      return "boolean";
    case FieldType::integer:
      return "integer";
    case FieldType::number:
      return "number";
    case FieldType::list:
      return "array";
    case FieldType::text:
      break;
  }
  return "string";
}

static std::string shown(double number) {
  if (number == std::floor(number) && std::abs(number) < 1e15) return std::to_string(static_cast<long long>(number));
  return json::serialize(json::value(number));
}

static Error refused(const Field& field, const json::value& value, std::string_view why) {
  std::string given = value.is_string() ? std::string(value.get_string()) : json::serialize(value);
  return {Code::invalid, field.name + ": \"" + given + "\" " + std::string(why), field.help};
}

static json::value parsed(const Field& field, const json::value& value) {
  std::string_view text = value.get_string();
  const char *begin = text.data(), *end = begin + text.size();
  if (field.type == FieldType::boolean) {
    if (text == "true" || text == "yes" || text == "1") return true;
    if (text == "false" || text == "no" || text == "0") return false;
    throw refused(field, value, "is not true or false");
  }
  if (field.type == FieldType::integer) {
    std::int64_t number = 0;
    auto [stop, error] = std::from_chars(begin, end, number);
    if (error != std::errc() || stop != end) throw refused(field, value, "is no whole number");
    return number;
  }
  if (field.type == FieldType::number) {
    double number = 0;
    auto [stop, error] = std::from_chars(begin, end, number);
    if (error != std::errc() || stop != end || !std::isfinite(number)) throw refused(field, value, "is no number");
    return number;
  }
  if (field.type == FieldType::list) {
    json::array items;
    while (!text.empty()) {
      auto comma = text.find(',');
      items.emplace_back(text.substr(0, comma));
      text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
    }
    return items;
  }
  return value;
}

json::value checked(const Field& field, const json::value& given) {
  json::value value = given.is_string() && field.type != FieldType::text ? parsed(field, given) : given;
  switch (field.type) {
    case FieldType::boolean:
      if (!value.is_bool()) throw refused(field, given, "is not true or false");
      return value;
    case FieldType::integer: {
      json::error_code error;
      if (!value.is_number()) throw refused(field, given, "is no whole number");
      auto number = value.to_number<std::int64_t>(error);
      if (error) throw refused(field, given, "is no whole number");
      value = number;
      break;
    }
    case FieldType::number:
      if (!value.is_number()) throw refused(field, given, "is no number");
      value = value.to_number<double>();
      break;
    case FieldType::list:
      if (!value.is_array()) throw refused(field, given, "is no list");
      return value;
    case FieldType::text:
      if (!value.is_string()) throw refused(field, given, "is no text");
      break;
  }
  if (value.is_number()) {
    double number = value.to_number<double>();
    auto& [min, max, choices, required] = field.limits;
    if (min && number < *min) throw refused(field, given, "is below " + shown(*min));
    if (max && number > *max) throw refused(field, given, "is above " + shown(*max));
  } else if (auto& choices = field.limits.choices; !choices.empty()) {
    std::string_view text = value.get_string();
    if (std::find(choices.begin(), choices.end(), text) == choices.end()) {
      std::string list;
      for (auto& choice : choices) list += (list.empty() ? "" : ", ") + choice;
      throw refused(field, given, "is none of: " + list);
    }
  }
  return value;
}

static std::size_t distance(std::string_view a, std::string_view b) {  // Levenshtein, for "did you mean"
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); j++) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); i++) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); j++) {
      std::size_t next = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = std::exchange(row[j], next);
    }
  }
  return row[b.size()];
}

json::object complete(const std::vector<Field>& fields, const json::object& values, std::string_view where) {
  for (auto& member : values) {
    auto known = [&](const Field& field) { return field.name == member.key(); };
    if (std::any_of(fields.begin(), fields.end(), known)) continue;
    std::string hint;
    for (auto& field : fields)
      if (distance(field.name, member.key()) <= 2) hint = "did you mean \"" + field.name + "\"?";
    if (hint.empty()) {
      for (auto& field : fields) hint += (hint.empty() ? "it takes: " : ", ") + field.name;
      if (hint.empty()) hint = "it takes no options";
    }
    throw Error(Code::invalid, std::string(where) + " has no option \"" + std::string(member.key()) + "\"", hint);
  }
  json::object result;
  for (auto& field : fields) {
    auto* given = values.if_contains(field.name);
    if (given && !given->is_null())
      result[field.name] = checked(field, *given);
    else if (field.limits.required)
      throw Error(Code::invalid, std::string(where) + " needs " + field.name, field.help);
    else
      result[field.name] = field.initial;
  }
  return result;
}

void set_fields(void* target, const std::vector<Field>& fields, const json::object& values, std::string_view where) {
  json::object all = complete(fields, values, where);
  for (auto& field : fields) field.set(target, all.at(field.name));
}

json::object schema_of(const std::vector<Field>& fields) {
  json::object properties;
  json::array required;
  for (auto& field : fields) {
    json::object property{{"type", name_of(field.type)}, {"description", field.help}};
    if (field.type == FieldType::list) property["items"] = {{"type", "string"}};
    if (field.limits.required)
      required.emplace_back(field.name);
    else
      property["default"] = field.initial;
    if (field.limits.min) property["minimum"] = *field.limits.min;
    if (field.limits.max) property["maximum"] = *field.limits.max;
    if (!field.limits.choices.empty()) property["enum"] = json::value_from(field.limits.choices);
    properties[field.name] = std::move(property);
  }
  json::object schema{{"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

}  // namespace gyre
