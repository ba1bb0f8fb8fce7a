#include <algorithm>

#include "base/error.hpp"
#include "track/downsample.hpp"
#include "track/mlflow.hpp"

namespace gyre {

static json::object form(const std::string& run, const std::string& key, const Point& point) {
  return {{"key", key},
          {"value", mlflow_number(point.value)},
          {"timestamp", point.at},
          {"step", point.step},
          {"run_id", run}};
}

static constexpr std::size_t most_runs = 100;

// A run that is not there has no points: a chart of many runs shows the others.
static std::vector<Point> curve(Workspace& workspace, const std::string& run, const std::string& key) {
  try {
    return history_of(workspace, run, key);
  } catch (const Error& error) {
    if (error.code != Code::not_found) throw;
    return {};
  }
}

// Whole curves, run by run, cut at `max_results`.
static Response bulk(Workspace& workspace, Request& request) {
  Asked asked(request);
  auto runs = asked.texts("run_id");
  if (runs.empty()) throw Error(Code::invalid, "GetMetricHistoryBulk request must specify at least one run_id.");
  if (runs.size() > most_runs)
    throw Error(Code::invalid, "GetMetricHistoryBulk request cannot specify more than 100 run_ids. Received " +
                                   std::to_string(runs.size()) + " run_ids.");
  auto key = asked.find_text("metric_key");
  if (!key) throw Error(Code::invalid, "GetMetricHistoryBulk request must specify a metric_key.");
  auto most =
      static_cast<std::size_t>(std::clamp<std::int64_t>(asked.find_integer("max_results").value_or(25000), 0, 25000));
  std::sort(runs.begin(), runs.end());
  json::array metrics;
  for (auto& run : runs) {
    auto points = curve(workspace, run, *key);
    std::stable_sort(points.begin(), points.end(), [](auto& a, auto& b) { return a.at < b.at; });
    for (auto& point : points)
      if (metrics.size() < most) metrics.push_back(form(run, *key, point));
  }
  return json_response({{"metrics", metrics}});
}

// Curves as charts need them: no more points of each run than fit on a screen.
static Response intervals(Workspace& workspace, Request& request) {
  Asked asked(request);
  auto runs = asked.texts("run_ids");
  if (runs.empty()) throw Error(Code::invalid, "Missing value for required parameter 'run_ids'.");
  if (runs.size() > most_runs)
    throw Error(Code::invalid, "GetMetricHistoryBulkInterval request must specify at most 100 run_ids. Received " +
                                   std::to_string(runs.size()) + " run_ids.");
  std::string key = asked.text("metric_key");
  auto most = asked.find_integer("max_results").value_or(2500);
  if (most < 1 || most > 2500) throw Error(Code::invalid, "max_results must be between 1 and 2500.");
  auto first = asked.find_integer("start_step"), last = asked.find_integer("end_step");
  if (first.has_value() != last.has_value())
    throw Error(Code::invalid, "If either start step or end step are specified, both must be specified.");
  if (first && *first > *last)
    throw Error(Code::invalid, "end_step must be greater than start_step. Found start_step=" + std::to_string(*first) +
                                   " and end_step=" + std::to_string(*last) + ".");
  json::array metrics;
  for (auto& run : runs) {
    auto points = curve(workspace, run, key);
    if (first) std::erase_if(points, [&](const Point& point) { return point.step < *first || point.step > *last; });
    for (auto& point : downsample(points, static_cast<std::size_t>(most))) metrics.push_back(form(run, key, point));
  }
  return json_response({{"metrics", metrics}});
}

std::vector<Route> mlflow_history_routes(Workspace& workspace) {
  return {
      {"GET", "/metrics/get-history-bulk", "All points of a metric of several runs",
       [&](Request& request) { return bulk(workspace, request); }},
      {"GET", "/metrics/get-history-bulk-interval", "A metric of several runs, down-sampled for a chart",
       [&](Request& request) { return intervals(workspace, request); }},
  };
}

}  // namespace gyre
