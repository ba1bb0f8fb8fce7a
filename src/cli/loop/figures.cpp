// What a turn of the loop came to: loop.json and the table for people.
#include <cstdio>

#include "base/clock.hpp"
#include "cli/loop/turn.hpp"
#include "cli/terminal.hpp"

namespace gyre {

json::object Turn::figures() {
  const Results &built = *built_, &again = *retrained_;
  Api& api = parts_.api();
  json::object out{{"seed", options_.seed}};
  out["bottle"] = {{"day_before", built.metric("bottle-day", "accuracy")},
                   {"evening_before", built.metric("bottle-evening", "accuracy")},
                   {"day_after", again.metric("day-again", "accuracy")},
                   {"evening_after", again.metric("evening-again", "accuracy")},
                   {"int8_day", built.metric("bottle-int8", "accuracy")}};
  out["gearbox"] = {{"accuracy", built.metric("gearbox-test", "accuracy")},
                    {"unseen_auc", built.metric("gearbox-unseen-test", "unseen_auc")}};
  json::object pump;
  for (auto name : {"false_alarms_raw", "false_alarms_rule", "recall_raw", "recall_rule"})
    pump[name] = built.metric("pump-test", name);
  for (auto name : {"life_rmse", "life_rmse_mean"}) pump[name] = built.metric("life-test", name);
  out["pump"] = std::move(pump);
  json::array list;
  for (auto& device : bottle_again_.rollout.at("devices").as_array())
    list.push_back({{"id", device.at("id")},
                    {"ring", device.at("ring")},
                    {"digest", device.at("digest")},
                    {"accuracy", device.at("accuracy")},
                    {"p50_ms", device.at("p50_ms")},
                    {"p99_ms", device.at("p99_ms")},
                    {"module_pss_mb", device.at("module_pss_mb")}});
  out["devices"] = std::move(list);
  json::value twin = api.call("GET", "/api/devices/line-1");
  auto& agent = twin.at("reported").at("agent").as_object();
  out["agent"] = {{"pss_mb", agent.at("pss_mb")},
                  {"start_ms", agent.at("start_ms")},
                  {"binary_bytes", fs::file_size(own_program().parent_path() / "gyre-edge")}};
  json::value drift = blob(evening_drive_->digest("evening", "report")).at("drift");
  out["drift"] = string_or(drift, "level", "");
  TemporaryFolder folder;
  api.download("/api/blobs/" + again.digest("bottle-again", "model"), folder.path() / "model");
  out["model_bytes"] = fs::file_size(folder.path() / "model");
  out["image_bytes"] = bottle_again_.package.at("bytes");
  out["update_bytes"] = bottle_again_.package.at("update_bytes");
  json::object seconds{{"total", seconds_since_start() - began_}};
  for (auto& [station, value] : seconds_) seconds[station] = value;
  out["seconds"] = std::move(seconds);
  return out;
}

static std::string number(const json::value& value, const char* format) {
  char text[64];
  std::snprintf(text, sizeof text, format, value.to_number<double>());
  return text;
}

std::string loop_table(const json::object& figures, bool colour) {
  auto at = [&](const char* group, const char* name) { return figures.at(group).at(name); };
  auto share = [](const json::value& value) { return number(value.to_number<double>() * 100, "%.1f %%"); };
  std::vector<std::vector<std::string>> rows{
      {"", "before", "after retraining"},
      {"bottles by day", share(at("bottle", "day_before")), share(at("bottle", "day_after"))},
      {"bottles in the evening", share(at("bottle", "evening_before")), share(at("bottle", "evening_after"))},
  };
  std::string out = "\n" + table(rows, colour) + "\n";
  std::vector<std::vector<std::string>> others{
      {"also", ""},
      {"bottles, 8-bit model, day", share(at("bottle", "int8_day"))},
      {"gearbox, known states", share(at("gearbox", "accuracy"))},
      {"gearbox, faults never seen", "AUC " + number(at("gearbox", "unseen_auc"), "%.3f")},
      {"pump, false alarms", number(at("pump", "false_alarms_raw"), "%.0f") + " raw, " +
                                 number(at("pump", "false_alarms_rule"), "%.0f") + " behind the stream rule"},
      {"pump, faults found",
       share(at("pump", "recall_raw")) + " raw, " + share(at("pump", "recall_rule")) + " behind the stream rule"},
      {"pump, remaining life", "RMSE " + number(at("pump", "life_rmse"), "%.1f") + ", of the mean " +
                                   number(at("pump", "life_rmse_mean"), "%.1f")},
      {"model, image, update", short_size(figures.at("model_bytes").to_number<double>()) + ", " +
                                   short_size(figures.at("image_bytes").to_number<double>()) + ", " +
                                   short_size(figures.at("update_bytes").to_number<double>())},
      {"agent", number(at("agent", "pss_mb"), "%.1f MB, ") + number(at("agent", "start_ms"), "%.0f ms to connected, ") +
                    short_size(at("agent", "binary_bytes").to_number<double>())},
  };
  out += table(others, colour) + "\n";
  std::vector<std::vector<std::string>> devices{{"device", "ring", "accuracy", "p50", "p99", "module"}};
  for (auto& device : figures.at("devices").as_array())
    devices.push_back({get_string(device, "id"), get_string(device, "ring"), share(device.at("accuracy")),
                       number(device.at("p50_ms"), "%.1f ms"), number(device.at("p99_ms"), "%.1f ms"),
                       number(device.at("module_pss_mb"), "%.1f MB")});
  out += table(devices, colour) + "\nseconds:";
  for (auto& [station, value] : figures.at("seconds").as_object())
    out += "  " + std::string(station) + " " + number(value, "%.1f");
  return out + "\n";
}

}  // namespace gyre
