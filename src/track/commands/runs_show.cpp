#include <cmath>
#include <cstdio>

#include "base/clock.hpp"
#include "base/command.hpp"
#include "base/http_client.hpp"
#include "track/show.hpp"

namespace gyre {

static void print_pairs(const char* title, const json::value& pairs) {
  if (pairs.as_object().empty()) return;
  std::printf("\n%s\n", title);
  std::vector<std::vector<std::string>> rows;
  for (auto& pair : pairs.as_object())
    rows.push_back({"  " + std::string(pair.key()), std::string(pair.value().as_string())});
  std::fputs(columns(rows).c_str(), stdout);
}

static int run(const json::object& values, CommandContext& context) {
  json::value run = context.api().call("GET", "/api/runs/" + percent_encode(get_string(values, "run")));
  if (context.json) {
    context.print(run);
    return 0;
  }
  std::printf("%s  %s of %s, %s, by %s\nstarted %s\n", get_string(run, "id").c_str(), get_string(run, "name").c_str(),
              get_string(run, "experiment").c_str(), get_string(run, "status").c_str(), get_string(run, "who").c_str(),
              iso_time(get_int(run, "started_at")).c_str());
  std::vector<std::vector<std::string>> rows{{"  METRIC", "LAST", "LEAST", "MOST", "POINTS", ""}};
  for (auto& metric : run.at("histories").as_object()) {
    std::vector<double> history;
    double least = INFINITY, most = -INFINITY;
    for (auto& point : metric.value().as_array()) {
      history.push_back(point.at(1).is_null() ? std::nan("") : point.at(1).to_number<double>());
      if (std::isfinite(history.back())) least = std::min(least, history.back()), most = std::max(most, history.back());
    }
    rows.push_back({"  " + std::string(metric.key()), history.empty() ? "" : short_number(history.back()),
                    short_number(least), short_number(most), std::to_string(history.size()),
                    history.size() > 1 ? curve(history, 40) : ""});
  }
  if (rows.size() > 1) std::printf("\n%s", columns(rows).c_str());
  print_pairs("params", run.at("params"));
  print_pairs("tags", run.at("tags"));
  return 0;
}

extern const Command command_runs_show;
const Command command_runs_show{
    .words = "runs show",
    .help = "Show a run: the histories of its metrics, params, tags",
    .arguments = {{"run", FieldType::text, "its id, or the start of it", nullptr, {.required = true}}},
    .options = {},
    .run = run};

}  // namespace gyre
