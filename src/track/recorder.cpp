#include "track/recorder.hpp"

#include "base/clock.hpp"
#include "base/hash.hpp"
#include "track/lineage.hpp"

namespace gyre {

std::string run_id_of(std::string_view pipeline_run, std::string_view node) {
  return digest_of(std::string(pipeline_run) + "/" + std::string(node)).substr(7, 32);
}

static void flatten(const json::object& options, const std::string& prefix, Pairs& params) {
  for (auto& member : options) {
    std::string key = prefix + std::string(member.key());
    if (auto* object = member.value().if_object())
      flatten(*object, key + ".", params);
    else
      params.emplace_back(key, member.value().is_string() ? std::string(member.value().get_string())
                                                          : canonical(member.value()).substr(0, 6000));
  }
}

void StepRecorder::started(const StepStart& start) {
  workspace_.rows().transaction([&] {
    for (auto& [name, digest] : start.inputs) add_edge(workspace_, {"data", digest}, {"run", start.run}, name);
    if (workspace_.rows().one("SELECT id FROM run WHERE id = $1", {start.run})) {
      update_run(workspace_, start.run, {.status = "RUNNING"}, "gyre");
      return;
    }
    auto experiment = find_experiment(workspace_, start.experiment);
    if (!experiment) experiment = create_experiment(workspace_, start.experiment, "", {}, "gyre");
    NewRun run{.id = start.run, .experiment = experiment->id, .name = start.name, .tags = start.tags, .who = "gyre"};
    flatten(start.options, "", run.params);
    create_run(workspace_, run);
  });
}

void StepRecorder::metric(const std::string& run, std::string_view name, double value, std::int64_t step) {
  log_batch(workspace_, run, {{std::string(name), value, now_ms(), step}}, {}, {});
}

void StepRecorder::ended(const std::string& run, bool good, const std::map<std::string, std::string>& outputs,
                         const std::string& error) {
  workspace_.rows().transaction([&] {
    if (!error.empty()) log_batch(workspace_, run, {}, {}, {{"error", error.substr(0, 8000)}});
    update_run(workspace_, run, {.status = good ? "FINISHED" : "FAILED", .ended_at = now_ms()}, "gyre");
    for (auto& [name, digest] : outputs) add_edge(workspace_, {"run", run}, {"data", digest}, name);
  });
}

}  // namespace gyre
