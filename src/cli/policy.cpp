#include "cli/policy.hpp"

namespace gyre {

namespace {

using Subjects = std::vector<Subject>;
using Follow = Policy::Then;

// What a request gives under a name: in its JSON body, or in its query.
std::vector<std::string> given(const Request& request, std::string_view name) {
  std::vector<std::string> texts;
  auto take = [&](const json::value& value) {
    if (value.is_string()) texts.emplace_back(value.get_string());
    if (value.is_int64()) texts.push_back(std::to_string(value.get_int64()));
  };
  if (request.method != "GET" && !request.body.empty()) {
    json::value body = request.json_body();
    if (auto* value = find(body, name)) {
      if (auto* list = value->if_array())
        for (auto& item : *list) take(item);
      else
        take(*value);
    }
  }
  if (texts.empty())
    for (auto [at, end] = request.query.equal_range(name); at != end; ++at) texts.push_back(at->second);
  return texts;
}

Subjects experiments(const std::vector<std::string>& ids) {
  Subjects subjects;
  for (auto& id : ids) subjects.push_back({"experiment", id});
  return subjects;
}

// The experiment of what a query finds; an empty list when there is no such thing, which only a reader of everything
// may learn.
Subjects looked_up(Workspace& workspace, const char* sql, const std::vector<std::string>& keys) {
  Subjects subjects;
  for (auto& key : keys) {
    auto row = workspace.rows().one(sql, {key});
    if (!row) return {};
    subjects.push_back({"experiment", std::to_string(get_int(*row, "experiment"))});
  }
  return subjects;
}

FindSubjects experiments_given(std::string_view name) {
  return [name](Workspace&, const Request& request) { return experiments(given(request, name)); };
}

Subjects experiment_by_name(Workspace& workspace, const Request& request) {
  return looked_up(workspace, "SELECT id AS experiment FROM experiment WHERE name = $1",
                   given(request, "experiment_name"));
}

Subjects of_runs(Workspace& workspace, const Request& request) {
  std::vector<std::string> ids;
  for (auto name : {"run_id", "run_uuid", "run_ids"}) {
    ids = given(request, name);
    if (!ids.empty()) break;
  }
  return looked_up(workspace, "SELECT experiment FROM run WHERE id = $1", ids);
}

Subjects of_run_in_path(Workspace& workspace, const Request& request) {
  return looked_up(workspace, "SELECT experiment FROM run WHERE id >= $1 AND id < $1 || 'g' LIMIT 1",
                   {request.param("id")});
}

Subjects of_logged_model(Workspace& workspace, const Request& request) {
  return looked_up(workspace, "SELECT experiment FROM logged_model WHERE id = $1", {request.param("model_id")});
}

// Artifacts lie below their experiment's id.
Subjects of_artifact(Workspace&, const Request& request) {
  auto in_query = request.query_value("path");
  std::string path = in_query ? *in_query : request.params.contains("path") ? request.param("path") : "";
  auto start = path.find_first_not_of('/');
  if (start == std::string::npos) return {};
  return experiments({path.substr(start, path.find('/', start) - start)});
}

Subjects model_given(Workspace&, const Request& request) {
  Subjects subjects;
  for (auto& name : given(request, "name")) subjects.push_back({"model", name});
  return subjects;
}

// Whoever registers the files of a run, or of another model, lets the readers of this model read them.
Subjects model_and_source(Workspace& workspace, const Request& request) {
  Subjects subjects = model_given(workspace, request);
  for (auto [name, sql] : {std::pair("run_id", "SELECT experiment FROM run WHERE id = $1"),
                           std::pair("model_id", "SELECT experiment FROM logged_model WHERE id = $1")})
    for (auto& subject : looked_up(workspace, sql, given(request, name))) subjects.push_back(subject);
  constexpr std::string_view other = "models:/";
  for (auto& source : given(request, "source"))
    if (source.starts_with(other) && !source.starts_with("models:/m-")) {
      std::string name = source.substr(other.size());
      subjects.push_back({"model", name.substr(0, name.find_first_of("/@"))});
    }
  return subjects;
}

Subjects model_in_path(Workspace&, const Request& request) { return {{"model", request.param("name")}}; }

const std::vector<Policy> policies{
    {"GET", "/", Role::reader},
    {"*", "/", Role::contributor},
    {"GET", "/api/health", Role::none},
    {"GET", "/version", Role::none},
    {"GET", "/health", Role::none},
    {"GET", "/api/3.0/mlflow/server-info", Role::none},
    {"GET", "/api/me", Role::none},
    {"*", "/api/users", Role::none},  // checked by the routes themselves: a subject's owners may give roles on it
    {"*", "/api/audit", Role::owner},
    {"*", "/api/gc", Role::owner},
    // What runs on devices is the workspace's owners' to say.
    {"POST", "/api/devices", Role::owner},
    {"PATCH", "/api/devices", Role::owner},
    {"DELETE", "/api/devices", Role::owner},
    {"POST", "/api/rollouts", Role::owner},
    {"GET", "/api/models", Role::none, {}, Follow::filters, "models", "name"},
    {"GET", "/api/models/{name}", Role::reader, model_in_path},
    {"*", "/api/models/{name}", Role::contributor, model_in_path},
    {"GET", "/api/runs", Role::none, {}, Follow::filters, "runs", "experiment_id"},
    {"GET", "/api/runs/{id}", Role::reader, of_run_in_path},

    {"*", "/api/2.0/mlflow/experiments/create", Role::contributor, {}, Follow::creates, "experiment_id"},
    {"GET", "/api/2.0/mlflow/experiments/get", Role::reader, experiments_given("experiment_id")},
    {"GET", "/api/2.0/mlflow/experiments/get-by-name", Role::reader, experiment_by_name},
    {"*", "/api/2.0/mlflow/experiments/search", Role::none, {}, Follow::filters, "experiments", "experiment_id"},
    {"GET", "/api/2.0/mlflow/experiments/search", Role::none, {}, Follow::filters, "experiments", "experiment_id"},
    {"*", "/api/2.0/mlflow/experiments/search-datasets", Role::reader, experiments_given("experiment_ids")},
    {"*", "/api/2.0/mlflow/experiments/update", Role::contributor, experiments_given("experiment_id")},
    {"*", "/api/2.0/mlflow/experiments/set-experiment-tag", Role::contributor, experiments_given("experiment_id")},
    {"*", "/api/2.0/mlflow/experiments/delete-experiment-tag", Role::contributor, experiments_given("experiment_id")},
    {"*", "/api/2.0/mlflow/experiments/delete", Role::owner, experiments_given("experiment_id")},
    {"*", "/api/2.0/mlflow/experiments/restore", Role::owner, experiments_given("experiment_id")},
    {"*", "/api/2.0/mlflow/runs/create", Role::contributor, experiments_given("experiment_id")},
    {"GET", "/api/2.0/mlflow/runs", Role::reader, of_runs},
    {"*", "/api/2.0/mlflow/runs", Role::contributor, of_runs},
    {"*", "/api/2.0/mlflow/runs/search", Role::reader, experiments_given("experiment_ids")},
    {"*", "/api/2.0/mlflow/runs/delete", Role::owner, of_runs},
    {"*", "/api/2.0/mlflow/runs/delete-tag", Role::contributor, of_runs},
    {"*", "/api/2.0/mlflow/runs/restore", Role::owner, of_runs},
    {"GET", "/api/2.0/mlflow/metrics", Role::reader, of_runs},
    {"GET", "/api/2.0/mlflow/artifacts", Role::reader, of_runs},
    {"*", "/api/2.0/mlflow/logged-models", Role::contributor, experiments_given("experiment_id")},
    {"*", "/api/2.0/mlflow/logged-models/search", Role::reader, experiments_given("experiment_ids")},
    {"GET", "/api/2.0/mlflow/logged-models/{model_id}", Role::reader, of_logged_model},
    {"*", "/api/2.0/mlflow/logged-models/{model_id}", Role::contributor, of_logged_model},
    {"DELETE", "/api/2.0/mlflow/logged-models/{model_id}", Role::owner, of_logged_model},
    {"DELETE", "/api/2.0/mlflow/logged-models/{model_id}/tags", Role::contributor, of_logged_model},
    {"GET", "/api/2.0/mlflow-artifacts/artifacts", Role::reader, of_artifact},
    {"*", "/api/2.0/mlflow-artifacts", Role::contributor, of_artifact},
    {"DELETE", "/api/2.0/mlflow-artifacts/artifacts", Role::owner, of_artifact},
    {"*", "/api/3.0/mlflow/datasets/search", Role::reader},
    {"GET", "/get-artifact", Role::reader, of_runs},
    {"GET", "/model-versions/get-artifact", Role::reader, model_given},
    {"*", "/api/2.0/mlflow/upload-artifact", Role::contributor, of_runs},

    {"*", "/api/2.0/mlflow/registered-models/create", Role::contributor, model_given, Follow::creates, "name"},
    {"GET", "/api/2.0/mlflow/registered-models", Role::reader, model_given},
    {"*", "/api/2.0/mlflow/registered-models", Role::contributor, model_given},
    {"*", "/api/2.0/mlflow/registered-models/search", Role::none, {}, Follow::filters, "registered_models", "name"},
    {"POST", "/api/2.0/mlflow/registered-models/get-latest-versions", Role::reader, model_given},
    {"POST", "/api/2.0/mlflow/registered-models/rename", Role::owner, model_given, Follow::renames},
    {"DELETE", "/api/2.0/mlflow/registered-models/delete", Role::owner, model_given, Follow::deletes},
    {"DELETE", "/api/2.0/mlflow/registered-models/delete-tag", Role::contributor, model_given},
    {"GET", "/api/2.0/mlflow/model-versions", Role::reader, model_given},
    {"*", "/api/2.0/mlflow/model-versions", Role::contributor, model_given},
    {"POST", "/api/2.0/mlflow/model-versions/create", Role::contributor, model_and_source},
    {"GET", "/api/2.0/mlflow/model-versions/search", Role::none, {}, Follow::filters, "model_versions", "name"},
    {"DELETE", "/api/2.0/mlflow/model-versions/delete", Role::owner, model_given},
    {"DELETE", "/api/2.0/mlflow/model-versions/delete-tag", Role::contributor, model_given},
};

}  // namespace

const Policy& policy_of(const Route& route) {
  std::string pattern = route.pattern;
  if (pattern.starts_with("/ajax-api/")) pattern.erase(1, 5);
  const Policy* best = nullptr;
  for (auto& policy : policies) {
    if (policy.method != "*" && policy.method != route.method) continue;
    if (!pattern.starts_with(policy.path)) continue;
    bool whole =
        pattern.size() == policy.path.size() || policy.path.ends_with('/') || pattern[policy.path.size()] == '/';
    // A line that filters is about its very route; others are about all below them.
    if (!whole || (policy.then == Follow::filters && pattern != policy.path)) continue;
    bool better = !best || policy.path.size() > best->path.size() ||
                  (policy.path.size() == best->path.size() && best->method == "*");
    if (better) best = &policy;
  }
  if (!best) throw Error(Code::internal, "no policy for " + route.method + " " + route.pattern);
  return *best;
}

}  // namespace gyre
