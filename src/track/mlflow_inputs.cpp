#include "base/error.hpp"
#include "track/mlflow.hpp"
#include "track/mlflow_forms.hpp"
#include "track/run_links.hpp"

namespace gyre {

static json::object dataset_form(const DatasetInput& input) {
  json::object dataset{
      {"name", input.name}, {"digest", input.digest}, {"source_type", input.source_type}, {"source", input.source}};
  if (input.schema) dataset["schema"] = *input.schema;
  if (input.profile) dataset["profile"] = *input.profile;
  return {{"tags", mlflow_pairs(input.tags)}, {"dataset", dataset}};
}

json::object mlflow_inputs(const RunLinks& links) {
  json::array datasets, models;
  for (auto& input : links.datasets) datasets.push_back(dataset_form(input));
  for (auto& model : links.input_models) models.push_back(json::object{{"model_id", model}});
  return {{"dataset_inputs", datasets}, {"model_inputs", models}};
}

json::object mlflow_outputs(const RunLinks& links) {
  json::array models;
  for (auto& output : links.output_models)
    models.push_back(json::object{{"model_id", output.model}, {"step", output.step}});
  return {{"model_outputs", models}};
}

static Response take_inputs(Workspace& workspace, Request& request) {
  Asked asked(request);
  std::vector<DatasetInput> datasets;
  for (auto& item : asked.items("datasets")) {
    auto dataset = item.find_object("dataset");
    if (!dataset) throw Error(Code::invalid, "Dataset input must have a dataset associated with it.");
    datasets.push_back({.name = dataset->text("name"),
                        .digest = dataset->text("digest"),
                        .source_type = dataset->text_or("source_type", ""),
                        .source = dataset->text_or("source", ""),
                        .schema = dataset->find_text("schema"),
                        .profile = dataset->find_text("profile"),
                        .tags = item.pairs("tags")});
  }
  std::vector<std::string> models;
  for (auto& item : asked.items("models")) models.push_back(item.text("model_id"));
  log_inputs(workspace, asked.text("run_id"), datasets, models);
  return json_response(json::object());
}

static Response take_outputs(Workspace& workspace, Request& request) {
  Asked asked(request);
  std::vector<ModelOutput> models;
  for (auto& item : asked.items("models"))
    models.push_back({item.text("model_id"), item.find_integer("step").value_or(0)});
  if (models.empty()) throw Error(Code::invalid, "Missing value for required parameter 'models'.");
  log_outputs(workspace, asked.text("run_id"), models);
  return json_response(json::object());
}

// What of an MLmodel file is kept with the run: how it can be loaded, not how its flavours are set up.
static json::object history_entry(const json::object& model) {
  json::object entry;
  for (auto key : {"run_id", "utc_time_created", "artifact_path", "model_uuid"})
    if (auto* value = find(model, key)) entry[key] = *value;
  json::object flavors;
  auto* all = model.at("flavors").if_object();
  if (!all) throw Error(Code::invalid, "Model json has flavors that are no object");
  for (auto& flavor : *all) {
    json::value config = flavor.value();
    if (auto* members = config.if_object()) members->erase("config");
    flavors[flavor.key()] = std::move(config);
  }
  entry["flavors"] = std::move(flavors);
  return entry;
}

static Response record_model(Workspace& workspace, Request& request) {
  Asked asked(request);
  std::string id = asked.text("run_id"), text = asked.text("model_json"), missing;
  json::error_code error;
  json::value model = json::parse(text, error);
  if (error || !model.is_object())
    throw Error(Code::invalid, "Malformed model info. \n " + text.substr(0, 200) + " \n is not a valid JSON.");
  for (auto key : {"artifact_path", "flavors", "utc_time_created", "run_id"})
    if (!model.get_object().contains(key)) missing += (missing.empty() ? "'" : ", '") + std::string(key) + "'";
  if (!missing.empty()) throw Error(Code::invalid, "Model json is missing mandatory fields: {" + missing + "}");
  workspace.rows().transaction([&] {
    json::array history;
    for (auto& [key, value] : get_run(workspace, id).tags)
      if (key == "mlflow.log-model.history") history = parse_json(value, "the tag mlflow.log-model.history").as_array();
    history.push_back(history_entry(model.get_object()));
    log_batch(workspace, id, {}, {}, {{"mlflow.log-model.history", json::serialize(history)}});
  });
  return json_response(json::object());
}

static Response search_datasets(Workspace& workspace, Request& request) {
  Asked asked(request);
  auto count = asked.texts("experiment_ids").size();
  if (count == 0) throw Error(Code::invalid, "SearchDatasets request must specify at least one experiment_id.");
  if (count > 20)
    throw Error(Code::invalid, "SearchDatasets request cannot specify more than 20 experiment_ids. Received " +
                                   std::to_string(count) + " experiment_ids.");
  return json_response({{"dataset_summaries", dataset_summaries(workspace, asked.experiments())}});
}

std::vector<Route> mlflow_input_routes(Workspace& workspace) {
  return {
      {"POST", "/runs/log-inputs", "Say what data and models a run took",
       [&](Request& request) { return take_inputs(workspace, request); }},
      {"POST", "/runs/outputs", "Say what models a run made",
       [&](Request& request) { return take_outputs(workspace, request); }},
      {"POST", "/runs/log-model", "Keep an MLmodel description with its run",
       [&](Request& request) { return record_model(workspace, request); }},
      {"POST", "/experiments/search-datasets", "The data sets of experiments",
       [&](Request& request) { return search_datasets(workspace, request); }},
  };
}

}  // namespace gyre
