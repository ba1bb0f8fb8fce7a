#include "watch/windows.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "watch/alerts.hpp"

namespace gyre {

namespace {

constexpr std::int64_t hour_ms = 3'600'000, fine_for_ms = 24 * hour_ms;
constexpr std::int64_t between_compactions = 1000;  // windows

std::int64_t insert(Rows& rows, const AnswerWindow& window) {
  json::value p50 = nullptr, p99 = nullptr;
  if (window.p50_ms) p50 = *window.p50_ms;
  if (window.p99_ms) p99 = *window.p99_ms;
  return rows.insert(
      "INSERT INTO answer_window (device, module, image, first_at, last_at, count, alarms, errors, late, dropped, "
      "p50_ms, "
      "p99_ms, sketch) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
      {window.device, window.module, window.image, window.first_at, window.last_at, window.count, window.alarms,
       window.errors, window.late, window.dropped, p50, p99, canonical(window.sketch.to_json())},
      "id");
}

AnswerWindow window_from(const Row& row) {
  AnswerWindow window;
  window.device = get_string(row, "device");
  window.module = get_string(row, "module");
  window.image = get_string(row, "image");
  window.first_at = get_int(row, "first_at");
  window.last_at = get_int(row, "last_at");
  window.count = get_int(row, "count");
  window.alarms = get_int(row, "alarms");
  window.errors = get_int(row, "errors");
  window.late = get_int(row, "late");
  window.dropped = get_int(row, "dropped");
  window.p50_ms = find_number(row, "p50_ms");
  window.p99_ms = find_number(row, "p99_ms");
  window.sketch = Sketch::from_json(parse_json(get_string(row, "sketch"), "a kept sketch"));
  return window;
}

// The median of the whole is not in its parts: the mean of theirs, weighted, is what can be said; the slowest stays.
void join(AnswerWindow& all, const AnswerWindow& one) {
  if (one.p50_ms && one.p99_ms) {
    double before = double(all.count), now = double(one.count);
    all.p50_ms =
        all.p50_ms && before + now > 0 ? (*all.p50_ms * before + *one.p50_ms * now) / (before + now) : *one.p50_ms;
    all.p99_ms = std::max(all.p99_ms.value_or(0), *one.p99_ms);
  }
  all.first_at = all.first_at ? std::min(all.first_at, one.first_at) : one.first_at;
  all.last_at = std::max(all.last_at, one.last_at);
  all.count += one.count, all.alarms += one.alarms, all.errors += one.errors;
  all.late += one.late, all.dropped += one.dropped;
  all.sketch.merge(one.sketch);
}

void compact(Rows& rows, std::int64_t before) {
  auto old =
      rows.query("SELECT * FROM answer_window WHERE last_at < $1 ORDER BY device, module, image, last_at", {before});
  rows.run("DELETE FROM answer_window WHERE last_at < $1", {before});
  std::optional<AnswerWindow> hour;
  for (auto& row : old) {
    AnswerWindow window = window_from(row);
    bool same = hour && hour->device == window.device && hour->module == window.module && hour->image == window.image &&
                hour->last_at / hour_ms == window.last_at / hour_ms;
    if (same)
      join(*hour, window);
    else {
      if (hour) insert(rows, *hour);
      hour = std::move(window);
    }
  }
  if (hour) insert(rows, *hour);
}

}  // namespace

json::object to_json(const AnswerWindow& window, bool with_sketch) {
  json::object result{{"device", window.device},
                      {"module", window.module},
                      {"image", window.image},
                      {"from", iso_time(window.first_at)},
                      {"to", iso_time(window.last_at)},
                      {"count", window.count},
                      {"labels", json::value_from(window.sketch.labels)},
                      {"alarms", window.alarms},
                      {"errors", window.errors},
                      {"late", window.late},
                      {"dropped", window.dropped}};
  if (window.p50_ms) result["p50_ms"] = *window.p50_ms;
  if (window.p99_ms) result["p99_ms"] = *window.p99_ms;
  if (with_sketch) result["sketch"] = window.sketch.to_json();
  return result;
}

void keep_window(Workspace& workspace, const AnswerWindow& window) {
  auto& rows = workspace.rows();
  rows.transaction([&] {
    if (insert(rows, window) % between_compactions == 0) compact(rows, (now_ms() - fine_for_ms) / hour_ms * hour_ms);
    check_alerts(workspace, window.module, window.image);
  });
}

std::vector<AnswerWindow> newest_windows(Workspace& workspace, const WindowFilter& filter) {
  std::vector<AnswerWindow> windows;
  for (auto& row : workspace.rows().query("SELECT * FROM answer_window WHERE ($1 = '' OR module = $1) AND ($2 = '' OR "
                                          "image = $2) AND ($3 = '' OR device = $3) "
                                          "AND last_at >= $4 ORDER BY last_at DESC, id DESC LIMIT $5",
                                          {filter.module, filter.image, filter.device, filter.since, filter.limit}))
    windows.push_back(window_from(row));
  return windows;
}

AnswerWindow recent(Workspace& workspace, WindowFilter filter, std::int64_t answers) {
  if (filter.image.empty()) filter.image = newest_image(workspace, filter.module);
  AnswerWindow all;
  for (filter.limit = 16;; filter.limit *= 8) {  // each window carries a sketch: few are read where few are enough
    all = {.device = filter.device, .module = filter.module, .image = filter.image};
    auto windows = newest_windows(workspace, filter);
    for (auto& window : windows)
      if (all.count < answers) join(all, window);
    if (all.count >= answers || windows.size() < static_cast<std::size_t>(filter.limit)) return all;
  }
}

std::string newest_image(Workspace& workspace, const std::string& module) {
  auto row = workspace.rows().one(
      "SELECT image FROM answer_window WHERE module = $1 ORDER BY last_at DESC, id DESC LIMIT 1", {module});
  return row ? get_string(*row, "image") : "";
}

}  // namespace gyre
