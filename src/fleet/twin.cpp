#include "fleet/twin.hpp"

#include "base/error.hpp"

namespace gyre {

json::object to_json(const TwinSection& section) {
  return {{"values", section.values}, {"version", section.version}, {"times", section.times}};
}

TwinSection section_from(const json::value& stored) {
  auto& object = stored.as_object();
  return {object.at("values").as_object(), get_int(stored, "version"), object.at("times").as_object()};
}

static void check_key(std::string_view key, const TwinLimits& limits, const std::string& path) {
  auto bad = [&](const std::string& what) {
    return Error(Code::invalid, path + ": key \"" + std::string(key.substr(0, 60)) + "\" " + what);
  };
  if (key.empty()) throw bad("is empty");
  if (key.size() > limits.key_bytes) throw bad("is longer than " + std::to_string(limits.key_bytes) + " bytes");
  for (unsigned char c : key)
    if (c < 0x20 || c == 0x7f || c == '.' || c == '$' || c == ' ')
      throw bad("has a control character, '.', '$' or a space");
}

static void check_value(const json::value& value, const TwinLimits& limits, const std::string& path, int depth) {
  if (value.is_string() && value.get_string().size() > limits.text_bytes)
    throw Error(
        Code::invalid, path + ": a text of " + std::to_string(value.get_string().size()) + " bytes",
        "a twin's text has at most " + std::to_string(limits.text_bytes) + "; send data as a blob and name its digest");
  if (!value.is_object() && !value.is_array()) return;
  if (depth > limits.depth)
    throw Error(Code::invalid, path + ": more than " + std::to_string(limits.depth) + " levels");
  if (value.is_array()) {
    for (auto& item : value.get_array()) check_value(item, limits, path + "[]", depth + 1);
    return;
  }
  for (auto& member : value.get_object()) {
    check_key(member.key(), limits, path);
    check_value(member.value(), limits, path + "." + std::string(member.key()), depth + 1);
  }
}

void check_twin(const json::object& values, const TwinLimits& limits, std::string_view where) {
  check_value(values, limits, std::string(where), 1);
  if (auto size = canonical(values).size(); size > limits.bytes)
    throw Error(Code::invalid,
                std::string(where) + ": " + std::to_string(size) + " bytes, more than " + std::to_string(limits.bytes),
                "take out what the device does not need");
}

// One level of a patch; the times of what changed, and of all levels above, become `now`.
static bool patch_level(json::object& values, const json::object& patch, json::object& times, std::string_view now) {
  bool changed = false;
  for (auto& member : patch) {
    auto key = member.key();
    auto* present = values.if_contains(key);
    if (member.value().is_null()) {
      if (!present) continue;
      values.erase(key);
      times.erase(key);
      changed = true;
      continue;
    }
    if (!times.contains(key)) times[key] = json::object();
    auto& own_times = times[key].as_object();
    if (member.value().is_object()) {
      if (!present || !present->is_object()) {
        values[key] = json::object();
        own_times = {{"$lastUpdated", now}};
        changed = true;
      }
      changed |= patch_level(values[key].as_object(), member.value().get_object(), own_times, now);
    } else if (!present || *present != member.value()) {
      values[key] = member.value();
      own_times = {{"$lastUpdated", now}};
      changed = true;
    }
  }
  if (changed) times["$lastUpdated"] = now;
  return changed;
}

bool patch_section(TwinSection& section, const json::object& patch, std::string_view now, std::string_view where) {
  TwinSection next = section;
  if (!patch_level(next.values, patch, next.times, now)) return false;
  check_twin(next.values, {}, where);
  next.version++;
  section = std::move(next);
  return true;
}

json::object patch_to(const json::object& present, const json::object& wanted) {
  json::object patch;
  for (auto& member : present)
    if (!wanted.contains(member.key())) patch[member.key()] = nullptr;
  for (auto& member : wanted) {
    auto* old = present.if_contains(member.key());
    if (old && *old == member.value()) continue;
    if (old && old->is_object() && member.value().is_object())
      patch[member.key()] = patch_to(old->get_object(), member.value().get_object());
    else
      patch[member.key()] = member.value();
  }
  return patch;
}

json::object shown(const TwinSection& section) {
  json::object result = told(section);
  result["$metadata"] = section.times;
  return result;
}

json::object told(const TwinSection& section) {
  json::object result = section.values;
  result["$version"] = section.version;
  return result;
}

void add_assignment(json::object& patch, std::string_view assignment) {
  auto equals = assignment.find('=');
  if (equals == 0 || equals == std::string_view::npos)
    throw Error(Code::invalid, "\"" + std::string(assignment) + "\" is no assignment",
                "write path=value, such as gather.camera.every=10");
  std::string_view path = assignment.substr(0, equals), text = assignment.substr(equals + 1);
  json::error_code error;
  json::value value = json::parse(text, error);
  if (error) value = json::string(text);
  json::object* level = &patch;
  while (true) {
    auto dot = path.find('.');
    auto key = path.substr(0, dot);
    if (dot == std::string_view::npos) {
      (*level)[key] = std::move(value);
      return;
    }
    auto& below = (*level)[key];
    if (!below.is_object()) below = json::object();
    level = &below.get_object();
    path.remove_prefix(dot + 1);
  }
}

}  // namespace gyre
