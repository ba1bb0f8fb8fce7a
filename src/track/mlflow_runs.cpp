#include <algorithm>
#include <future>

#include "base/cores.hpp"
#include "base/error.hpp"
#include "base/json_text.hpp"
#include "track/mlflow.hpp"
#include "track/mlflow_forms.hpp"

namespace gyre {

static void write_point(JsonText& out, const std::string& key, const Point& point) {
  out.open('{').key("key").text(key).key("value").number(point.value);
  out.key("timestamp").integer(point.at).key("step").integer(point.step).close('}');
}

static void write_pairs(JsonText& out, std::string_view name, const Pairs& pairs) {
  out.key(name).open('[');
  for (auto& [key, value] : pairs) out.open('{').key("key").text(key).key("value").text(value).close('}');
  out.close(']');
}

static void write_info(JsonText& out, const Run& run) {
  out.open('{').key("run_id").text(run.id).key("run_uuid").text(run.id).key("run_name").text(run.name);
  out.key("experiment_id").text(std::to_string(run.experiment)).key("user_id").text(run.who);
  out.key("status").text(run.status).key("start_time").integer(run.started_at);
  if (run.ended_at) out.key("end_time").integer(*run.ended_at);
  out.key("artifact_uri").text(run.artifact_uri).key("lifecycle_stage").text(run.stage).close('}');
}

static void write_run(JsonText& out, const Run& run, const RunLinks& links) {
  out.open('{').key("info");
  write_info(out, run);
  out.key("data").open('{').key("metrics").open('[');
  for (auto& point : run.metrics) write_point(out, point.key, point);
  out.close(']');
  write_pairs(out, "params", run.params);
  write_pairs(out, "tags", run.tags);
  out.close('}');
  bool inputs = !links.datasets.empty() || !links.input_models.empty();
  out.key("inputs").value(inputs ? mlflow_inputs(links) : json::object());
  out.key("outputs").value(links.output_models.empty() ? json::object() : mlflow_outputs(links)).close('}');
}

static Response answer_run(const Run& run, const RunLinks& links) {
  JsonText out;
  out.open('{').key("run");
  write_run(out, run, links);
  return {.body = out.close('}').take()};
}

// Old clients say run_uuid.
static std::string run_of(const Asked& asked) {
  auto id = asked.find_text("run_id");
  return id && !id->empty() ? *id : asked.find_text("run_uuid") ? asked.text("run_uuid") : asked.text("run_id");
}

static Point point_of(const Asked& asked) {
  std::int64_t at = asked.integer("timestamp");
  if (at < 0) throw Error(Code::invalid, "Timestamp must be a nonnegative long (64-bit integer)");
  return {asked.text("key"), asked.number("value"), at, asked.find_integer("step").value_or(0)};
}

static Response nothing() { return json_response(json::object()); }

// The answer, once the body is durable.
static Response once(Workspace& workspace, std::function<void()> body, Response response = nothing()) {
  response.once = workspace.rows().later(std::move(body));
  return response;
}

static Response create(Workspace& workspace, Request& request) {
  Asked asked(request);
  std::string experiment = asked.text_or("experiment_id", "");
  auto run = planned_run(workspace, {.experiment = experiment.empty() ? 0 : asked.integer("experiment_id"),
                                     .name = asked.text_or("run_name", ""),
                                     .started_at = asked.find_integer("start_time").value_or(0),
                                     .tags = asked.pairs("tags"),
                                     .who = asked.text_or("user_id", request.who)});
  Response response = answer_run(run, {});
  return once(
      workspace, [&workspace, run = std::move(run)]() mutable { put_run(workspace, run); }, std::move(response));
}

static Response update(Workspace& workspace, Request& request) {
  Asked asked(request);
  std::string id = run_of(asked);
  update_run(workspace, id,
             {.status = asked.find_choice("status", {"RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"}),
              .ended_at = asked.find_integer("end_time"),
              .name = asked.find_text("run_name")},
             request.who);
  JsonText out;
  out.open('{').key("run_info");
  write_info(out, get_run(workspace, id));
  return {.body = out.close('}').take()};
}

static std::string written(Workspace& workspace, std::span<const Run> runs) {
  auto links = links_of(workspace, runs);
  JsonText out;
  for (auto& run : runs) write_run(out, run, links[run.number]);
  return out.take();
}

// Each part of a long page has a thread of its own; the first one this thread.
static void write_runs(JsonText& out, Workspace& workspace, std::span<const Run> runs) {
  std::size_t part = std::max<std::size_t>(500, runs.size() / usable_cores() + 1);
  std::vector<std::future<std::string>> parts;
  for (std::size_t at = 0; at < runs.size(); at += part)
    parts.push_back(std::async(at ? std::launch::async : std::launch::deferred, written, std::ref(workspace),
                               runs.subspan(at, std::min(part, runs.size() - at))));
  std::vector<std::string> texts;
  std::size_t bytes = 0;
  for (auto& one : parts) bytes += texts.emplace_back(one.get()).size() + 1;
  constexpr std::size_t rest = 256;  // of the page: brackets, the next one's token
  out.reserve(bytes + rest);
  for (auto& text : texts) out.values(text);
}

static Response search(Workspace& workspace, Request& request) {
  Asked asked(request);
  Search search = asked.search(1000, 50000);
  search.stages = asked.stages("run_view_type");
  auto page = search_runs(workspace, asked.experiments(), search);
  JsonText out;
  out.open('{').key("runs").open('[');
  write_runs(out, workspace, page.found);
  out.close(']');
  if (!page.next.empty()) out.key("next_page_token").text(page.next);
  return {.body = out.close('}').take()};
}

// Points that a model was measured by are kept for that too.
static Response log_points(Workspace& workspace, std::string run, std::vector<Point> points,
                           std::vector<ModelPoint> measured, Pairs params = {}, Pairs tags = {}) {
  auto log = batch_to_log(workspace, std::move(run), std::move(points), std::move(params), std::move(tags));
  if (measured.empty()) return once(workspace, std::move(log));
  return once(workspace, [&workspace, log = std::move(log), measured = std::move(measured)] {
    log();
    log_model_points(workspace, measured);
  });
}

static Response log_many(Workspace& workspace, Request& request) {
  Asked asked(request);
  std::string run = run_of(asked);
  std::vector<Point> points;
  auto metrics = asked.items("metrics");
  for (auto& item : metrics) points.push_back(point_of(item));
  auto measured = asked_model_points(run, metrics, points);
  Pairs params = asked.pairs("params"), tags = asked.pairs("tags");
  auto limit = [](std::string_view what, std::size_t count, std::size_t most) {
    if (count > most)
      throw Error(Code::invalid, "A batch logging request can contain at most " + std::to_string(most) + " " +
                                     std::string(what) + ". Got " + std::to_string(count) + " " + std::string(what) +
                                     ". Please split up " + std::string(what) +
                                     " across multiple requests and try again.");
  };
  limit("metrics", points.size(), 1000);
  limit("params", params.size(), 100);
  limit("tags", tags.size(), 100);
  limit("metrics, params, and tags", points.size() + params.size() + tags.size(), 1000);
  return log_points(workspace, std::move(run), std::move(points), std::move(measured), std::move(params),
                    std::move(tags));
}

// As MLflow: by time. Without max_results there is no page: the client asked for all.
static Response history(Workspace& workspace, Request& request) {
  Asked asked(request);
  std::string key = asked.text("metric_key");
  auto most = asked.find_integer("max_results");
  if (most && *most <= 0)
    throw Error(Code::invalid, "Invalid value " + std::to_string(*most) +
                                   " for parameter 'max_results' supplied. It must be a positive integer.");
  std::int64_t skip = asked.text_or("page_token", "").empty() ? 0 : asked.integer("page_token");
  if (skip < 0) throw Error(Code::invalid, "Invalid page token, could not decode: " + asked.text("page_token"));
  auto points = history_of(workspace, run_of(asked), key);
  auto earlier = [](const Point& a, const Point& b) { return a.at < b.at; };
  if (!std::is_sorted(points.begin(), points.end(), earlier)) std::stable_sort(points.begin(), points.end(), earlier);
  auto start = std::min(static_cast<std::size_t>(skip), points.size()), end = points.size();
  if (most) end = std::min(start + static_cast<std::size_t>(*most), end);
  JsonText out;
  out.open('{');
  if (end < points.size()) out.key("next_page_token").text(std::to_string(end));
  out.key("metrics").open('[');
  for (auto i = start; i < end; i++) write_point(out, key, points[i]);
  return {.body = out.close(']').close('}').take()};
}

std::vector<Route> mlflow_run_routes(Workspace& workspace) {
  return {
      quick({"POST", "/runs/create", "Start a run", [&](Request& request) { return create(workspace, request); }}),
      {"GET", "/runs/get", "A run with its last metrics, params and tags",
       [&](Request& request) {
         auto run = get_run(workspace, run_of(Asked(request)));
         return answer_run(run, links_of(workspace, {&run, 1})[run.number]);
       }},
      {"POST", "/runs/update", "End or rename a run", [&](Request& request) { return update(workspace, request); }},
      {"POST", "/runs/search", "Search runs", [&](Request& request) { return search(workspace, request); }},
      {"POST", "/runs/delete", "Delete a run; it can be restored",
       [&](Request& request) {
         set_run_stage(workspace, run_of(Asked(request)), "deleted", request.who);
         return nothing();
       }},
      {"POST", "/runs/restore", "Restore a deleted run",
       [&](Request& request) {
         set_run_stage(workspace, run_of(Asked(request)), "active", request.who);
         return nothing();
       }},
      quick({"POST", "/runs/log-metric", "Log one point of a metric",
             [&](Request& request) {
               Asked asked(request);
               std::string run = run_of(asked);
               Point point = point_of(asked);
               auto measured = asked_model_points(run, {asked}, {point});
               return log_points(workspace, std::move(run), {std::move(point)}, std::move(measured));
             }}),
      quick({"POST", "/runs/log-parameter", "Log a param",
             [&](Request& request) {
               Asked asked(request);
               std::string run = run_of(asked);
               Pairs params{{asked.text("key"), asked.text_or("value", "")}};
               return once(workspace, batch_to_log(workspace, std::move(run), {}, std::move(params), {}));
             }}),
      quick({"POST", "/runs/set-tag", "Tag a run",
             [&](Request& request) {
               Asked asked(request);
               std::string run = run_of(asked);
               Pairs tags{{asked.text("key"), asked.text_or("value", "")}};
               return once(workspace, batch_to_log(workspace, std::move(run), {}, {}, std::move(tags)));
             }}),
      {"POST", "/runs/delete-tag", "Take a tag off a run",
       [&](Request& request) {
         Asked asked(request);
         delete_run_tag(workspace, run_of(asked), asked.text("key"));
         return nothing();
       }},
      quick({"POST", "/runs/log-batch", "Log metrics, params and tags, all or none",
             [&](Request& request) { return log_many(workspace, request); }}),
      {"GET", "/metrics/get-history", "All points of a metric",
       [&](Request& request) { return history(workspace, request); }},
  };
}

}  // namespace gyre
