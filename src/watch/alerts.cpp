#include "watch/alerts.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"

namespace gyre {

namespace {

constexpr std::int64_t between_checks_ms = 2000;
constexpr double too_many_errors = 0.05;  // share of inputs that could not be read
constexpr std::int64_t enough_answers = 30;

struct State {
  bool raised = false;
  std::string level, words;
};

void keep_alert(Workspace& workspace, const AnswerWindow& current, const std::string& kind, const State& state) {
  auto& rows = workspace.rows();
  auto open =
      rows.one("SELECT id, words FROM alert WHERE module = $1 AND image = $2 AND kind = $3 AND ended_at IS NULL",
               {current.module, current.image, kind});
  if (state.raised && !open) {
    rows.run("INSERT INTO alert (module, image, kind, level, words, raised_at) VALUES ($1, $2, $3, $4, $5, $6)",
             {current.module, current.image, kind, state.level, state.words, now_ms()});
    workspace.audit("watch", "alert", "module/" + current.module, nullptr, {{"kind", kind}, {"words", state.words}});
  } else if (state.raised && get_string(*open, "words") != state.words) {
    rows.run("UPDATE alert SET level = $2, words = $3 WHERE id = $1", {get_int(*open, "id"), state.level, state.words});
  } else if (!state.raised && open) {
    rows.run("UPDATE alert SET ended_at = $2 WHERE id = $1", {get_int(*open, "id"), now_ms()});
  }
}

}  // namespace

void set_reference(Workspace& workspace, const std::string& module, const std::string& image, const Sketch& sketch) {
  if (module.empty()) throw Error(Code::invalid, "a reference for no module", "name the module");
  if (sketch.count == 0) throw Error(Code::invalid, "a reference of no answers", "make it on validation data");
  workspace.rows().transaction([&] {
    workspace.rows().run(
        "INSERT INTO watch_reference VALUES ($1, $2, $3, $4) ON CONFLICT (module, image) DO UPDATE SET sketch = "
        "excluded.sketch, "
        "set_at = excluded.set_at",
        {module, image, canonical(sketch.to_json()), now_ms()});
    workspace.audit("local", "set reference", "module/" + module, nullptr,
                    {{"image", image}, {"answers", sketch.count}});
  });
}

std::optional<Sketch> find_reference(Workspace& workspace, const std::string& module, const std::string& image) {
  auto row = workspace.rows().one(
      "SELECT sketch FROM watch_reference WHERE module = $1 AND image IN ($2, '') ORDER BY image = '' LIMIT 1",
      {module, image});
  if (!row) return std::nullopt;
  return Sketch::from_json(parse_json(get_string(*row, "sketch"), "a kept reference"));
}

DriftAnswer current_drift(Workspace& workspace, const WindowFilter& filter, std::int64_t answers) {
  DriftAnswer result;
  result.current = recent(workspace, filter, answers);
  auto reference = find_reference(workspace, filter.module, result.current.image);
  result.has_reference = reference.has_value();
  if (reference)
    result.drift = drift(*reference, result.current.sketch);
  else
    result.drift.words = "no reference to compare with; `gyre watch reference` makes one from validation data";
  return result;
}

json::object to_json(const DriftAnswer& answer) {
  json::object result = answer.drift.to_json();
  result["reference"] = answer.has_reference;
  result["current"] = to_json(answer.current, false);
  return result;
}

void check_alerts(Workspace& workspace, const std::string& module, const std::string& image, bool now) {
  auto& rows = workspace.rows();
  std::int64_t time = now_ms();
  auto last = rows.one("SELECT checked_at FROM watch_check WHERE module = $1 AND image = $2", {module, image});
  if (!now && last && time - get_int(*last, "checked_at") < between_checks_ms) return;
  rows.run(
      "INSERT INTO watch_check VALUES ($1, $2, $3) ON CONFLICT (module, image) DO UPDATE SET checked_at = "
      "excluded.checked_at",
      {module, image, time});
  auto [current, has_reference, drifted] = current_drift(workspace, {.module = module, .image = image});
  if (current.image != image) return;
  if (has_reference && drifted.level != DriftLevel::unknown)
    keep_alert(workspace, current, "drift",
               {drifted.level >= DriftLevel::some, std::string(name_of(drifted.level)), drifted.words});
  std::int64_t inputs = current.count + current.errors;
  if (inputs >= enough_answers) {
    double share = double(current.errors) / double(inputs);
    keep_alert(workspace, current, "errors",
               {share > too_many_errors, share > 0.5 ? "large" : "some",
                std::to_string(current.errors) + " of " + std::to_string(inputs) + " inputs could not be read"});
  }
}

json::array list_alerts(Workspace& workspace, bool ended_too) {
  json::array result;
  for (auto& row : workspace.rows().query(
           "SELECT * FROM alert WHERE $1 OR ended_at IS NULL ORDER BY id DESC LIMIT 1000", {ended_too ? 1 : 0})) {
    json::object alert{{"id", row.at("id")},
                       {"module", row.at("module")},
                       {"image", row.at("image")},
                       {"kind", row.at("kind")},
                       {"level", row.at("level")},
                       {"words", row.at("words")},
                       {"raised_at", iso_time(get_int(row, "raised_at"))}};
    if (auto* ended = row.if_contains("ended_at"); ended && ended->is_int64())
      alert["ended_at"] = iso_time(ended->get_int64());
    result.push_back(std::move(alert));
  }
  return result;
}

}  // namespace gyre
