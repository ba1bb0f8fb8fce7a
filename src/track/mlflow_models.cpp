#include <algorithm>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "track/mlflow.hpp"
#include "track/mlflow_forms.hpp"
#include "track/registry.hpp"

namespace gyre {

json::object known_model(Workspace& workspace, const std::string& name) {
  try {
    return get_model(workspace, name);
  } catch (const Error& error) {
    if (error.code != Code::not_found) throw;
    throw Error(Code::not_found, "Registered Model with name=" + name + " not found");
  }
}

static void refuse_taken(Workspace& workspace, const std::string& name) {
  if (workspace.rows().one("SELECT name FROM model WHERE name = $1", {name}))
    throw Error(Code::conflict, "Registered Model (name=" + name + ") already exists.");
}

static Pairs tags_of(Workspace& workspace, const std::string& model) {
  Pairs tags;
  for (auto& row : workspace.rows().query("SELECT key, value FROM model_tag WHERE model = $1 ORDER BY key", {model}))
    tags.emplace_back(get_string(row, "key"), get_string(row, "value"));
  return tags;
}

// The newest version of each stage: what MLflow calls latest.
static json::array latest_versions(Workspace& workspace, const std::string& model,
                                   const std::vector<std::string>& stages = {}) {
  json::array latest;
  std::vector<std::string> seen;
  for (auto& version : list_versions(workspace, model)) {
    if (std::find(seen.begin(), seen.end(), version.stage) != seen.end()) continue;
    seen.push_back(version.stage);
    if (stages.empty() || std::find(stages.begin(), stages.end(), version.stage) != stages.end())
      latest.push_back(mlflow_version(workspace, version));
  }
  return latest;
}

static json::object model_form(Workspace& workspace, const std::string& name) {
  auto model = known_model(workspace, name);
  json::array aliases;
  for (auto& alias : model["aliases"].as_object())
    aliases.push_back(json::object{{"alias", alias.key()}, {"version", std::to_string(alias.value().as_int64())}});
  return {{"name", name},
          {"creation_timestamp", model["created_at"]},
          {"last_updated_timestamp", model["updated_at"]},
          {"description", model["description"]},
          {"latest_versions", latest_versions(workspace, name)},
          {"tags", mlflow_pairs(tags_of(workspace, name))},
          {"aliases", aliases}};
}

static Response model_response(Workspace& workspace, const std::string& name) {
  return json_response({{"registered_model", model_form(workspace, name)}});
}

static Response nothing() { return json_response(json::object()); }

static void set_tag(Workspace& workspace, const std::string& model, const std::string& key, const std::string& value,
                    std::string_view who) {
  check_key("tag", key);
  workspace.rows().transaction([&] {
    known_model(workspace, model);
    workspace.rows().run("INSERT INTO model_tag VALUES ($1, $2, $3) ON CONFLICT (model, key) DO UPDATE SET value = $3",
                         {model, key, value});
    workspace.audit(who, "model tag", model, nullptr, {{"key", key}, {"value", value}});
  });
}

static Response create(Workspace& workspace, Request& request) {
  Asked asked(request);
  std::string name = asked.text("name");
  workspace.rows().transaction([&] {
    refuse_taken(workspace, name);
    create_model(workspace, name, asked.text_or("description", ""), request.who);
    for (auto& [key, value] : asked.pairs("tags")) set_tag(workspace, name, key, value, request.who);
  });
  return model_response(workspace, name);
}

// The name or the description of a model becomes another.
static Response change(Workspace& workspace, Request& request, const char* column, const std::string& value) {
  std::string name = Asked(request).text("name");
  workspace.rows().transaction([&] {
    json::object before = known_model(workspace, name);
    workspace.rows().run("UPDATE model SET " + std::string(column) + " = $2, updated_at = $3 WHERE name = $1",
                         {name, value, now_ms()});
    workspace.audit(request.who, std::string("model ") + column, name, before[column], json::value(value));
  });
  return model_response(workspace, column == std::string_view("name") ? value : name);
}

static Response rename(Workspace& workspace, Request& request) {
  std::string to = Asked(request).text("new_name");
  check_model_name(to);
  refuse_taken(workspace, to);
  return change(workspace, request, "name", to);
}

static Response remove(Workspace& workspace, Request& request) {
  std::string name = Asked(request).text("name");
  workspace.rows().transaction([&] {
    json::object before = known_model(workspace, name);
    for (auto table : {"model_result", "model_alias", "model_version_tag", "model_version", "model_tag"})
      workspace.rows().run(std::string("DELETE FROM ") + table + " WHERE model = $1", {name});
    workspace.rows().run("DELETE FROM model WHERE name = $1", {name});
    workspace.audit(request.who, "model delete", name, before, nullptr);
  });
  return nothing();
}

static Response search(Workspace& workspace, Request& request) {
  auto page = search_models(workspace, Asked(request).search(100, 1000));
  json::array models;
  for (auto& name : page.found) models.push_back(model_form(workspace, name));
  json::object answer{{"registered_models", models}};
  if (!page.next.empty()) answer["next_page_token"] = page.next;
  return json_response(answer);
}

static Response latest(Workspace& workspace, Request& request) {
  Asked asked(request);
  std::string name = asked.text("name");
  known_model(workspace, name);
  return json_response({{"model_versions", latest_versions(workspace, name, asked.texts("stages"))}});
}

std::vector<Route> mlflow_model_routes(Workspace& workspace) {
  return {
      {"POST", "/registered-models/create", "Create a model",
       [&](Request& request) { return create(workspace, request); }},
      {"GET", "/registered-models/get", "A model by name",
       [&](Request& request) { return model_response(workspace, Asked(request).text("name")); }},
      {"GET", "/registered-models/search", "Search models",
       [&](Request& request) { return search(workspace, request); }},
      {"POST", "/registered-models/search", "Search models, as MLflow's R client does",
       [&](Request& request) { return search(workspace, request); }},
      {"POST", "/registered-models/rename", "Rename a model",
       [&](Request& request) { return rename(workspace, request); }},
      {"PATCH", "/registered-models/update", "Describe a model",
       [&](Request& request) {
         return change(workspace, request, "description", Asked(request).text_or("description", ""));
       }},
      {"DELETE", "/registered-models/delete", "Delete a model and its versions",
       [&](Request& request) { return remove(workspace, request); }},
      {"GET", "/registered-models/get-latest-versions", "The newest version of each stage",
       [&](Request& request) { return latest(workspace, request); }},
      {"POST", "/registered-models/get-latest-versions", "The newest version of each stage",
       [&](Request& request) { return latest(workspace, request); }},
      {"POST", "/registered-models/set-tag", "Tag a model",
       [&](Request& request) {
         Asked asked(request);
         set_tag(workspace, asked.text("name"), asked.text("key"), asked.text_or("value", ""), request.who);
         return nothing();
       }},
      {"DELETE", "/registered-models/delete-tag", "Take a tag off a model",
       [&](Request& request) {
         Asked asked(request);
         workspace.rows().run("DELETE FROM model_tag WHERE model = $1 AND key = $2",
                              {asked.text("name"), asked.text("key")});
         workspace.audit(request.who, "model tag delete", asked.text("name"), json::value(asked.text("key")), nullptr);
         return nothing();
       }},
      {"POST", "/registered-models/alias", "Point an alias to a version",
       [&](Request& request) {
         Asked asked(request);
         set_alias(workspace, asked.text("name"), asked.text("alias"), known_version(workspace, asked).version,
                   request.who);
         return nothing();
       }},
      {"DELETE", "/registered-models/alias", "Take an alias away",
       [&](Request& request) {
         Asked asked(request);
         try {
           delete_alias(workspace, asked.text("name"), asked.text("alias"), request.who);
         } catch (const Error& error) {  // as MLflow: gone is gone
           if (error.code != Code::not_found) throw;
         }
         return nothing();
       }},
      {"GET", "/registered-models/alias", "The version that an alias points to",
       [&](Request& request) {
         Asked asked(request);
         std::string name = asked.text("name"), alias = asked.text("alias");
         known_model(workspace, name);
         auto version = find_version(workspace, name + "@" + alias);
         if (!version) throw Error(Code::invalid, "Registered model alias " + alias + " not found.");
         return json_response({{"model_version", mlflow_version(workspace, *version)}});
       }},
  };
}

}  // namespace gyre
