#include "model/signature.hpp"

#include <cmath>
#include <unordered_set>

#include "base/error.hpp"

namespace gyre {

json::object to_json(const Signature& signature) {
  json::object object{{"takes", signature.takes}, {"task", signature.task}};
  if (signature.rate) object["rate"] = signature.rate;
  if (signature.samples) object["samples"] = signature.samples;
  if (!signature.columns.empty()) object["columns"] = json::value_from(signature.columns);
  if (!signature.labels.empty()) object["labels"] = json::value_from(signature.labels);
  if (signature.threshold != 0) object["threshold"] = signature.threshold;
  if (!signature.unit.empty()) object["unit"] = signature.unit;
  if (!signature.about.empty()) object["about"] = signature.about;
  return object;
}

static Error bad(const std::string& what) { return {Code::invalid, "signature: " + what}; }

static std::string one_of(const json::value& value, std::string_view key,
                          std::initializer_list<std::string_view> allowed) {
  std::string text = get_string(value, key), list;
  for (auto name : allowed) {
    if (text == name) return text;
    list += (list.empty() ? "" : ", ") + std::string(name);
  }
  throw bad("\"" + std::string(key) + "\" is \"" + text + "\", none of: " + list);
}

static std::vector<std::string> texts(const json::value& value, std::string_view key) {
  std::vector<std::string> list;
  std::unordered_set<std::string> seen;
  auto* array = find(value, key);
  if (!array) return list;
  if (!array->is_array()) throw bad("\"" + std::string(key) + "\" must be a list of texts");
  for (auto& item : array->get_array()) {
    if (!item.is_string()) throw bad("\"" + std::string(key) + "\" must be a list of texts");
    list.emplace_back(item.get_string());
    if (!seen.insert(list.back()).second) throw bad("\"" + std::string(key) + "\" has \"" + list.back() + "\" twice");
  }
  return list;
}

static std::int64_t whole(const json::value& value, std::string_view key, std::int64_t max) {
  if (!find(value, key)) return 0;
  auto number = get_int(value, key);
  if (number < 0 || number > max) throw bad("\"" + std::string(key) + "\" must be from 0 to " + std::to_string(max));
  return number;
}

Signature signature_from(const json::value& value) {
  if (!value.is_object()) throw bad("must be a JSON object");
  Signature signature;
  signature.takes = one_of(value, "takes", {"image", "sound", "series", "table", "tensors"});
  signature.task = one_of(value, "task", {"classify", "anomaly", "regress", "forecast", "tensors"});
  signature.rate = static_cast<int>(whole(value, "rate", 10'000'000));
  signature.samples = whole(value, "samples", 1'000'000'000);
  signature.columns = texts(value, "columns");
  signature.labels = texts(value, "labels");
  signature.threshold = find_number(value, "threshold").value_or(0);
  signature.unit = string_or(value, "unit", "");
  signature.about = string_or(value, "about", "");
  if (signature.takes == "sound" && (signature.rate == 0 || signature.samples == 0))
    throw bad("a model that takes a sound needs \"rate\" and \"samples\"");
  if (signature.takes == "series" && (signature.samples == 0 || signature.columns.empty()))
    throw bad("a model that takes a series needs \"samples\" (its steps) and \"columns\"");
  if (signature.task == "classify" && signature.labels.empty()) throw bad("a model that classifies needs \"labels\"");
  return signature;
}

}  // namespace gyre
