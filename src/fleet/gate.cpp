// The gate of a roll-out: limits on what a device's validation came to.
#include <cstdio>

#include "base/error.hpp"
#include "fleet/rollout.hpp"

namespace gyre {

static std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

Gate gate_from(const json::value& value) {
  Gate gate;
  if (value.is_null()) return gate;
  if (!value.is_object()) throw Error(Code::invalid, "\"gate\" must be an object");
  for (auto& member : value.get_object()) {
    auto key = member.key();
    if (key == "same_answers") {
      gate.same_answers = get_bool(value, key);
      continue;
    }
    auto* limit = key == "min_accuracy"    ? &gate.min_accuracy
                  : key == "max_p99_ms"    ? &gate.max_p99_ms
                  : key == "max_memory_mb" ? &gate.max_memory_mb
                                           : nullptr;
    if (!limit)
      throw Error(Code::invalid, "\"gate\" has an unknown member \"" + std::string(key) + "\"",
                  "it takes min_accuracy, max_p99_ms, max_memory_mb and same_answers");
    if (member.value().is_null()) continue;
    *limit = get_number(value, key);
    if (**limit < 0 || (key == "min_accuracy" && **limit > 1))
      throw Error(Code::invalid, "\"gate." + std::string(key) + "\" is " + number(**limit),
                  key == "min_accuracy" ? "a share between 0 and 1" : "a positive number");
  }
  return gate;
}

json::object to_json(const Gate& gate) {
  json::object result{{"same_answers", gate.same_answers}};
  if (gate.min_accuracy) result["min_accuracy"] = *gate.min_accuracy;
  if (gate.max_p99_ms) result["max_p99_ms"] = *gate.max_p99_ms;
  if (gate.max_memory_mb) result["max_memory_mb"] = *gate.max_memory_mb;
  return result;
}

json::object to_json(const DeviceResult& result) {
  if (!result.error.empty()) return {{"error", result.error}};
  json::object value{{"samples", result.samples},
                     {"p50_ms", result.p50_ms},
                     {"p99_ms", result.p99_ms},
                     {"module_pss_mb", result.pss_mb}};
  if (result.accuracy) value["accuracy"] = *result.accuracy;
  if (result.different) value["different"] = *result.different;
  return value;
}

DeviceResult result_from(const json::value& value) {
  DeviceResult result;
  result.error = string_or(value, "error", "");
  if (!result.error.empty()) return result;
  result.samples = get_int(value, "samples");
  result.accuracy = find_number(value, "accuracy");
  if (find(value, "different")) result.different = get_int(value, "different");
  result.p50_ms = get_number(value, "p50_ms");
  result.p99_ms = get_number(value, "p99_ms");
  result.pss_mb = get_number(value, "module_pss_mb");
  return result;
}

std::string refusal(const Gate& gate, const DeviceResult& result) {
  if (!result.error.empty()) return "validation failed: " + result.error;
  if (result.samples == 0) return "validation answered no sample";
  if (gate.min_accuracy && !result.accuracy) return "accuracy is not known: no labels were given";
  if (gate.min_accuracy && *result.accuracy < *gate.min_accuracy)
    return "accuracy " + number(*result.accuracy) + " is below " + number(*gate.min_accuracy);
  if (gate.max_p99_ms && result.p99_ms > *gate.max_p99_ms)
    return "p99 latency " + number(result.p99_ms) + " ms is above " + number(*gate.max_p99_ms) + " ms";
  if (gate.max_memory_mb && result.pss_mb > *gate.max_memory_mb)
    return "memory " + number(result.pss_mb) + " MB is above " + number(*gate.max_memory_mb) + " MB";
  if (gate.same_answers && result.different.value_or(0) > 0)
    return std::to_string(*result.different) + " of " + std::to_string(result.samples) +
           " answers differ from those of the data validation";
  return {};
}

}  // namespace gyre
