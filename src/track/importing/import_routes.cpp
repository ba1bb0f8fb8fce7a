#include "track/importing/import_routes.hpp"

#include <cmath>
#include <limits>
#include <regex>

#include "base/file.hpp"
#include "track/lineage.hpp"
#include "track/logged_models.hpp"
#include "track/registry.hpp"
#include "track/run_links.hpp"
#include "track/runs.hpp"

namespace gyre {

static const json::array& list_in(const json::value& holder, std::string_view name) {
  static const json::array none;
  auto* value = find(holder, name);
  if (!value) return none;
  if (!value->is_array()) throw Error(Code::invalid, "\"" + std::string(name) + "\" must be a list");
  return value->get_array();
}

static std::string text_at(const json::array& item, std::size_t place) {
  if (place >= item.size() || !item[place].is_string()) throw Error(Code::invalid, "a text is missing in a list");
  return std::string(item[place].get_string());
}

static std::int64_t integer_at(const json::array& item, std::size_t place) {
  if (place >= item.size() || !item[place].is_number()) throw Error(Code::invalid, "a number is missing in a list");
  return item[place].to_number<std::int64_t>();
}

static Pairs pairs_in(const json::value& holder, std::string_view name) {
  Pairs pairs;
  for (auto& item : list_in(holder, name)) pairs.emplace_back(text_at(item.as_array(), 0), text_at(item.as_array(), 1));
  return pairs;
}

// [key, value, at, step, ...]; what is no finite number comes as a text.
static Point point_from(const json::array& item) {
  Point point{.key = text_at(item, 0), .at = integer_at(item, 2), .step = integer_at(item, 3)};
  if (item[1].is_number()) {
    point.value = item[1].to_number<double>();
  } else {
    std::string text = text_at(item, 1);
    double infinity = std::numeric_limits<double>::infinity();
    point.value = text == "Infinity" ? infinity : text == "-Infinity" ? -infinity : std::nan("");
  }
  return point;
}

// A run brings its points by the hundred thousand: its document comes as a file.
static json::value document_of(const Request& request) {
  if (request.body_file) return parse_json(read_file(*request.body_file), "the document");
  return request.json_body();
}

static Response take_experiment(Workspace& workspace, const Request& request) {
  json::value document = request.json_body();
  std::string name = get_string(document, "name");
  std::int64_t id = 0;
  workspace.rows().transaction([&] {
    auto there = find_experiment(workspace, name);
    if (!there) {
      there = create_experiment(workspace, name, "", pairs_in(document, "tags"), request.who);
      workspace.rows().run("UPDATE experiment SET created_at = $2, updated_at = $3 WHERE id = $1",
                           {there->id, get_int(document, "created_at"), get_int(document, "updated_at")});
    }
    id = there->id;
  });
  return json_response({{"id", id}});
}

static Response end_experiment(Workspace& workspace, const Request& request) {
  json::value document = request.json_body();
  auto experiment = find_experiment(workspace, get_string(document, "name"));
  // After its runs: a deleted experiment takes none.
  if (experiment && experiment->id != 0 && get_string(document, "stage") == "deleted" && experiment->stage == "active")
    set_experiment_stage(workspace, experiment->id, "deleted", request.who);
  return json_response(json::object());
}

static Response missing(Workspace& workspace, const Request& request) {
  json::value body = request.json_body();
  json::object answer;
  for (auto [member, sql] : {std::pair{"runs", "SELECT 1 AS there FROM run WHERE id = $1"},
                             {"logged_models", "SELECT 1 AS there FROM logged_model WHERE id = $1"}}) {
    json::array absent;
    for (auto& id : list_in(body, member))
      if (!workspace.rows().one(sql, {id})) absent.push_back(id);
    answer[member] = std::move(absent);
  }
  return json_response(answer);
}

static Response take_run(Workspace& workspace, const Request& request) {
  json::value document = document_of(request);
  std::string id = get_string(document, "id");
  bool taken = false;
  workspace.rows().transaction([&] {
    if (workspace.rows().one("SELECT id FROM run WHERE id = $1", {id})) return;
    NewRun wanted{.id = id,
                  .experiment = get_int(document, "experiment"),
                  .name = string_or(document, "name", ""),
                  .started_at = get_int(document, "started_at"),
                  .params = pairs_in(document, "params"),
                  .tags = pairs_in(document, "tags"),
                  .who = request.who};
    create_run(workspace, wanted);
    std::vector<Point> points;
    for (auto& item : list_in(document, "points")) points.push_back(point_from(item.as_array()));
    log_batch(workspace, id, points, {}, {});
    std::vector<DatasetInput> datasets;
    for (auto& item : list_in(document, "datasets"))
      datasets.push_back({.name = get_string(item, "name"),
                          .digest = get_string(item, "digest"),
                          .source_type = string_or(item, "source_type", ""),
                          .source = string_or(item, "source", ""),
                          .schema = find_string(item, "schema"),
                          .profile = find_string(item, "profile"),
                          .tags = pairs_in(item, "tags")});
    std::vector<std::string> taken_models;
    for (auto& model : list_in(document, "input_models")) taken_models.emplace_back(model.as_string());
    std::vector<ModelOutput> made;
    for (auto& item : list_in(document, "output_models"))
      made.push_back({text_at(item.as_array(), 0), integer_at(item.as_array(), 1)});
    if (!datasets.empty() || !taken_models.empty()) log_inputs(workspace, id, datasets, taken_models);
    if (!made.empty()) log_outputs(workspace, id, made);
    RunChange change{.status = get_string(document, "status")};
    if (find(document, "ended_at")) change.ended_at = get_int(document, "ended_at");
    update_run(workspace, id, change, request.who);
    if (auto user = find_string(document, "user"); user && !user->empty())
      workspace.rows().run("UPDATE run SET who = $2 WHERE id = $1", {id, *user});
    if (string_or(document, "stage", "active") == "deleted") set_run_stage(workspace, id, "deleted", request.who);
    taken = true;
  });
  return json_response({{"taken", taken}});
}

static Response take_logged_model(Workspace& workspace, const Request& request) {
  json::value document = document_of(request);
  std::string id = get_string(document, "id");
  bool taken = false;
  workspace.rows().transaction([&] {
    auto& rows = workspace.rows();
    if (rows.one("SELECT id FROM logged_model WHERE id = $1", {id})) return;
    auto experiment = get_experiment(workspace, get_int(document, "experiment"));
    std::string place = experiment.artifact_location + "/models/" + id + "/artifacts";
    rows.run(
        "INSERT INTO logged_model (id, experiment, name, type, source_run, status, stage, artifact_location,"
        " created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, 'active', $7, $8, $9)",
        {id, experiment.id, get_string(document, "name"), string_or(document, "type", ""),
         string_or(document, "source_run", ""), get_string(document, "status"), place, get_int(document, "created_at"),
         get_int(document, "updated_at")});
    add_logged_model_params(workspace, id, pairs_in(document, "params"));
    set_logged_model_tags(workspace, id, pairs_in(document, "tags"));
    std::vector<ModelPoint> points;
    for (auto& item : list_in(document, "points")) {
      auto& point = item.as_array();
      points.push_back({.model = id,
                        .run = text_at(point, 4),
                        .dataset_name = text_at(point, 5),
                        .dataset_digest = text_at(point, 6),
                        .point = point_from(point)});
    }
    log_model_points(workspace, points);
    workspace.audit(request.who, "logged model import", id, nullptr, {{"name", get_string(document, "name")}});
    if (string_or(document, "stage", "active") == "deleted") delete_logged_model(workspace, id, request.who);
    taken = true;
  });
  return json_response({{"taken", taken}});
}

// Where the files of a version lie here: those in the folder of a run or a logged model came along with that.
static std::string our_source(Workspace& workspace, const std::string& source) {
  static const std::regex of_model("^.*/models/(m-[0-9a-f]{32})/artifacts/?$"),
      of_run("^.*/([0-9a-f]{32})/artifacts/?(.*)$");
  if (source.starts_with("runs:/") || source.starts_with("models:/")) return source;
  std::smatch parts;
  if (std::regex_match(source, parts, of_model)) return "models:/" + parts[1].str();
  if (std::regex_match(source, parts, of_run))
    if (auto run = workspace.rows().one("SELECT artifact_uri FROM run WHERE id = $1", {parts[1].str()}))
      return get_string(*run, "artifact_uri") + (parts[2].length() ? "/" + parts[2].str() : "");
  return source;
}

static bool take_version(Workspace& workspace, const std::string& name, const json::value& version,
                         std::string_view who) {
  auto& rows = workspace.rows();
  std::int64_t number = get_int(version, "version");
  if (rows.one("SELECT version FROM model_version WHERE model = $1 AND version = $2", {name, number})) return false;
  std::string source = our_source(workspace, get_string(version, "source")), run = string_or(version, "run_id", "");
  static const std::regex logged("^models:/(m-[0-9a-f]{32})$");
  std::smatch parts;
  std::string model = std::regex_match(source, parts, logged) ? parts[1].str() : "";
  std::string stage = string_or(version, "stage", "");
  std::string user = string_or(version, "user", "");
  rows.run(
      "INSERT INTO model_version (model, version, digest, source, run_id, description, stage, lineage, metrics,"
      " who, created_at, updated_at, logged_model, run_link)"
      " VALUES ($1, $2, NULL, $3, $4, $5, $6, '{}', '{}', $7, $8, $9, $10, $11)",
      {name, number, source, run, string_or(version, "description", ""), stage.empty() ? "None" : stage,
       string_or(version, "user", ""), get_int(version, "created_at"), get_int(version, "updated_at"), model,
       string_or(version, "run_link", "")});
  for (auto& [key, value] : pairs_in(version, "tags"))
    rows.run("INSERT INTO model_version_tag VALUES ($1, $2, $3, $4)", {name, number, key, value});
  rows.run("UPDATE model SET last_version = $2 WHERE name = $1 AND last_version < $2", {name, number});
  std::string reference = name + "@" + std::to_string(number);
  if (!run.empty()) add_edge(workspace, {"run", run}, {"model", reference}, "made");
  workspace.audit(who, "model import", reference, nullptr, {{"source", source}});
  return true;
}

static Response take_model(Workspace& workspace, const Request& request) {
  json::value document = document_of(request);
  std::string name = get_string(document, "name");
  std::int64_t versions = 0;
  workspace.rows().transaction([&] {
    auto& rows = workspace.rows();
    if (!rows.one("SELECT name FROM model WHERE name = $1", {name})) {
      create_model(workspace, name, string_or(document, "description", ""), request.who);
      for (auto& [key, value] : pairs_in(document, "tags"))
        rows.run("INSERT INTO model_tag VALUES ($1, $2, $3)", {name, key, value});
    }
    for (auto& version : list_in(document, "versions")) versions += take_version(workspace, name, version, request.who);
    for (auto& item : list_in(document, "aliases")) {
      std::string alias = text_at(item.as_array(), 0);
      if (!find_version(workspace, name + "@" + alias))  // what was pointed elsewhere since stays
        set_alias(workspace, name, alias, integer_at(item.as_array(), 1), request.who);
    }
    if (versions > 0)
      rows.run(
          "UPDATE model SET created_at = CASE WHEN created_at < $2 THEN created_at ELSE $2 END, updated_at = $3"
          " WHERE name = $1",
          {name, get_int(document, "created_at"), get_int(document, "updated_at")});
  });
  return json_response({{"versions", versions}});
}

std::vector<Route> import_routes(Workspace& workspace) {
  const std::string base = "/api/import/mlflow/";
  return {
      {"POST", base + "experiments", "Import an experiment by its name; gives its id here",
       [&](Request& request) { return take_experiment(workspace, request); }},
      {"POST", base + "experiments/end", "All runs of an experiment are here: it is deleted, if it was",
       [&](Request& request) { return end_experiment(workspace, request); }},
      {"POST", base + "missing", "Which of these are not here yet: {runs, logged_models}",
       [&](Request& request) { return missing(workspace, request); }},
      {"POST", base + "runs", "Import a run with all that belongs to it, under its own id",
       [&](Request& request) { return take_run(workspace, request); }, true},
      {"POST", base + "logged-models", "Import a logged model under its own id",
       [&](Request& request) { return take_logged_model(workspace, request); }, true},
      {"POST", base + "models", "Import a registered model with its versions and aliases",
       [&](Request& request) { return take_model(workspace, request); }, true},
  };
}

}  // namespace gyre
