#include "base/clock.hpp"
#include "base/error.hpp"
#include "track/runs.hpp"
#include "track/text_limits.hpp"

namespace gyre {

Experiment experiment_from(Workspace& workspace, const Row& row) {
  Experiment experiment{.id = get_int(row, "id"),
                        .name = get_string(row, "name"),
                        .artifact_location = get_string(row, "artifact_location"),
                        .stage = get_string(row, "stage"),
                        .created_at = get_int(row, "created_at"),
                        .updated_at = get_int(row, "updated_at")};
  for (auto& tag : workspace.rows().query("SELECT key, value FROM experiment_tag WHERE experiment = $1 ORDER BY key",
                                          {experiment.id}))
    experiment.tags.emplace_back(get_string(tag, "key"), get_string(tag, "value"));
  return experiment;
}

std::optional<Experiment> find_experiment(Workspace& workspace, const std::string& name) {
  auto row = workspace.rows().one("SELECT * FROM experiment WHERE name = $1", {name});
  if (!row) return {};
  return experiment_from(workspace, *row);
}

Experiment get_experiment(Workspace& workspace, std::int64_t id) {
  auto row = workspace.rows().one("SELECT * FROM experiment WHERE id = $1", {id});
  if (!row) throw Error(Code::not_found, "No Experiment with id=" + std::to_string(id) + " exists");
  return experiment_from(workspace, *row);
}

static void refuse_taken(Workspace& workspace, const std::string& name) {
  if (name.empty() || characters_of(name) > 500)
    throw Error(Code::invalid, "an experiment's name has 1 to 500 characters");
  if (auto other = find_experiment(workspace, name))
    throw Error(Code::conflict,
                "Experiment '" + name + "' already exists" + (other->stage == "deleted" ? " in deleted state" : ""),
                "choose another name, or restore that one");
}

Experiment create_experiment(Workspace& workspace, const std::string& name, const std::string& artifact_location,
                             const Pairs& tags, std::string_view who) {
  Experiment experiment;
  workspace.rows().transaction([&] {
    refuse_taken(workspace, name);
    auto row = workspace.rows().one(
        "INSERT INTO experiment (name, artifact_location, stage, created_at, updated_at)"
        " VALUES ($1, $2, 'active', $3, $3) RETURNING id",
        {name, artifact_location, now_ms()});
    std::int64_t id = get_int(*row, "id");
    if (artifact_location.empty())
      workspace.rows().run("UPDATE experiment SET artifact_location = $2 WHERE id = $1",
                           {id, "mlflow-artifacts:/" + std::to_string(id)});
    for (auto& [key, value] : tags) set_experiment_tag(workspace, id, key, value);
    experiment = get_experiment(workspace, id);
    workspace.audit(who, "experiment create", std::to_string(id), nullptr, {{"name", name}});
  });
  return experiment;
}

void rename_experiment(Workspace& workspace, std::int64_t id, const std::string& name, std::string_view who) {
  workspace.rows().transaction([&] {
    auto before = get_experiment(workspace, id);
    if (before.stage != "active")
      throw Error(Code::invalid,
                  "Cannot rename experiment in non-active lifecycle stage. Current stage: " + before.stage);
    if (before.name == name) return;
    refuse_taken(workspace, name);
    workspace.rows().run("UPDATE experiment SET name = $2, updated_at = $3 WHERE id = $1", {id, name, now_ms()});
    workspace.audit(who, "experiment rename", std::to_string(id), json::value(before.name), json::value(name));
  });
}

void set_experiment_stage(Workspace& workspace, std::int64_t id, const std::string& stage, std::string_view who) {
  workspace.rows().transaction([&] {
    auto before = get_experiment(workspace, id);
    if (before.stage == stage)
      throw Error(Code::not_found, "No Experiment with id=" + std::to_string(id) + " exists that is not " + stage);
    workspace.rows().run("UPDATE experiment SET stage = $2, updated_at = $3 WHERE id = $1", {id, stage, now_ms()});
    // Its runs go with it, and come back with it.
    workspace.rows().run("UPDATE run SET stage = $2 WHERE experiment = $1", {id, stage});
    workspace.audit(who, "experiment stage", std::to_string(id), json::value(before.stage), json::value(stage));
  });
}

void set_experiment_tag(Workspace& workspace, std::int64_t id, const std::string& key, const std::string& value) {
  check_key("tag", key);
  if (characters_of(value) > 20000)
    throw Error(Code::invalid, "'value' exceeds the maximum length of 20000 characters: the tag " + key);
  workspace.rows().transaction([&] {
    if (get_experiment(workspace, id).stage != "active")
      throw Error(Code::invalid,
                  "The experiment " + std::to_string(id) + " must be in the 'active' state. Current state is deleted.");
    workspace.rows().run(
        "INSERT INTO experiment_tag VALUES ($1, $2, $3) ON CONFLICT (experiment, key) DO UPDATE SET value = $3",
        {id, key, value});
  });
}

void delete_experiment_tag(Workspace& workspace, std::int64_t id, const std::string& key) {
  get_experiment(workspace, id);
  auto gone =
      workspace.rows().query("DELETE FROM experiment_tag WHERE experiment = $1 AND key = $2 RETURNING key", {id, key});
  if (gone.empty())
    throw Error(Code::not_found, "No tag with name: " + key + " in experiment with id " + std::to_string(id));
}

}  // namespace gyre
