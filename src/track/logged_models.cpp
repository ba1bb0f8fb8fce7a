#include "track/logged_models.hpp"

#include <cmath>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "track/ids.hpp"

namespace gyre {

static void check_name(const std::string& name) {
  if (name.empty() || name.size() > 500 || name.find_first_of("/:.%\"'") != std::string::npos)
    throw Error(Code::invalid, "Invalid model name ('" + name.substr(0, 80) +
                                   "') provided. Model name must be a non-empty string and cannot contain the "
                                   "following characters: / : . % \" '");
}

static void check_size(std::string_view what, const std::string& key, const std::string& value) {
  if (key.empty()) throw Error(Code::invalid, "Missing value for required parameter '" + std::string(what) + ".key'.");
  if (key.size() > 250 || value.size() > 1'000'000)
    throw Error(Code::invalid, "the " + std::string(what) + " '" + key.substr(0, 80) + "' is too long",
                "a key has at most 250 characters, a value a million");
}

static Row row_of_model(Workspace& workspace, const std::string& id) {
  auto row = workspace.rows().one("SELECT * FROM logged_model WHERE id = $1", {id});
  if (!row) throw Error(Code::not_found, "Logged model with ID '" + id + "' not found.");
  return *row;
}

static void put_param(Workspace& workspace, const std::string& id, const std::string& key, const std::string& value) {
  check_size("param", key, value);
  auto before = workspace.rows().one("SELECT value FROM logged_model_param WHERE model = $1 AND key = $2", {id, key});
  if (before && get_string(*before, "value") != value)
    throw Error(Code::invalid, "Changing param values is not allowed. Param with key='" + key +
                                   "' was already logged with value='" + get_string(*before, "value") +
                                   "' for model with ID '" + id + "'.");
  if (!before) workspace.rows().run("INSERT INTO logged_model_param VALUES ($1, $2, $3)", {id, key, value});
}

static void put_tag(Workspace& workspace, const std::string& id, const std::string& key, const std::string& value) {
  check_size("tag", key, value);
  workspace.rows().run(
      "INSERT INTO logged_model_tag VALUES ($1, $2, $3) ON CONFLICT (model, key) DO UPDATE SET value = $3",
      {id, key, value});
}

LoggedModel create_logged_model(Workspace& workspace, const NewLoggedModel& wanted, std::string_view who) {
  if (!wanted.name.empty()) check_name(wanted.name);
  LoggedModel model;
  workspace.rows().transaction([&] {
    auto experiment = get_experiment(workspace, wanted.experiment);
    if (experiment.stage != "active")
      throw Error(Code::invalid, "The experiment " + std::to_string(experiment.id) +
                                     " must be in the 'active' state. Current state is deleted.");
    std::string id = "m-" + new_id();
    workspace.rows().run(
        "INSERT INTO logged_model VALUES ($1, $2, $3, $4, $5, 'PENDING', 'active', $6, $7, $7)",
        {id, experiment.id, wanted.name.empty() ? "model-" + id.substr(id.size() - 8) : wanted.name, wanted.type,
         wanted.source_run, experiment.artifact_location + "/models/" + id + "/artifacts", now_ms()});
    for (auto& [key, value] : wanted.params) put_param(workspace, id, key, value);
    for (auto& [key, value] : wanted.tags) put_tag(workspace, id, key, value);
    model = get_logged_model(workspace, id);
    workspace.audit(who, "logged model create", id, nullptr,
                    {{"name", model.name}, {"experiment", experiment.id}, {"run", wanted.source_run}});
  });
  return model;
}

LoggedModel get_logged_model(Workspace& workspace, const std::string& id, bool deleted_too) {
  Row row = row_of_model(workspace, id);
  if (!deleted_too && get_string(row, "stage") == "deleted")
    throw Error(Code::not_found, "Logged model with ID '" + id + "' not found.");
  return logged_models_from(workspace, {row}).front();
}

void set_logged_model_status(Workspace& workspace, const std::string& id, const std::string& status,
                             std::string_view who) {
  workspace.rows().transaction([&] {
    Row before = row_of_model(workspace, id);
    workspace.rows().run("UPDATE logged_model SET status = $2, updated_at = $3 WHERE id = $1", {id, status, now_ms()});
    workspace.audit(who, "logged model status", id, before["status"], json::value(status));
  });
}

void delete_logged_model(Workspace& workspace, const std::string& id, std::string_view who) {
  workspace.rows().transaction([&] {
    Row before = row_of_model(workspace, id);
    workspace.rows().run("UPDATE logged_model SET stage = 'deleted', updated_at = $2 WHERE id = $1", {id, now_ms()});
    workspace.audit(who, "logged model delete", id, before["stage"], "deleted");
  });
}

void add_logged_model_params(Workspace& workspace, const std::string& id, const Pairs& params) {
  workspace.rows().transaction([&] {
    row_of_model(workspace, id);
    for (auto& [key, value] : params) put_param(workspace, id, key, value);
  });
}

void set_logged_model_tags(Workspace& workspace, const std::string& id, const Pairs& tags) {
  workspace.rows().transaction([&] {
    row_of_model(workspace, id);
    for (auto& [key, value] : tags) put_tag(workspace, id, key, value);
  });
}

void delete_logged_model_tag(Workspace& workspace, const std::string& id, const std::string& key) {
  row_of_model(workspace, id);
  auto gone =
      workspace.rows().query("DELETE FROM logged_model_tag WHERE model = $1 AND key = $2 RETURNING key", {id, key});
  if (gone.empty()) throw Error(Code::not_found, "No tag with key '" + key + "' found for model with ID '" + id + "'.");
}

void log_model_points(Workspace& workspace, const std::vector<ModelPoint>& points) {
  workspace.rows().transaction([&] {
    for (auto& measured : points) {
      row_of_model(workspace, measured.model);
      auto& point = measured.point;
      workspace.rows().run(
          "INSERT INTO logged_model_metric VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
          {measured.model, point.key, point.at, point.step, measured.run,
           std::isnan(point.value) ? json::value() : json::value(point.value), measured.dataset_name,
           measured.dataset_digest});
    }
  });
}

std::vector<LoggedModel> logged_models_from(Workspace& workspace, const std::vector<Row>& rows) {
  std::vector<LoggedModel> models;
  std::unordered_map<std::string, std::size_t> places;
  json::array ids;
  for (auto& row : rows) {
    places[get_string(row, "id")] = models.size();
    ids.push_back(row.at("id"));
    models.push_back({.id = get_string(row, "id"),
                      .experiment = get_int(row, "experiment"),
                      .name = get_string(row, "name"),
                      .type = get_string(row, "type"),
                      .source_run = get_string(row, "source_run"),
                      .status = get_string(row, "status"),
                      .stage = get_string(row, "stage"),
                      .artifact_location = get_string(row, "artifact_location"),
                      .created_at = get_int(row, "created_at"),
                      .updated_at = get_int(row, "updated_at")});
  }
  auto belonging = [&](const std::string& table) {
    return workspace.rows().query(
        "SELECT * FROM " + table + " WHERE model IN (SELECT value FROM json_each($1)) ORDER BY model, key", {ids});
  };
  auto owner = [&](const Row& row) -> LoggedModel& { return models[places[get_string(row, "model")]]; };
  for (auto& row : belonging("logged_model_param"))
    owner(row).params.emplace_back(get_string(row, "key"), get_string(row, "value"));
  for (auto& row : belonging("logged_model_tag"))
    owner(row).tags.emplace_back(get_string(row, "key"), get_string(row, "value"));
  for (auto& row : belonging("logged_model_metric"))
    owner(row).metrics.push_back({get_string(row, "model"),
                                  get_string(row, "run"),
                                  get_string(row, "dataset_name"),
                                  get_string(row, "dataset_digest"),
                                  {get_string(row, "key"), find_number(row, "value").value_or(std::nan("")),
                                   get_int(row, "at"), get_int(row, "step")}});
  return models;
}

}  // namespace gyre
