#include "watch/intake.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "watch/queue.hpp"
#include "watch/windows.hpp"

namespace gyre {

static std::int64_t count_in(const json::value& body, std::string_view key) {
  auto* value = find(body, key);
  if (!value || value->is_null()) return 0;
  std::int64_t count = get_int(body, key);
  if (count < 0) throw Error(Code::invalid, "\"" + std::string(key) + "\" is below zero");
  return count;
}

void take_answers(Workspace& workspace, const std::string& device, std::int64_t at, const json::value& body) {
  AnswerWindow window;
  window.device = device;
  window.module = get_string(body, "module");
  window.image = string_or(body, "image", "");
  window.count = count_in(body, "count");
  window.alarms = count_in(body, "alarms");
  window.errors = count_in(body, "errors");
  window.late = count_in(body, "late");
  window.dropped = count_in(body, "dropped");
  auto* from = find(body, "from");
  auto* to = find(body, "to");
  window.first_at = from && from->is_int64() ? from->get_int64() : at;
  window.last_at = to && to->is_int64() ? to->get_int64() : at;
  if (auto* latency = find(body, "latency_ms"); latency && latency->is_array() && latency->get_array().size() == 2) {
    auto& pair = latency->get_array();
    if (pair[0].is_number() && pair[1].is_number())
      window.p50_ms = pair[0].to_number<double>(), window.p99_ms = pair[1].to_number<double>();
  }
  if (auto* sketch = find(body, "sketch"); sketch && !sketch->is_null()) window.sketch = Sketch::from_json(*sketch);
  keep_window(workspace, window);
}

void take_sample(Workspace& workspace, const std::string& device, std::int64_t at, const json::value& body) {
  QueueSample sample;
  sample.device = device;
  sample.module = get_string(body, "module");
  sample.image = string_or(body, "image", "");
  sample.name = get_string(body, "name");
  sample.why = string_or(body, "why", "gather");
  sample.at = at;
  if (auto* answer = find(body, "answer")) sample.answer = *answer;
  queue_sample(workspace, sample, from_base64(get_string(body, "bytes")));
}

void take_event(Workspace& workspace, const std::string& device, std::int64_t at, const json::value& body) {
  workspace.rows().run("INSERT INTO device_event (device, module, at, what, body) VALUES ($1, $2, $3, $4, $5)",
                       {device, string_or(body, "module", ""), at, get_string(body, "what"), canonical(body)});
}

}  // namespace gyre
