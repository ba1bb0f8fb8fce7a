#include "base/clock.hpp"
#include "base/error.hpp"
#include "track/mlflow.hpp"
#include "track/mlflow_forms.hpp"
#include "track/model_sources.hpp"
#include "track/registry.hpp"

namespace gyre {

static Pairs tags_of(Workspace& workspace, const ModelVersion& version) {
  Pairs tags;
  for (auto& row :
       workspace.rows().query("SELECT key, value FROM model_version_tag WHERE model = $1 AND version = $2 ORDER BY key",
                              {version.name, version.version}))
    tags.emplace_back(get_string(row, "key"), get_string(row, "value"));
  return tags;
}

json::object mlflow_version(Workspace& workspace, const ModelVersion& version) {
  return {{"name", version.name},
          {"version", std::to_string(version.version)},
          {"creation_timestamp", version.created_at},
          {"last_updated_timestamp", version.updated_at},
          {"user_id", version.who},
          {"current_stage", version.stage},
          {"description", version.description},
          {"source", version.source},
          {"run_id", version.run_id},
          {"run_link", version.run_link},
          {"model_id", version.logged_model},
          {"status", "READY"},
          {"tags", mlflow_pairs(tags_of(workspace, version))},
          {"aliases", json::value_from(version.aliases)}};
}

ModelVersion known_version(Workspace& workspace, const Asked& asked) {
  std::string name = asked.text("name"), number = asked.text("version");
  if (number.find_first_not_of("0123456789") != std::string::npos)
    throw Error(Code::invalid, "Parameter 'version' must be an integer, got '" + number + "'.");
  auto version = find_version(workspace, name + "@" + number);
  if (!version) throw Error(Code::not_found, "Model Version (name=" + name + ", version=" + number + ") not found");
  return *version;
}

static Response answer(Workspace& workspace, const ModelVersion& version) {
  return json_response({{"model_version", mlflow_version(workspace, get_version(workspace, version.reference()))}});
}

static Response nothing() { return json_response(json::object()); }

static void set_tag(Workspace& workspace, const ModelVersion& version, const std::string& key, const std::string& value,
                    std::string_view who) {
  check_key("tag", key);
  workspace.rows().run(
      "INSERT INTO model_version_tag VALUES ($1, $2, $3, $4) ON CONFLICT (model, version, key) DO UPDATE SET value = "
      "$4",
      {version.name, version.version, key, value});
  workspace.audit(who, "model version tag", version.reference(), nullptr, {{"key", key}, {"value", value}});
}

// As MLflow does, to the letter: a logged model has a tag that lists the versions made of it.
static void tell_logged_model(Workspace& workspace, const ModelVersion& version) {
  std::string list;
  for (auto& [key, value] : get_logged_model(workspace, version.logged_model).tags)
    if (key == "mlflow.modelVersions" && value.size() > 2) list = value.substr(1, value.size() - 2) + ", ";
  list += "{\"name\": " + json::serialize(json::value(version.name)) +
          ", \"version\": " + std::to_string(version.version) + "}";
  set_logged_model_tags(workspace, version.logged_model, {{"mlflow.modelVersions", "[" + list + "]"}});
}

// A source of "gyre:sha256:..." is content of this workspace: the same version as Gyre's own registration gives.
static Response create(Workspace& workspace, Request& request) {
  Asked asked(request);
  std::string name = asked.text("name"), source = asked.text("source"), run = asked.text_or("run_id", "");
  ModelVersion version;
  workspace.rows().transaction([&] {
    known_model(workspace, name);
    auto kept = checked_source(workspace, {source, run, asked.text_or("model_id", "")});
    if (source.starts_with("gyre:")) {
      json::object lineage;
      if (!run.empty()) lineage["run"] = run;
      version = register_version(workspace, name, source.substr(5), lineage, {}, request.who);
    } else {
      version = register_source(workspace,
                                {.name = name,
                                 .source = kept.source,
                                 .run_id = kept.run,
                                 .logged_model = kept.logged_model,
                                 .run_link = asked.text_or("run_link", ""),
                                 .description = asked.text_or("description", "")},
                                request.who);
      if (!kept.logged_model.empty()) tell_logged_model(workspace, version);
    }
    for (auto& [key, value] : asked.pairs("tags")) set_tag(workspace, version, key, value, request.who);
  });
  return answer(workspace, version);
}

static void change(Workspace& workspace, const ModelVersion& version, const char* column, const std::string& value,
                   std::string_view who) {
  workspace.rows().run(
      "UPDATE model_version SET " + std::string(column) + " = $3, updated_at = $4 WHERE model = $1 AND version = $2",
      {version.name, version.version, value, now_ms()});
  workspace.audit(who, std::string("model version ") + column, version.reference(),
                  json::value(column == std::string_view("stage") ? version.stage : version.description),
                  json::value(value));
}

// A model is newer when a version of it comes, goes or moves; not when one is described.
static void touch_model(Workspace& workspace, const std::string& name) {
  workspace.rows().run("UPDATE model SET updated_at = $2 WHERE name = $1", {name, now_ms()});
}

static std::string stage_named(const std::string& asked) {
  for (std::string stage : {"None", "Staging", "Production", "Archived"}) {
    LessNoCase less;
    if (!less(stage, asked) && !less(asked, stage)) return stage;
  }
  throw Error(Code::invalid,
              "Invalid Model Version stage: " + asked + ". Value must be one of None, Staging, Production, Archived.");
}

static Response transition(Workspace& workspace, Request& request) {
  Asked asked(request);
  auto version = known_version(workspace, asked);
  std::string stage = stage_named(asked.text("stage"));
  bool archive = asked.flag("archive_existing_versions", false);
  if (archive && stage != "Staging" && stage != "Production")
    throw Error(Code::invalid, "Model version transition cannot archive existing model versions because '" + stage +
                                   "' is not an Active stage.");
  workspace.rows().transaction([&] {
    if (archive)
      for (auto& other : list_versions(workspace, version.name))
        if (other.stage == stage && other.version != version.version)
          change(workspace, other, "stage", "Archived", request.who);
    change(workspace, version, "stage", stage, request.who);
    touch_model(workspace, version.name);
  });
  return answer(workspace, version);
}

static Response remove(Workspace& workspace, Request& request) {
  auto version = known_version(workspace, Asked(request));
  workspace.rows().transaction([&] {
    for (auto table : {"model_result", "model_alias", "model_version_tag", "model_version"})
      workspace.rows().run(std::string("DELETE FROM ") + table + " WHERE model = $1 AND version = $2",
                           {version.name, version.version});
    touch_model(workspace, version.name);
    workspace.audit(request.who, "model version delete", version.reference(), to_json(version), nullptr);
  });
  return nothing();
}

static Response search(Workspace& workspace, Request& request) {
  auto page = search_versions(workspace, Asked(request).search(10000, 200000));
  json::array versions;
  for (auto& version : page.found) versions.push_back(mlflow_version(workspace, version));
  json::object answer{{"model_versions", versions}};
  if (!page.next.empty()) answer["next_page_token"] = page.next;
  return json_response(answer);
}

std::vector<Route> mlflow_version_routes(Workspace& workspace) {
  return {
      {"POST", "/model-versions/create", "Register a version",
       [&](Request& request) { return create(workspace, request); }},
      {"GET", "/model-versions/get", "A version",
       [&](Request& request) { return answer(workspace, known_version(workspace, Asked(request))); }},
      {"GET", "/model-versions/search", "Search versions",
       [&](Request& request) { return search(workspace, request); }},
      {"PATCH", "/model-versions/update", "Describe a version",
       [&](Request& request) {
         Asked asked(request);
         auto version = known_version(workspace, asked);
         workspace.rows().transaction(
             [&] { change(workspace, version, "description", asked.text_or("description", ""), request.who); });
         return answer(workspace, version);
       }},
      {"POST", "/model-versions/transition-stage", "Move a version to another stage",
       [&](Request& request) { return transition(workspace, request); }},
      {"DELETE", "/model-versions/delete", "Delete a version",
       [&](Request& request) { return remove(workspace, request); }},
      {"POST", "/model-versions/set-tag", "Tag a version",
       [&](Request& request) {
         Asked asked(request);
         workspace.rows().transaction([&] {
           set_tag(workspace, known_version(workspace, asked), asked.text("key"), asked.text_or("value", ""),
                   request.who);
         });
         return nothing();
       }},
      {"DELETE", "/model-versions/delete-tag", "Take a tag off a version",
       [&](Request& request) {
         Asked asked(request);
         auto version = known_version(workspace, asked);
         workspace.rows().transaction([&] {
           workspace.rows().run("DELETE FROM model_version_tag WHERE model = $1 AND version = $2 AND key = $3",
                                {version.name, version.version, asked.text("key")});
           workspace.audit(request.who, "model version tag delete", version.reference(), json::value(asked.text("key")),
                           nullptr);
         });
         return nothing();
       }},
      {"GET", "/model-versions/get-download-uri", "Where a version's files are",
       [&](Request& request) {
         return json_response(
             {{"artifact_uri", download_uri(workspace, known_version(workspace, Asked(request)).source)}});
       }},
  };
}

}  // namespace gyre
