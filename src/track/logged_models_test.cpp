#include "track/testing.hpp"

using namespace gyre;
using namespace gyre::testing;

static std::string new_model(Place& place, const std::string& name, const json::value& params = json::array()) {
  auto made = place.mlflow("/logged-models", {{"experiment_id", "0"}, {"name", name}, {"params", params}});
  return get_string(made.at("model").at("info"), "model_id");
}

static json::value info_of(Place& place, const std::string& id) {
  return place.good("GET", "/api/2.0/mlflow/logged-models/" + id).at("model").at("info");
}

TEST_CASE("a logged model and its states") {
  Place place;
  std::string run = place.new_run();
  auto made = place
                  .mlflow("/logged-models", {{"experiment_id", "0"},
                                             {"name", "net"},
                                             {"model_type", "pytorch"},
                                             {"source_run_id", run},
                                             {"params", {{{"key", "rate"}, {"value", "0.1"}}}},
                                             {"tags", {{{"key", "a"}, {"value", "b"}}}}})
                  .at("model");
  std::string id = get_string(made.at("info"), "model_id"), path = "/api/2.0/mlflow/logged-models/" + id;
  CHECK(id.starts_with("m-"));
  CHECK(made.at("info").at("status") == "LOGGED_MODEL_PENDING");
  CHECK(get_string(made.at("info"), "artifact_uri") == "mlflow-artifacts:/0/models/" + id + "/artifacts");
  CHECK(made.at("data").at("params").at(0).at("value") == "0.1");
  place.good("PATCH", path, {{"status", "LOGGED_MODEL_READY"}});
  CHECK(info_of(place, id).at("status") == "LOGGED_MODEL_READY");
  place.good("PATCH", path, {{"model_id", id}, {"status", 3}});
  CHECK(info_of(place, id).at("status") == "LOGGED_MODEL_UPLOAD_FAILED");
  CHECK(place.ask("PATCH", path, {{"status", "GOOD"}}).status == 400);

  place.good("PATCH", path + "/tags", {{"tags", {{{"key", "a"}, {"value", "c"}}, {{"key", "d"}, {"value", "e"}}}}});
  CHECK(info_of(place, id).at("tags").at(0).at("value") == "c");
  place.good("DELETE", path + "/tags/d");
  CHECK(error_of(place.ask("DELETE", path + "/tags/d")) == "RESOURCE_DOES_NOT_EXIST");
  place.good("POST", path + "/params", {{"params", {{{"key", "depth"}, {"value", "3"}}}}});
  CHECK(place.ask("POST", path + "/params", {{"params", {{{"key", "depth"}, {"value", "4"}}}}}).status == 400);

  place.good("DELETE", path);
  CHECK(error_of(place.ask("GET", path)) == "RESOURCE_DOES_NOT_EXIST");
  place.good("GET", path, nullptr, {{"allow_deleted", "true"}});
  CHECK(place.ask("GET", "/api/2.0/mlflow/logged-models/m-0").status == 404);
  CHECK(error_of(place.ask("POST", "/api/2.0/mlflow/logged-models", {{"experiment_id", "0"}, {"name", "a/b"}})) ==
        "INVALID_PARAMETER_VALUE");
}

TEST_CASE("metrics of logged models are searched by data set") {
  Place place;
  std::string run = place.new_run(), first = new_model(place, "first"), second = new_model(place, "second");
  auto measure = [&](const std::string& model, double value, const std::string& data, int step) {
    place.mlflow("/runs/log-metric", {{"run_id", run},
                                      {"key", "accuracy"},
                                      {"value", value},
                                      {"timestamp", 5},
                                      {"step", step},
                                      {"model_id", model},
                                      {"dataset_name", data},
                                      {"dataset_digest", data.empty() ? "" : "d"}});
  };
  measure(first, 0.9, "train", 0);
  measure(first, 0.5, "test", 1);
  place.mlflow("/runs/log-batch", {{"run_id", run},
                                   {"metrics",
                                    {{{"key", "accuracy"},
                                      {"value", 0.7},
                                      {"timestamp", 5},
                                      {"model_id", second},
                                      {"dataset_name", "test"},
                                      {"dataset_digest", "d"}}}}});
  auto found = [&](const json::object& more) {
    json::object body{{"experiment_ids", {"0"}}};
    for (auto& member : more) body[member.key()] = member.value();
    std::string names;
    auto answer = place.mlflow("/logged-models/search", body);
    for (auto& model : answer.at("models").as_array()) names += get_string(model.at("info"), "name") + " ";
    return names;
  };
  CHECK(found({{"filter", "metrics.accuracy > 0.6"}, {"order_by", {{{"field_name", "name"}}}}}) == "first second ");
  CHECK(found({{"filter", "metrics.accuracy > 0.6"}, {"datasets", {{{"dataset_name", "test"}}}}}) == "second ");
  CHECK(found({{"datasets", {{{"dataset_name", "train"}, {"dataset_digest", "d"}}}}}) == "first ");
  CHECK(found({{"datasets", {{{"dataset_name", "train"}, {"dataset_digest", "x"}}}}}).empty());
  auto by = [](const std::string& field, bool ascending, const std::string& data = "") -> json::object {
    return {{"order_by", {{{"field_name", field}, {"ascending", ascending}, {"dataset_name", data}}}}};
  };
  CHECK(found(by("metrics.accuracy", true, "test")) == "first second ");
  CHECK(found(by("metrics.accuracy", false, "test")) == "second first ");
  CHECK(found(by("metrics.accuracy", true, "train")) == "first second ");  // without a value: last
  CHECK(found({{"filter", "name LIKE 'sec%' AND attributes.status = 'PENDING'"}}) == "second ");
  auto refused = [&](const json::object& more) {
    json::object body(more);
    if (!body.contains("experiment_ids")) body["experiment_ids"] = {"0"};
    return place.ask("POST", "/api/2.0/mlflow/logged-models/search", body).status == 400;
  };
  CHECK(refused({{"filter", "name > 'a'"}}));
  CHECK(refused({{"filter", "metrics.accuracy = 'a'"}}));
  CHECK(refused({{"filter", "color = 'a'"}}));
  CHECK(refused({{"datasets", {json::object{{"dataset_digest", "d"}}}}}));
  CHECK(refused({{"order_by", {{{"field_name", "params.x"}}}}}));
  CHECK(refused({{"experiment_ids", json::array()}}));
  CHECK(refused({{"page_token", "x"}}));
  auto page = place.mlflow("/logged-models/search", {{"experiment_ids", {"0"}}, {"max_results", 1}});
  CHECK(page.at("models").as_array().size() == 1);
  CHECK(found({{"page_token", page.at("next_page_token")}}).find(' ') != std::string::npos);
  auto metrics =
      place.good("GET", "/api/2.0/mlflow/logged-models/" + first).at("model").at("data").at("metrics").as_array();
  REQUIRE(metrics.size() == 2);
  CHECK(metrics[0].at("run_id") == run.c_str());
  CHECK(metrics[1].at("dataset_name") == "test");
  CHECK(place.run(run).at("data").at("metrics").as_array().size() == 1);  // the run has them too
  CHECK(place
            .ask("POST", "/api/2.0/mlflow/runs/log-metric",
                 {{"run_id", run}, {"key", "x"}, {"value", 1}, {"timestamp", 1}, {"model_id", "m-none"}})
            .status == 404);
}

TEST_CASE("what a run took and made") {
  Place place;
  std::string run = place.new_run(), model = new_model(place, "net");
  auto dataset = [](const std::string& name, const std::string& context) -> json::object {
    return {{"tags", {{{"key", "mlflow.data.context"}, {"value", context}}}},
            {"dataset",
             {{"name", name}, {"digest", "d1"}, {"source_type", "local"}, {"source", "{}"}, {"schema", "{\"a\":1}"}}}};
  };
  json::value body{{"run_id", run}, {"datasets", {dataset("iris", "train"), dataset("wine", "test")}}};
  place.mlflow("/runs/log-inputs", body);
  place.mlflow("/runs/log-inputs", body);
  place.mlflow("/runs/log-inputs", {{"run_id", run}, {"models", {{{"model_id", model}}}}});
  place.mlflow("/runs/outputs", {{"run_id", run}, {"models", {{{"model_id", model}, {"step", 7}}}}});
  auto got = place.run(run);
  auto& inputs = got.at("inputs").at("dataset_inputs").as_array();
  REQUIRE(inputs.size() == 2);
  CHECK(inputs[0].at("dataset").at("name") == "iris");
  CHECK(inputs[0].at("dataset").at("schema") == "{\"a\":1}");
  CHECK(inputs[1].at("tags").at(0).at("value") == "test");
  CHECK(got.at("inputs").at("model_inputs").at(0).at("model_id") == model.c_str());
  CHECK(get_int(got.at("outputs").at("model_outputs").at(0), "step") == 7);
  auto searched = place.mlflow("/runs/search", {{"experiment_ids", {"0"}}});
  CHECK(searched.at("runs").at(0).at("inputs") == got.at("inputs"));
  auto summaries = place.mlflow("/experiments/search-datasets", {{"experiment_ids", {"0"}}}).at("dataset_summaries");
  REQUIRE(summaries.as_array().size() == 2);
  CHECK(summaries.at(0).at("context") == "train");
  CHECK(place.ask("POST", "/api/2.0/mlflow/experiments/search-datasets", json::object()).status == 400);
  CHECK(
      place.ask("POST", "/api/2.0/mlflow/runs/log-inputs", {{"run_id", run}, {"datasets", {{{"tags", {}}}}}}).status ==
      400);
  CHECK(place.good("GET", "/api/lineage/run/" + run).at("sources").as_array().size() == 2);

  json::object description{{"run_id", run},
                           {"artifact_path", "model"},
                           {"utc_time_created", "now"},
                           {"flavors", {{"onnx", {{"config", {{"a", 1}}}, {"data", "model.onnx"}}}}}};
  place.mlflow("/runs/log-model", {{"run_id", run}, {"model_json", json::serialize(description)}});
  auto tags = place.run(run).at("data").at("tags").as_array();
  CHECK(get_string(tags[0], "key") == "mlflow.log-model.history");
  CHECK(get_string(tags[0], "value").find("config") == std::string::npos);
  description.erase("flavors");
  CHECK(place
            .ask("POST", "/api/2.0/mlflow/runs/log-model",
                 {{"run_id", run}, {"model_json", json::serialize(description)}})
            .status == 400);
  CHECK(place.ask("POST", "/api/2.0/mlflow/runs/log-model", {{"run_id", run}, {"model_json", "{"}}).status == 400);
}

TEST_CASE("files of runs, versions and logged models as a browser asks for them") {
  Place place;
  std::string run = place.new_run(), model = new_model(place, "net");
  auto upload = [&](std::multimap<std::string, std::string, std::less<>> query, const std::string& body) {
    Request request{
        .method = "POST", .path = "/ajax-api/2.0/mlflow/upload-artifact", .query = std::move(query), .body = body};
    return place.routes.handle(request).status;
  };
  CHECK(upload({{"run_uuid", run}, {"path", "a/b.html"}}, "<html>") == 200);
  CHECK(upload({{"run_uuid", run}, {"path", "../b"}}, "x") == 400);
  CHECK(upload({{"run_uuid", run}, {"path", "a"}}, "") == 400);
  CHECK(upload({{"path", "a"}}, "x") == 400);
  auto file = place.ask("GET", "/get-artifact", nullptr, {{"run_id", run}, {"path", "a/b.html"}});
  CHECK(read_file(*file.file) == "<html>");
  CHECK(file.headers.at("Content-Disposition") == "attachment; filename=b.html");
  for (std::string bad : {"/etc/passwd", "../../x", "a/../../b", "a\\b", ".."})
    CHECK(place.ask("GET", "/get-artifact", nullptr, {{"run_id", run}, {"path", bad}}).status == 400);
  CHECK(place.ask("GET", "/get-artifact", nullptr, {{"run_id", run}, {"path", "none"}}).status == 404);

  CHECK(upload({{"run_uuid", run}, {"path", "größe 1.png"}}, "x") == 200);
  auto picture = place.ask("GET", "/get-artifact", nullptr, {{"run_uuid", run}, {"path", "größe 1.png"}});
  CHECK(picture.headers.at("Content-Disposition") ==
        "attachment; filename=\"gr____e 1.png\"; filename*=UTF-8''gr%c3%b6%c3%9fe%201.png");
  CHECK(picture.content_type == "image/png");
  CHECK(place.ask("GET", "//model-versions/get-artifact", nullptr, {{"name", "m"}, {"version", "1"}, {"path", "../x"}})
            .body == "{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":\"Invalid path\"}");
  write_file(place.folder.path() / "body", "weights");
  Request put{.method = "PUT",
              .path = "/api/2.0/mlflow-artifacts/artifacts/0/models/" + model + "/artifacts/net.onnx",
              .body_file = place.folder.path() / "body"};
  CHECK(place.routes.handle(put).status == 200);
  std::string path = "/ajax-api/2.0/mlflow/logged-models/" + model + "/artifacts";
  CHECK(place.good("GET", path + "/directories").at("files").at(0).at("path") == "net.onnx");
  CHECK(read_file(*place.ask("GET", path + "/files", nullptr, {{"artifact_file_path", "net.onnx"}}).file) == "weights");

  place.mlflow("/registered-models/create", {{"name", "m"}});
  place.mlflow("/model-versions/create",
               {{"name", "m"}, {"source", "mlflow-artifacts:/0/" + run + "/artifacts/a"}, {"run_id", run}});
  auto ours =
      place.ask("GET", "/model-versions/get-artifact", nullptr, {{"name", "m"}, {"version", "1"}, {"path", "b.html"}});
  CHECK(read_file(*ours.file) == "<html>");
}

TEST_CASE("curves for charts keep their ends and their spikes") {
  Place place;
  std::string run = place.new_run();
  json::array points;
  for (int i = 0; i < 1000; i++)
    points.push_back({{"key", "loss"}, {"value", i == 500 ? 99 : i % 2}, {"timestamp", i}, {"step", i}});
  place.mlflow("/runs/log-batch", {{"run_id", run}, {"metrics", points}});
  auto interval = [&](Place::Query query) {
    return place.ask("GET", "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval", nullptr, std::move(query));
  };
  auto small = parse_json(interval({{"run_ids", run}, {"metric_key", "loss"}, {"max_results", "11"}}).body, "answer")
                   .at("metrics")
                   .as_array();
  REQUIRE(small.size() == 11);
  CHECK(get_int(small.front(), "step") == 0);
  CHECK(get_int(small.back(), "step") == 999);
  CHECK(std::any_of(small.begin(), small.end(), [](auto& point) { return get_int(point, "step") == 500; }));
  json::array even;  // a curve without spikes is shown as MLflow shows it
  for (int i = 0; i < 10; i++) even.push_back({{"key", "even"}, {"value", i}, {"timestamp", 1}, {"step", i}});
  place.mlflow("/runs/log-batch", {{"run_id", run}, {"metrics", even}});
  std::string steps;
  auto shown = parse_json(interval({{"run_ids", run}, {"metric_key", "even"}, {"max_results", "5"}}).body, "answer");
  for (auto& point : shown.at("metrics").as_array()) steps += std::to_string(get_int(point, "step"));
  CHECK(steps == "02469");
  auto part = interval({{"run_ids", run}, {"metric_key", "loss"}, {"start_step", "3"}, {"end_step", "5"}});
  CHECK(parse_json(part.body, "answer").at("metrics").as_array().size() == 3);
  CHECK(interval({{"run_ids", run}, {"metric_key", "loss"}, {"start_step", "3"}}).status == 400);
  CHECK(interval({{"run_ids", run}, {"metric_key", "loss"}, {"start_step", "5"}, {"end_step", "3"}}).status == 400);
  CHECK(interval({{"run_ids", run}, {"metric_key", "loss"}, {"max_results", "0"}}).status == 400);
  CHECK(interval({{"run_ids", run}, {"metric_key", "loss"}, {"max_results", "2501"}}).status == 400);
  CHECK(interval({{"metric_key", "loss"}}).status == 400);
  CHECK(interval({{"run_ids", run}}).status == 400);
  auto whole = place.good("GET", "/ajax-api/2.0/mlflow/metrics/get-history-bulk", nullptr,
                          {{"run_id", run}, {"metric_key", "loss"}});
  CHECK(whole.at("metrics").as_array().size() == 1000);
}

TEST_CASE("what of MLflow is not spoken says so") {
  Place place;
  for (auto path : {"/api/3.0/mlflow/traces", "/api/2.0/mlflow/webhooks", "/graphql", "/ajax-api/3.0/mlflow/issues"}) {
    auto refused = place.ask("POST", path, json::object());
    CHECK(refused.status == 501);
    CHECK(error_of(refused) == "NOT_IMPLEMENTED");
  }
  CHECK(place.ask("GET", "/version").body == "3.17.2");
  CHECK(place.ask("GET", "/health").body == "OK");
  CHECK(place.good("GET", "/api/3.0/mlflow/server-info").at("store_type") == "SqlStore");
}
