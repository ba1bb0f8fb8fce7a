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

static std::vector<std::string> asked_runs(std::string_view request, const std::vector<std::string>& runs) {
  std::string name(request);
  if (runs.empty()) throw Error(Code::invalid, name + " request must specify at least one run_id.");
  if (runs.size() > 100)
    throw Error(Code::invalid, name + " request cannot specify more than 100 run_ids. Received " +
                                   std::to_string(runs.size()) + " run_ids.");
  return runs;
}

static std::string asked_key(std::string_view request, const Asked& asked) {
  auto key = asked.find_text("metric_key");
  if (!key || key->empty()) throw Error(Code::invalid, std::string(request) + " request must specify a metric_key.");
  return *key;
}

// Whole curves, run by run, cut at `max_results`.
static Response bulk(Workspace& workspace, Request& request) {
  Asked asked(request);
  auto runs = asked_runs("GetMetricHistoryBulk", asked.texts("run_id"));
  std::string key = asked_key("GetMetricHistoryBulk", asked);
  auto most =
      static_cast<std::size_t>(std::clamp<std::int64_t>(asked.find_integer("max_results").value_or(25000), 0, 25000));
  std::sort(runs.begin(), runs.end());
  json::array metrics;
  for (auto& run : runs) {
    auto points = history_of(workspace, run, key);
    std::stable_sort(points.begin(), points.end(), [](auto& a, auto& b) { return a.at < b.at; });
    for (auto& point : points)
      if (metrics.size() < most) metrics.push_back(form(run, key, point));
  }
  return json_response({{"metrics", metrics}});
}

// Curves as charts need them: no more points of each run than fit on a screen.
static Response intervals(Workspace& workspace, Request& request) {
  Asked asked(request);
  auto runs = asked_runs("GetMetricHistoryBulkInterval", asked.texts("run_ids"));
  std::string key = asked_key("GetMetricHistoryBulkInterval", asked);
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
    auto points = history_of(workspace, run, key);
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
