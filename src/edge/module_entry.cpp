#include "edge/module_entry.hpp"

#include <algorithm>
#include <cctype>

namespace gyre {

void check_plain_name(const std::string& name, std::string_view what) {
  auto plain = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; };
  if (name.empty() || name.size() > 64 || !std::all_of(name.begin(), name.end(), plain))
    throw Error(Code::invalid,
                std::string(what) + " \"" + name + "\": letters, digits, - and _ make a name, 64 at most");
}

static double number_within(const json::value& value, std::string_view key, double otherwise, double low, double high) {
  double number = find_number(value, key).value_or(otherwise);
  if (!(number >= low && number <= high))
    throw Error(Code::invalid, "\"" + std::string(key) + "\" is out of its limits");
  return number;
}

ModuleEntry module_entry_from(const std::string& name, const json::value& value) {
  try {
    check_plain_name(name, "module");
    ModuleEntry entry;
    entry.image = parse_image_reference(get_string(value, "image"));
    entry.input = get_string(value, "input");
    check_plain_name(entry.input, "input");
    entry.memory_mb = static_cast<std::int64_t>(number_within(value, "memory_mb", 256, 16, 1 << 20));
    entry.cpus = number_within(value, "cpus", 1, 0.01, 1024);
    if (auto* rules = find(value, "rules"); rules && rules->is_array() && !rules->get_array().empty()) {
      if (rules->get_array().size() > 1) throw Error(Code::invalid, "one rule feeds a module, there are more");
      entry.rule = rule_from(rules->get_array()[0]);
    }
    if (auto* samples = find(value, "samples"); samples && samples->is_object()) {
      entry.samples_per_day = static_cast<std::int64_t>(number_within(*samples, "per_day", 0, 0, 1e6));
      entry.samples_below = number_within(*samples, "below", 0, 0, 1);
    }
    return entry;
  } catch (const Error& error) {
    throw Error(Code::invalid, "desired module \"" + name + "\": " + error.text(), error.hint);
  }
}

}  // namespace gyre
