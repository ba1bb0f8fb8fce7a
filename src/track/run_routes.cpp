#include <cmath>

#include "base/error.hpp"
#include "track/downsample.hpp"
#include "track/registry_routes.hpp"
#include "track/search.hpp"

namespace gyre {

static Response list_runs(Workspace& workspace, Request& request) {
  std::vector<std::int64_t> experiments;
  std::string name = request.query_value("experiment").value_or("");
  if (!name.empty()) {
    auto experiment = find_experiment(workspace, name);
    if (!experiment) throw Error(Code::not_found, "there is no experiment named " + name, "gyre runs lists all runs");
    experiments.push_back(experiment->id);
  }
  json::object names;
  for (auto& experiment : search_experiments(workspace, {.limit = 50000}).found) {
    names[std::to_string(experiment.id)] = experiment.name;
    if (name.empty()) experiments.push_back(experiment.id);
  }
  json::array runs;
  for (auto& run :
       search_runs(workspace, experiments, {.filter = request.query_value("filter").value_or(""), .limit = 200})
           .found) {
    json::object value = to_json(run);
    value["experiment"] = names[std::to_string(run.experiment)];
    value["experiment_id"] = std::to_string(run.experiment);
    runs.push_back(std::move(value));
  }
  return json_response({{"runs", runs}});
}

// A run named by the start of its id, as long as it is the only one.
static Run run_starting_with(Workspace& workspace, const std::string& start) {
  if (start.size() < 4 || start.find_first_not_of("0123456789abcdef") != std::string::npos)
    return get_run(workspace, start);
  auto rows = workspace.rows().query("SELECT id FROM run WHERE id >= $1 AND id < $2 LIMIT 2", {start, start + "g"});
  if (rows.size() > 1) throw Error(Code::invalid, "several runs start with " + start, "give more of the id");
  return get_run(workspace, rows.empty() ? start : get_string(rows[0], "id"));
}

static Response show_run(Workspace& workspace, Request& request) {
  Run run = run_starting_with(workspace, request.param("id"));
  json::object value = to_json(run);
  value["experiment"] = get_experiment(workspace, run.experiment).name;
  json::object histories;
  for (auto& last : run.metrics) {
    json::array points;
    for (auto& point : downsample(history_of(workspace, run.id, last.key), 2000))
      points.push_back(
          json::array{point.step, std::isfinite(point.value) ? json::value(point.value) : json::value(), point.at});
    histories[last.key] = std::move(points);
  }
  value["histories"] = std::move(histories);
  return json_response(value);
}

std::vector<Route> run_routes(Workspace& workspace) {
  return {
      {"GET", "/api/runs", "The newest 200 runs; ?experiment=NAME, ?filter=metrics.loss < 0.1",
       [&](Request& request) { return list_runs(workspace, request); }},
      {"GET", "/api/runs/{id}", "A run with the histories of its metrics: [step, value, at]",
       [&](Request& request) { return show_run(workspace, request); }},
  };
}

}  // namespace gyre
