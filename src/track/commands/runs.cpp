#include <cstdio>

#include "base/clock.hpp"
#include "base/command.hpp"
#include "base/http_client.hpp"
#include "track/show.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  json::value answer =
      context.api().call("GET", "/api/runs?experiment=" + percent_encode(get_string(values, "experiment")) +
                                    "&filter=" + percent_encode(get_string(values, "filter")));
  if (context.json) {
    context.print(answer);
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"RUN", "EXPERIMENT", "NAME", "STATUS", "STARTED", "TOOK", "METRICS"}};
  for (auto& run : answer.at("runs").as_array()) {
    auto started = get_int(run, "started_at");
    std::string took =
        find(run, "ended_at") ? short_duration(static_cast<double>(get_int(run, "ended_at") - started) / 1000) : "";
    rows.push_back({get_string(run, "id").substr(0, 8), get_string(run, "experiment"), get_string(run, "name"),
                    get_string(run, "status"), iso_time(started), took, metrics_line(run.at("metrics"), 3)});
  }
  if (rows.size() == 1)
    std::printf("no runs yet\n");
  else
    std::fputs(columns(rows).c_str(), stdout);
  return 0;
}

extern const Command command_runs;
const Command command_runs{
    .words = "runs",
    .help = "List the newest runs",
    .arguments = {},
    .options = {{"experiment", FieldType::text, "only runs of this experiment", ""},
                {"filter", FieldType::text, "as in MLflow: metrics.loss < 0.1 and params.net = 'small'", ""}},
    .run = run};

}  // namespace gyre
