#include "base/error.hpp"
#include "track/logged_models.hpp"
#include "track/mlflow.hpp"
#include "track/mlflow_forms.hpp"

namespace gyre {

// Our word, what is said on the wire, and protobuf's number of it.
struct Status {
  std::string_view name;
  std::string_view wire;
  std::string_view number;
};
static constexpr Status statuses[] = {{"UNSPECIFIED", "LOGGED_MODEL_STATUS_UNSPECIFIED", "0"},
                                      {"PENDING", "LOGGED_MODEL_PENDING", "1"},
                                      {"READY", "LOGGED_MODEL_READY", "2"},
                                      {"FAILED", "LOGGED_MODEL_UPLOAD_FAILED", "3"}};

// By its name or its number.
static std::string status_named(const Request& request) {
  json::value body = request.json_body();
  auto* value = find(body, "status");
  if (!value) throw Error(Code::invalid, "Missing value for required parameter 'status'.");
  std::string asked = json::serialize(*value);
  for (auto& status : statuses)
    if ((value->is_string() && value->get_string() == status.wire) || asked == status.number)
      return std::string(status.name);
  throw Error(Code::invalid, "Invalid value " + asked.substr(0, 80) + " for parameter 'status' supplied.",
              "LOGGED_MODEL_READY, LOGGED_MODEL_PENDING or LOGGED_MODEL_UPLOAD_FAILED");
}

static json::object model_point_form(const ModelPoint& measured) {
  auto& point = measured.point;
  json::object form{{"key", point.key},   {"value", mlflow_number(point.value)}, {"timestamp", point.at},
                    {"step", point.step}, {"model_id", measured.model},          {"run_id", measured.run}};
  if (!measured.dataset_name.empty()) form["dataset_name"] = measured.dataset_name;
  if (!measured.dataset_digest.empty()) form["dataset_digest"] = measured.dataset_digest;
  return form;
}

static json::object model_form(const LoggedModel& model) {
  json::array metrics;
  for (auto& measured : model.metrics) metrics.push_back(model_point_form(measured));
  json::object info{{"model_id", model.id},
                    {"experiment_id", std::to_string(model.experiment)},
                    {"name", model.name},
                    {"creation_timestamp_ms", model.created_at},
                    {"last_updated_timestamp_ms", model.updated_at},
                    {"artifact_uri", model.artifact_location},
                    {"tags", mlflow_pairs(model.tags)}};
  for (auto& status : statuses)
    if (status.name == model.status) info["status"] = status.wire;
  if (!model.type.empty()) info["model_type"] = model.type;
  if (!model.source_run.empty()) info["source_run_id"] = model.source_run;
  return {{"info", info}, {"data", {{"params", mlflow_pairs(model.params)}, {"metrics", metrics}}}};
}

static Response answer(Workspace& workspace, const std::string& id, bool deleted_too = true) {
  return json_response({{"model", model_form(get_logged_model(workspace, id, deleted_too))}});
}

static Response create(Workspace& workspace, Request& request) {
  Asked asked(request);
  auto model = create_logged_model(workspace,
                                   {.experiment = asked.integer("experiment_id"),
                                    .name = asked.text_or("name", ""),
                                    .type = asked.text_or("model_type", ""),
                                    .source_run = asked.text_or("source_run_id", ""),
                                    .params = asked.pairs("params"),
                                    .tags = asked.pairs("tags")},
                                   request.who);
  return json_response({{"model", model_form(model)}});
}

static Response search(Workspace& workspace, Request& request) {
  Asked asked(request);
  LoggedModelSearch search{.experiments = asked.experiments(), .filter = asked.text_or("filter", "")};
  if (search.experiments.empty()) throw Error(Code::invalid, "Missing value for required parameter 'experiment_ids'.");
  for (auto& item : asked.items("datasets")) {
    if (item.text_or("dataset_name", "").empty())
      throw Error(Code::invalid, "`dataset_name` in the `datasets` clause must be specified.");
    search.datasets.push_back({item.text("dataset_name"), item.text_or("dataset_digest", "")});
  }
  for (auto& item : asked.items("order_by"))
    search.order_by.push_back({.field = item.text("field_name"),
                               .descending = !item.flag("ascending", true),
                               .dataset = {item.text_or("dataset_name", ""), item.text_or("dataset_digest", "")}});
  search.limit = asked.limit(100, 50000);
  search.page_token = asked.text_or("page_token", "");
  auto page = search_logged_models(workspace, search);
  json::array models;
  for (auto& model : page.found) models.push_back(model_form(model));
  json::object answer{{"models", models}};
  if (!page.next.empty()) answer["next_page_token"] = page.next;
  return json_response(answer);
}

std::vector<ModelPoint> asked_model_points(const std::string& run, const std::vector<Asked>& metrics,
                                           const std::vector<Point>& points) {
  std::vector<ModelPoint> measured;
  for (std::size_t i = 0; i < metrics.size(); i++) {
    std::string name = metrics[i].text_or("dataset_name", ""), digest = metrics[i].text_or("dataset_digest", "");
    if (name.empty() != digest.empty())
      throw Error(Code::invalid, "Both dataset_name and dataset_digest must be provided if one is provided");
    if (auto model = metrics[i].text_or("model_id", ""); !model.empty())
      measured.push_back({model, run, name, digest, points[i]});
  }
  return measured;
}

std::vector<Route> mlflow_logged_model_routes(Workspace& workspace) {
  static const auto nothing = [] { return json_response(json::object()); };
  return {
      {"POST", "/logged-models", "Log a model", [&](Request& request) { return create(workspace, request); }},
      {"POST", "/logged-models/search", "Search logged models",
       [&](Request& request) { return search(workspace, request); }},
      {"GET", "/logged-models/{model_id}", "A logged model with its params, tags and metrics",
       [&](Request& request) {
         return answer(workspace, request.param("model_id"), Asked(request).flag("allow_deleted", false));
       }},
      {"PATCH", "/logged-models/{model_id}", "Say that a logged model is whole, or that it failed",
       [&](Request& request) {
         std::string id = request.param("model_id");
         set_logged_model_status(workspace, id, status_named(request), request.who);
         return answer(workspace, id);
       }},
      {"DELETE", "/logged-models/{model_id}", "Delete a logged model",
       [&](Request& request) {
         delete_logged_model(workspace, request.param("model_id"), request.who);
         return nothing();
       }},
      {"POST", "/logged-models/{model_id}/params", "Log params of a model",
       [&](Request& request) {
         add_logged_model_params(workspace, request.param("model_id"), Asked(request).pairs("params"));
         return nothing();
       }},
      {"PATCH", "/logged-models/{model_id}/tags", "Tag a logged model",
       [&](Request& request) {
         std::string id = request.param("model_id");
         set_logged_model_tags(workspace, id, Asked(request).pairs("tags"));
         return answer(workspace, id);
       }},
      {"DELETE", "/logged-models/{model_id}/tags/{key}", "Take a tag off a logged model",
       [&](Request& request) {
         delete_logged_model_tag(workspace, request.param("model_id"), request.param("key"));
         return nothing();
       }},
  };
}

}  // namespace gyre
