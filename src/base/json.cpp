#include "base/json.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.hpp"
#include "base/file.hpp"

namespace gyre {

json::value parse_json(std::string_view text, std::string_view where, json::storage_ptr storage) {
  json::error_code error;
  json::stream_parser parser(storage);
  std::size_t taken = parser.write_some(text, error);
  if (!error && parser.done() && text.find_first_not_of(" \t\r\n", taken) != std::string_view::npos)
    throw Error(Code::invalid,
                std::string(where) + ": text after the end of the JSON value at byte " + std::to_string(taken));
  if (!error) parser.finish(error);
  if (error)
    throw Error(Code::invalid,
                std::string(where) + ": no JSON at byte " + std::to_string(taken) + ": " + error.message());
  return parser.release();
}

json::value read_json_file(const std::filesystem::path& path) { return parse_json(read_file(path), path.string()); }

static void write_canonical(const json::value& value, std::string& out) {
  if (auto* object = value.if_object()) {
    std::vector<const json::key_value_pair*> members;
    for (auto& member : *object) members.push_back(&member);
    std::sort(members.begin(), members.end(), [](auto* a, auto* b) { return a->key() < b->key(); });
    out += '{';
    for (std::size_t i = 0; i < members.size(); i++) {
      if (i) out += ',';
      out += json::serialize(json::string(members[i]->key()));
      out += ':';
      write_canonical(members[i]->value(), out);
    }
    out += '}';
  } else if (auto* array = value.if_array()) {
    out += '[';
    for (std::size_t i = 0; i < array->size(); i++) {
      if (i) out += ',';
      write_canonical((*array)[i], out);
    }
    out += ']';
  } else if (auto* number = value.if_double(); number && !std::isfinite(*number)) {
    out += "null";
  } else {
    out += json::serialize(value);
  }
}

std::string canonical(const json::value& value) {
  std::string out;
  write_canonical(value, out);
  return out;
}

static void write_pretty(const json::value& value, std::string& out, std::size_t depth) {
  std::string indent(2 * (depth + 1), ' ');
  if (auto* object = value.if_object(); object && !object->empty()) {
    out += "{\n";
    std::size_t i = 0;
    for (auto& member : *object) {
      out += indent + json::serialize(json::string(member.key())) + ": ";
      write_pretty(member.value(), out, depth + 1);
      out += ++i < object->size() ? ",\n" : "\n";
    }
    out += std::string(2 * depth, ' ') + "}";
  } else if (auto* array = value.if_array(); array && !array->empty()) {
    out += "[\n";
    for (std::size_t i = 0; i < array->size(); i++) {
      out += indent;
      write_pretty((*array)[i], out, depth + 1);
      out += i + 1 < array->size() ? ",\n" : "\n";
    }
    out += std::string(2 * depth, ' ') + "]";
  } else {
    out += canonical(value);
  }
}

std::string pretty(const json::value& value) {
  std::string out;
  write_pretty(value, out, 0);
  return out;
}

const json::value* find(Members members, std::string_view key) {
  auto* value = members.object ? members.object->if_contains(key) : nullptr;
  return value && !value->is_null() ? value : nullptr;
}

static const json::value& get(Members members, std::string_view key) {
  if (auto* value = find(members, key)) return *value;
  throw Error(Code::invalid, "\"" + std::string(key) + "\" is missing");
}

static Error wrong_type(std::string_view key, std::string_view wanted) {
  return {Code::invalid, "\"" + std::string(key) + "\" must be " + std::string(wanted)};
}

std::string get_string(Members members, std::string_view key) {
  auto& value = get(members, key);
  if (!value.is_string()) throw wrong_type(key, "a text");
  return std::string(value.get_string());
}

std::int64_t get_int(Members members, std::string_view key) {
  auto& value = get(members, key);
  json::error_code error;
  auto number = value.is_bool() ? 0 : value.to_number<std::int64_t>(error);
  if (error || !value.is_number()) throw wrong_type(key, "an integer");
  return number;
}

double get_number(Members members, std::string_view key) {
  auto& value = get(members, key);
  if (!value.is_number()) throw wrong_type(key, "a number");
  return value.to_number<double>();
}

bool get_bool(Members members, std::string_view key) {
  auto& value = get(members, key);
  if (!value.is_bool()) throw wrong_type(key, "true or false");
  return value.get_bool();
}

std::optional<std::string> find_string(Members members, std::string_view key) {
  if (!find(members, key)) return {};
  return get_string(members, key);
}

std::optional<double> find_number(Members members, std::string_view key) {
  if (!find(members, key)) return {};
  return get_number(members, key);
}

std::string string_or(Members members, std::string_view key, std::string_view otherwise) {
  return find_string(members, key).value_or(std::string(otherwise));
}

void merge_patch(json::value& target, const json::value& patch) {
  if (!patch.is_object()) {
    target = patch;
    return;
  }
  if (!target.is_object()) target = json::object();
  auto& object = target.get_object();
  for (auto& member : patch.get_object()) {
    if (member.value().is_null())
      object.erase(member.key());
    else
      merge_patch(object[member.key()], member.value());
  }
}

}  // namespace gyre
