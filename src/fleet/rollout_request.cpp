// A roll-out's request: reading and checking it.
#include <algorithm>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/package.hpp"
#include "fleet/rollouts.hpp"

namespace gyre {

static std::string digest_or_empty(const json::value& value, std::string_view key) {
  std::string digest = string_or(value, key, "");
  if (!digest.empty() && !is_digest(digest))
    throw Error(Code::invalid, "\"" + std::string(key) + "\" is \"" + digest + "\", which is no digest",
                "sha256:<64 hex digits>");
  return digest;
}

static double seconds_or(const json::value& value, std::string_view key, double otherwise) {
  double seconds = find_number(value, key).value_or(otherwise);
  if (seconds < 0 || seconds > 86400)
    throw Error(Code::invalid, "\"" + std::string(key) + "\" must be between 0 and 86400 seconds");
  return seconds;
}

static std::vector<std::string> rings_from(const json::value& value) {
  std::vector<std::string> rings;
  if (auto* given = find(value, "rings")) {
    if (!given->is_array())
      throw Error(Code::invalid, "\"rings\" must be a list", "such as [\"test\", \"production\"]");
    for (auto& ring : given->get_array()) {
      if (!ring.is_string()) throw Error(Code::invalid, "\"rings\" must be a list of names");
      rings.emplace_back(ring.get_string());
    }
  } else {
    rings = {"test", "production"};
  }
  auto sorted = rings;
  std::ranges::sort(sorted);
  if (rings.empty() || sorted.front().empty() || std::ranges::adjacent_find(sorted) != sorted.end())
    throw Error(Code::invalid, "\"rings\" must name at least one ring, and each once");
  return rings;
}

RolloutRequest rollout_request_from(const json::value& value) {
  if (!value.is_object()) throw Error(Code::invalid, "a roll-out must be an object");
  static constexpr std::string_view known[] = {
      "app",   "image", "rings",   "gate",      "data", "labels",           "expected",      "model",
      "input", "rules", "samples", "memory_mb", "cpus", "validate_seconds", "start_seconds", "offline_seconds"};
  for (auto& member : value.get_object())
    if (std::ranges::find(known, std::string_view(member.key())) == std::end(known))
      throw Error(Code::invalid, "a roll-out has no \"" + std::string(member.key()) + "\"",
                  "see docs/stations/deploy.md");
  RolloutRequest request;
  request.app = get_string(value, "app");
  check_device_name(request.app);  // the same letters: it becomes a key of the twin and a folder
  if (request.app.find('.') != std::string::npos)
    throw Error(Code::invalid, "app \"" + request.app + "\" has a '.'", "a twin's keys cannot have one");
  request.image = parse_image_reference(get_string(value, "image")).text();
  request.rings = rings_from(value);
  request.module = {{"image", request.image}};
  for (auto key : {"input", "rules", "samples", "memory_mb", "cpus"})
    if (auto* given = find(value, key); given && !given->is_null()) request.module[key] = *given;
  check_twin(request.module, {}, "module \"" + request.app + "\"");
  auto* gate = find(value, "gate");
  request.gate = gate_from(gate ? *gate : json::value());
  request.data = digest_or_empty(value, "data");
  request.labels = digest_or_empty(value, "labels");
  request.expected = digest_or_empty(value, "expected");
  if (request.data.empty() &&
      (request.gate.min_accuracy || request.gate.max_p99_ms || !request.labels.empty() || !request.expected.empty()))
    throw Error(Code::invalid, "the gate needs \"data\" to validate on",
                "POST /api/packages/data gives the digest of the held-back samples as devices fetch them");
  if (request.gate.min_accuracy && request.labels.empty())
    throw Error(Code::invalid, "a gate on accuracy needs \"labels\"");
  request.model = string_or(value, "model", "");
  request.validate_seconds = seconds_or(value, "validate_seconds", request.validate_seconds);
  request.start_seconds = seconds_or(value, "start_seconds", request.start_seconds);
  request.offline_seconds = seconds_or(value, "offline_seconds", request.offline_seconds);
  return request;
}

json::object to_json(const RolloutRequest& request) {
  json::object value = request.module;
  value["app"] = request.app;
  value["rings"] = json::value_from(request.rings);
  value["gate"] = to_json(request.gate);
  for (auto& [key, text] : {std::pair{"data", &request.data},
                            {"labels", &request.labels},
                            {"expected", &request.expected},
                            {"model", &request.model}})
    if (!text->empty()) value[key] = *text;
  value["validate_seconds"] = request.validate_seconds;
  value["start_seconds"] = request.start_seconds;
  value["offline_seconds"] = request.offline_seconds;
  return value;
}

}  // namespace gyre
