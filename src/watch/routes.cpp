#include "watch/routes.hpp"

#include <charconv>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "watch/alerts.hpp"
#include "watch/queue.hpp"

namespace gyre {

namespace {

std::int64_t number_in(const Request& request, std::string_view name, std::int64_t otherwise) {
  auto text = request.query_value(name);
  if (!text) return otherwise;
  std::int64_t number = 0;
  auto [stop, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || stop != text->data() + text->size() || number < 0)
    throw Error(Code::invalid, std::string(name) + ": \"" + *text + "\" is no count");
  return number;
}

std::string text_in(const Request& request, std::string_view name) { return request.query_value(name).value_or(""); }

json::array modules(Workspace& workspace) {
  json::array result;
  for (auto& row : workspace.rows().query("SELECT module, count(DISTINCT device) AS devices, sum(count) AS answers, "
                                          "sum(alarms) AS alarms, max(last_at) AS last_at "
                                          "FROM answer_window WHERE last_at >= $1 GROUP BY module ORDER BY module",
                                          {now_ms() - 24 * 3'600'000})) {
    std::string module = get_string(row, "module");
    auto now = current_drift(workspace, {.module = module});
    auto waiting = workspace.rows().one(
        "SELECT count(*) AS n FROM queue_sample WHERE module = $1 AND state = 'waiting'", {module});
    json::object item{{"module", module},
                      {"image", now.current.image},
                      {"devices", row.at("devices")},
                      {"answers", row.at("answers")},
                      {"alarms", row.at("alarms")},
                      {"last_at", iso_time(get_int(row, "last_at"))},
                      {"drift", {{"level", name_of(now.drift.level)}, {"words", now.drift.words}}},
                      {"waiting", waiting->at("n")}};
    if (now.current.p99_ms) item["p50_ms"] = *now.current.p50_ms, item["p99_ms"] = *now.current.p99_ms;
    result.push_back(std::move(item));
  }
  return result;
}

Response windows(Workspace& workspace, const Request& request) {
  json::array result;
  WindowFilter filter{text_in(request, "module"), text_in(request, "image"), text_in(request, "device"),
                      number_in(request, "since", 0), std::min<std::int64_t>(number_in(request, "limit", 100), 10'000)};
  for (auto& window : newest_windows(workspace, filter))
    result.push_back(to_json(window, text_in(request, "sketch") == "true"));
  return json_response({{"windows", std::move(result)}});
}

// {"sketch": {...}}, or {"digest": "sha256:..."}: what the step reference-sketch wrote.
Response reference(Workspace& workspace, Request& request) {
  json::value body = request.json_body();
  json::value kept;
  auto* sketch = find(body, "sketch");
  if (!sketch) {
    std::string digest = get_string(body, "digest");
    kept = parse_json(workspace.blobs().read(digest), digest);
    sketch = find(kept, "sketch") ? find(kept, "sketch") : &kept;
  }
  Sketch parsed = Sketch::from_json(*sketch);
  set_reference(workspace, request.param("module"), string_or(body, "image", ""), parsed);
  return json_response({{"module", request.param("module")}, {"answers", parsed.count}});
}

json::array events(Workspace& workspace, const Request& request) {
  json::array result;
  for (auto& row : workspace.rows().query("SELECT * FROM device_event WHERE ($1 = '' OR module = $1) AND ($2 = '' OR "
                                          "device = $2) ORDER BY id DESC LIMIT $3",
                                          {text_in(request, "module"), text_in(request, "device"),
                                           std::min<std::int64_t>(number_in(request, "limit", 100), 10'000)}))
    result.push_back({{"device", row.at("device")},
                      {"module", row.at("module")},
                      {"at", iso_time(get_int(row, "at"))},
                      {"what", row.at("what")},
                      {"body", parse_json(get_string(row, "body"), "a kept event")}});
  return result;
}

}  // namespace

std::vector<Route> watch_routes(Workspace& workspace) {
  return {
      {"GET", "/api/watch",
       "Every module that answered in the last day: devices, answers, latency, drift, what waits to be labelled",
       [&workspace](Request&) {
         return json_response({{"modules", modules(workspace)}});
       }},
      {"GET", "/api/watch/windows",
       "Windows of answers, newest first; ?module, image, device, since (ms), limit, sketch=true",
       [&workspace](Request& request) { return windows(workspace, request); }},
      {"GET", "/api/watch/modules/{module}/drift",
       "The newest answers against validation; ?image, device, answers=100, since (ms)",
       [&workspace](Request& request) {
         WindowFilter filter{request.param("module"), text_in(request, "image"), text_in(request, "device"),
                             number_in(request, "since", 0)};
         return json_response(to_json(current_drift(workspace, filter, number_in(request, "answers", 100))));
       }},
      {"PUT", "/api/watch/modules/{module}/reference",
       "What it saw at validation: {\"digest\" or \"sketch\", \"image\"?}",
       [&workspace](Request& request) { return reference(workspace, request); }},
      {"GET", "/api/watch/modules/{module}/accuracy",
       "Whether its answers were right, by version and day, from labels given since",
       [&workspace](Request& request) {
         return json_response({{"accuracy", accuracy_over_time(workspace, request.param("module"))}});
       }},
      {"GET", "/api/watch/alerts", "Open alerts; ?all=true for those that ended too",
       [&workspace](Request& request) {
         return json_response({{"alerts", list_alerts(workspace, text_in(request, "all") == "true")}});
       }},
      {"GET", "/api/watch/events", "Events of devices, newest first; ?module, device, limit",
       [&workspace](Request& request) {
         return json_response({{"events", events(workspace, request)}});
       }},
  };
}

}  // namespace gyre
