#include "base/error.hpp"
#include "track/mlflow.hpp"

namespace gyre {

static json::object experiment_form(const Experiment& experiment) {
  return {{"experiment_id", std::to_string(experiment.id)},
          {"name", experiment.name},
          {"artifact_location", experiment.artifact_location},
          {"lifecycle_stage", experiment.stage},
          {"creation_time", experiment.created_at},
          {"last_update_time", experiment.updated_at},
          {"tags", mlflow_pairs(experiment.tags)}};
}

static Response search(Workspace& workspace, Request& request) {
  Asked asked(request);
  Search search = asked.search(1000, 50000);
  search.stages = asked.stages("view_type");
  auto page = search_experiments(workspace, search);
  json::array experiments;
  for (auto& experiment : page.found) experiments.push_back(experiment_form(experiment));
  json::object answer{{"experiments", experiments}};
  if (!page.next.empty()) answer["next_page_token"] = page.next;
  return json_response(answer);
}

static Response nothing() { return json_response(json::object()); }

std::vector<Route> mlflow_experiment_routes(Workspace& workspace) {
  return {
      {"POST", "/experiments/create", "Create an experiment",
       [&](Request& request) {
         Asked asked(request);
         auto made = create_experiment(workspace, asked.text("name"), asked.text_or("artifact_location", ""),
                                       asked.pairs("tags"), request.who);
         return json_response({{"experiment_id", std::to_string(made.id)}});
       }},
      {"GET", "/experiments/get", "An experiment by id",
       [&](Request& request) {
         return json_response(
             {{"experiment", experiment_form(get_experiment(workspace, Asked(request).integer("experiment_id")))}});
       }},
      {"GET", "/experiments/get-by-name", "An experiment by name",
       [&](Request& request) {
         std::string name = Asked(request).text("experiment_name");
         auto found = find_experiment(workspace, name);
         if (!found) throw Error(Code::not_found, "Could not find experiment with name '" + name + "'");
         return json_response({{"experiment", experiment_form(*found)}});
       }},
      {"GET", "/experiments/search", "Search experiments",
       [&](Request& request) { return search(workspace, request); }},
      {"POST", "/experiments/search", "Search experiments",
       [&](Request& request) { return search(workspace, request); }},
      {"POST", "/experiments/update", "Rename an experiment",
       [&](Request& request) {
         Asked asked(request);
         rename_experiment(workspace, asked.integer("experiment_id"), asked.text("new_name"), request.who);
         return nothing();
       }},
      {"POST", "/experiments/delete", "Delete an experiment and its runs; they can be restored",
       [&](Request& request) {
         set_experiment_stage(workspace, Asked(request).integer("experiment_id"), "deleted", request.who);
         return nothing();
       }},
      {"POST", "/experiments/restore", "Restore a deleted experiment",
       [&](Request& request) {
         set_experiment_stage(workspace, Asked(request).integer("experiment_id"), "active", request.who);
         return nothing();
       }},
      {"POST", "/experiments/set-experiment-tag", "Tag an experiment",
       [&](Request& request) {
         Asked asked(request);
         set_experiment_tag(workspace, asked.integer("experiment_id"), asked.text("key"), asked.text_or("value", ""));
         return nothing();
       }},
      {"POST", "/experiments/delete-experiment-tag", "Take a tag off an experiment",
       [&](Request& request) {
         Asked asked(request);
         delete_experiment_tag(workspace, asked.integer("experiment_id"), asked.text("key"));
         return nothing();
       }},
  };
}

}  // namespace gyre
