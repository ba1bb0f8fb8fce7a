#include "fleet/words.hpp"

#include <algorithm>
#include <cstdio>

#include "track/show.hpp"

namespace gyre {

static std::string number(double value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

// "bottle@sha256:0123456789ab": enough of the digest to tell two versions apart.
static std::string short_image(const std::string& image) {
  auto colon = image.find("sha256:");
  return colon == std::string::npos ? image : image.substr(0, colon + 7 + 12);
}

static std::string modules_in_words(const json::value& section, bool reported) {
  auto* modules = find(section, "modules");
  if (!modules || !modules->is_object() || modules->get_object().empty()) return "    no module\n";
  std::string text;
  for (auto& member : modules->get_object()) {
    auto& module = member.value();
    text += "    " + std::string(member.key()) + ": " + short_image(string_or(module, "image", "no image"));
    if (reported) text += ", " + string_or(module, "state", "no state");
    if (auto pss = find_number(module, "pss_mb")) text += ", " + number(*pss, 1) + " MB";
    if (auto input = find_string(module, "input")) text += ", reads " + *input;
    if (auto refused = find_string(module, "refused")) text += "; refused " + short_image(*refused);
    if (std::string error = string_or(module, "error", ""); reported && !error.empty()) text += ": " + error;
    text += "\n";
  }
  return text;
}

std::string device_in_words(const json::value& twin) {
  auto& desired = twin.at("desired");
  auto& reported = twin.at("reported");
  std::string text = get_string(twin, "name") + ", ring " + get_string(twin, "ring") + ", " +
                     get_string(twin, "state") + (get_bool(twin, "online") ? ", online" : ", offline");
  if (auto* seen = find(twin, "seen_at"); seen && seen->is_string())
    text += ", last heard of at " + std::string(seen->get_string());
  text += "\n";
  if (auto* tags = find(twin, "tags"); tags && !tags->as_object().empty()) text += "  tags: " + canonical(*tags) + "\n";
  text += "  it is to run (version " + std::to_string(get_int(desired, "$version")) + "):\n" +
          modules_in_words(desired, false);
  if (auto* gather = find(desired, "gather"); gather && gather->is_object())
    for (auto& member : gather->get_object())
      text += "    gathers from " + std::string(member.key()) + ": " + canonical(member.value()) + "\n";
  if (auto* asked = find(desired, "validate"))
    text += "    validates " + short_image(string_or(*asked, "image", "an image")) + "\n";
  text += "  it says:\n" + modules_in_words(reported, true);
  if (auto* agent = find(reported, "agent")) {
    text += "    agent " + string_or(*agent, "version", "?");
    if (auto pss = find_number(*agent, "pss_mb")) text += ", " + number(*pss, 1) + " MB";
    if (auto* dropped = find(*agent, "dropped"); dropped && dropped->is_object())
      for (auto& member : dropped->get_object())
        text += ", dropped for want of room: " + canonical(member.value()) + " " + std::string(member.key());
    text += "\n";
  }
  return text;
}

static std::string gate_in_words(const json::value& gate) {
  std::string text;
  auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (auto limit = find_number(gate, "min_accuracy")) add("accuracy at least " + number(*limit, 3));
  if (auto limit = find_number(gate, "max_p99_ms")) add("p99 latency at most " + number(*limit, 1) + " ms");
  if (auto limit = find_number(gate, "max_memory_mb")) add("memory at most " + number(*limit, 0) + " MB");
  return text.empty() ? "the module must run" : text;
}

json::array ring_list(std::string_view names) {
  json::array rings;
  while (true) {
    auto comma = names.find(',');
    rings.emplace_back(names.substr(0, comma));
    if (comma == std::string_view::npos) return rings;
    names.remove_prefix(comma + 1);
  }
}

bool is_over(const json::value& rollout) {
  std::string state = get_string(rollout, "state");
  return state == "done" || state == "rolled_back";
}

std::string rollout_line(const json::value& rollout) {
  std::string text = "ring " + get_string(rollout, "ring") + ":";
  if (get_string(rollout, "state") == "going_back") text = "going back:";
  for (auto& device : rollout.at("devices").as_array())
    text += " " + get_string(device, "id") + " " + get_string(device, "phase");
  return text;
}

std::string rollout_in_words(const json::value& rollout) {
  std::string state = get_string(rollout, "state");
  std::ranges::replace(state, '_', ' ');
  std::string text = "roll-out " + std::to_string(get_int(rollout, "id")) + " of " + get_string(rollout, "app") + ", " +
                     short_image(get_string(rollout, "image")) + ": " + state + "\n";
  if (auto* reason = find(rollout, "reason"); reason && reason->is_string())
    text += "  because " + std::string(reason->get_string()) + "\n";
  text += "  gate: " + gate_in_words(rollout.at("request").at("gate")) + "\n";
  std::vector<std::vector<std::string>> rows{
      {"  DEVICE", "RING", "PHASE", "ACCURACY", "P50 MS", "P99 MS", "MEMORY MB", ""}};
  for (auto& device : rollout.at("devices").as_array()) {
    auto cell = [&](std::string_view key, int digits) {
      auto value = find_number(device, key);
      return value ? number(*value, digits) : std::string("-");
    };
    auto* reason = find(device, "reason");
    rows.push_back({"  " + get_string(device, "id"), get_string(device, "ring"), get_string(device, "phase"),
                    cell("accuracy", 4), cell("p50_ms", 1), cell("p99_ms", 1), cell("module_pss_mb", 1),
                    reason && reason->is_string() ? std::string(reason->get_string()) : ""});
  }
  return text + columns(rows);
}

}  // namespace gyre
