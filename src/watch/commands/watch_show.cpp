#include <cstdio>

#include "base/command.hpp"

namespace gyre {

namespace {

std::string text(const json::value& item, std::string_view key) { return string_or(item, key, ""); }
std::string count(const json::value& item, std::string_view key) { return std::to_string(get_int(item, key)); }

void print_module(const json::value& item, Api& api) {
  std::string module = get_string(item, "module");
  std::printf("%s  %s\n", module.c_str(), text(item, "image").c_str());
  std::printf("  %s answers from %s devices in a day, %s alarms; last at %s\n", count(item, "answers").c_str(),
              count(item, "devices").c_str(), count(item, "alarms").c_str(), text(item, "last_at").c_str());
  if (auto p50 = find_number(item, "p50_ms"))
    std::printf("  %.1f ms for half of them, %.1f ms for the slowest\n", *p50, get_number(item, "p99_ms"));
  std::printf("  drift: %s: %s\n", text(item.at("drift"), "level").c_str(), text(item.at("drift"), "words").c_str());
  json::value accuracy = api.call("GET", "/api/watch/modules/" + module + "/accuracy");
  for (auto& row : accuracy.at("accuracy").as_array())
    std::printf("  %s: %s of %s labelled answers were right (%s, %.26s)\n", text(row, "day").c_str(),
                count(row, "right").c_str(), count(row, "labelled").c_str(), text(row, "why").c_str(),
                text(row, "image").c_str());
  if (get_int(item, "waiting"))
    std::printf("  %s samples wait for a label: gyre queue list\n", count(item, "waiting").c_str());
}

int run(const json::object&, CommandContext& context) {
  Api& api = context.api();
  json::value modules = api.call("GET", "/api/watch"), alerts = api.call("GET", "/api/watch/alerts");
  if (context.json) {
    context.print({{"modules", modules.at("modules")}, {"alerts", alerts.at("alerts")}});
    return 0;
  }
  for (auto& alert : alerts.at("alerts").as_array())
    std::printf("ALERT since %s: %s: %s\n", text(alert, "raised_at").c_str(), text(alert, "module").c_str(),
                text(alert, "words").c_str());
  for (auto& item : modules.at("modules").as_array()) print_module(item, api);
  if (modules.at("modules").as_array().empty()) std::printf("no module answered in the last day\n");
  return 0;
}

}  // namespace

extern const Command command_watch_show{.words = "watch show",
                                        .help = "What the modules on the devices answer, how it drifts, open alerts",
                                        .arguments = {},
                                        .options = {},
                                        .run = run};

}  // namespace gyre
