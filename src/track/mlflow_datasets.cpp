#include "base/error.hpp"
#include "track/evaluation_datasets.hpp"
#include "track/mlflow.hpp"

namespace gyre {

// In MLflow's form what is no plain field is JSON within JSON.
static json::object form(const EvaluationDataset& dataset) {
  json::array experiments;
  for (auto id : dataset.experiments) experiments.push_back(json::value(std::to_string(id)));
  json::object form{{"dataset_id", dataset.id},
                    {"name", dataset.name},
                    {"tags", json::serialize(dataset.tags)},
                    {"digest", dataset.digest},
                    {"created_time", dataset.created_at},
                    {"last_update_time", dataset.updated_at},
                    {"experiment_ids", experiments}};
  if (dataset.schema) form["schema"] = *dataset.schema;
  if (dataset.records > 0) form["profile"] = json::serialize(json::object{{"num_records", dataset.records}});
  if (dataset.created_by) form["created_by"] = *dataset.created_by;
  if (dataset.updated_by) form["last_updated_by"] = *dataset.updated_by;
  return form;
}

static Response answer(Workspace& workspace, const std::string& id) {
  return json_response({{"dataset", form(get_evaluation_dataset(workspace, id))}});
}

static json::object asked_tags(const Asked& asked, const std::string& otherwise = {}) {
  std::string text = otherwise.empty() ? asked.text("tags") : asked.text_or("tags", otherwise);
  json::value tags = parse_json(text, "tags");
  if (!tags.is_object())
    throw Error(Code::invalid, "Invalid value for parameter 'tags' supplied: a JSON object is expected");
  return tags.as_object();
}

static Response search(Workspace& workspace, Request& request) {
  Asked asked(request);
  auto page = search_evaluation_datasets(workspace, asked.experiments(),
                                         {.filter = asked.text_or("filter_string", ""),
                                          .order_by = asked.texts("order_by"),
                                          .limit = asked.limit(1000, 50000),
                                          .page_token = asked.text_or("page_token", "")});
  json::array datasets;
  for (auto& dataset : page.found) datasets.push_back(form(dataset));
  json::object answer{{"datasets", datasets}};
  if (!page.next.empty()) answer["next_page_token"] = page.next;
  return json_response(answer);
}

static Response put_records(Workspace& workspace, Request& request) {
  json::value records = parse_json(Asked(request).text("records"), "records");
  if (!records.is_array())
    throw Error(Code::invalid, "Invalid value for parameter 'records' supplied: a JSON list is expected");
  auto merged = merge_records(workspace, request.param("dataset_id"), records.get_array());
  return json_response({{"inserted_count", merged.inserted}, {"updated_count", merged.updated}});
}

static Response get_records(Workspace& workspace, Request& request) {
  Asked asked(request);
  auto page =
      records_of(workspace, request.param("dataset_id"), asked.limit(1000, 50000), asked.text_or("page_token", ""));
  json::array records(page.found.begin(), page.found.end());
  json::object answer{{"records", json::serialize(records)}};
  if (!page.next.empty()) answer["next_page_token"] = page.next;
  return json_response(answer);
}

static Response experiments(Workspace& workspace, Request& request) {
  json::array ids;
  for (auto id : get_evaluation_dataset(workspace, request.param("dataset_id")).experiments)
    ids.push_back(json::value(std::to_string(id)));
  return json_response({{"experiment_ids", ids}});
}

std::vector<Route> mlflow_dataset_routes(Workspace& workspace) {
  static const auto nothing = [] { return json_response(json::object()); };
  return {
      {"POST", "/datasets/create", "Create an evaluation data set",
       [&](Request& request) {
         Asked asked(request);
         auto made = create_evaluation_dataset(workspace, asked.text("name"), asked_tags(asked, "{}"),
                                               asked.experiments(), request.who);
         return json_response({{"dataset", form(made)}});
       }},
      {"GET", "/datasets/search", "Search evaluation data sets",
       [&](Request& request) { return search(workspace, request); }},
      {"POST", "/datasets/search", "Search evaluation data sets",
       [&](Request& request) { return search(workspace, request); }},
      {"GET", "/datasets/{dataset_id}", "An evaluation data set without its records",
       [&](Request& request) { return answer(workspace, request.param("dataset_id")); }},
      {"DELETE", "/datasets/{dataset_id}", "Delete an evaluation data set and its records",
       [&](Request& request) {
         delete_evaluation_dataset(workspace, request.param("dataset_id"), request.who);
         return nothing();
       }},
      {"PATCH", "/datasets/{dataset_id}/tags", "Tag an evaluation data set",
       [&](Request& request) {
         set_evaluation_dataset_tags(workspace, request.param("dataset_id"), asked_tags(Asked(request)));
         return answer(workspace, request.param("dataset_id"));
       }},
      {"DELETE", "/datasets/{dataset_id}/tags/{key}", "Take a tag off an evaluation data set",
       [&](Request& request) {
         delete_evaluation_dataset_tag(workspace, request.param("dataset_id"), request.param("key"));
         return nothing();
       }},
      {"GET", "/datasets/{dataset_id}/records", "The records of an evaluation data set",
       [&](Request& request) { return get_records(workspace, request); }},
      {"POST", "/datasets/{dataset_id}/records", "Add records, or more to those with the same inputs",
       [&](Request& request) { return put_records(workspace, request); }},
      {"DELETE", "/datasets/{dataset_id}/records", "Delete records",
       [&](Request& request) {
         auto gone = delete_records(workspace, request.param("dataset_id"), Asked(request).texts("dataset_record_ids"));
         return json_response({{"deleted_count", gone}});
       }},
      {"GET", "/datasets/{dataset_id}/experiment-ids", "The experiments of an evaluation data set",
       [&](Request& request) { return experiments(workspace, request); }},
      {"POST", "/datasets/{dataset_id}/add-experiments", "Use an evaluation data set in more experiments",
       [&](Request& request) {
         add_to_experiments(workspace, request.param("dataset_id"), Asked(request).experiments());
         return answer(workspace, request.param("dataset_id"));
       }},
      {"POST", "/datasets/{dataset_id}/remove-experiments", "Use an evaluation data set in fewer experiments",
       [&](Request& request) {
         remove_from_experiments(workspace, request.param("dataset_id"), Asked(request).experiments());
         return answer(workspace, request.param("dataset_id"));
       }},
  };
}

}  // namespace gyre
