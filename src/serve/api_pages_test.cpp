#include "serve/api_pages.hpp"

#include "serve/table_door.hpp"
#include "serve/testing.hpp"

namespace gyre::testing {

// A classifier with a signature, rows of two columns.
static std::string sorting_model() {
  GraphBuilder graph("sorting");
  auto x = graph.input("x", DataType::f32, {-1, 2});
  graph.output(graph.node("Softmax", {x}, {{"axis", std::int64_t{1}}}), "probabilities", DataType::f32, {-1, 2});
  graph.describe({.takes = "table", .columns = {"flow", "heat"}, .task = "classify", .labels = {"low", "high"}}, {});
  return graph.finish();
}

TEST_CASE("serve: the page for spreadsheets has an example that is answered") {
  ServiceSite site;
  site.repository.unload("echo");
  auto page = parse_json(site.get("/swagger.json").body, "page");
  CHECK(page.at("swagger").as_string() == "2.0");
  CHECK(page.at("paths").as_object().contains("/score"));
  auto& input = page.at("definitions").at("ServiceInput");
  CHECK(
      input.at("properties").at("Inputs").at("properties").at("data").at("items").at("properties").as_object().size() ==
      3);
  auto answer = site.post("/score", json::serialize(input.at("example")));
  CHECK(answer.body == R"({"Results":[[1.0,1.0,1.0]]})");
  // With another model of rows, the path says which.
  site.repository.load("echo");
  page = parse_json(site.get("/swagger.json").body, "page");
  CHECK(page.at("paths").as_object().contains("/endpoints/double/score"));
  CHECK(site.error_of("/score", "{}", 404).find("2 models") != std::string::npos);
  auto one = parse_json(site.get("/endpoints/double/swagger.json").body, "page");
  CHECK(one.at("basePath").as_string() == "/endpoints/double");
  CHECK(one.at("paths").as_object().contains("/score"));
}

TEST_CASE("serve: rows of a table get one result each") {
  ServiceSite site;
  site.known["sorting"] = files_of(sorting_model());
  site.repository.load("sorting");
  std::string path = "/endpoints/sorting/score";
  CHECK(site.post(path, R"({"Inputs":{"data":[{"heat":9,"flow":1},{"flow":5,"heat":1}]}})").body ==
        R"({"Results":["high","low"]})");
  CHECK(site.post(path, R"({"data":[[3,3]],"GlobalParameters":{"method":"predict_proba"}})").body ==
        R"({"Results":[[0.5,0.5]]})");
  CHECK(site.error_of(path, R"({"data":[{"flow":1,"cold":2}]})") == "row 1: the model has no column \"cold\"");
  CHECK(site.error_of(path, R"({"data":[[1]]})") == "row 1 has 1 values, the model 2 columns");
  CHECK(site.error_of(path, R"({"data":[["warm",2]]})").find("which is no FP32") != std::string::npos);
  CHECK(site.error_of(path, R"({"data":[]})").find("has no rows") != std::string::npos);
  // Texts and whole numbers, as spreadsheets send them; several outputs make an object.
  CHECK(site.post("/endpoints/echo/score",
                  R"({"data":[{"text":"a","number_0":2.0,"number_1":-1},{"text":7,"number_0":0,"number_1":1}]})")
            .body == R"({"Results":[{"text_out":"a","number_out":[2,-1]},{"text_out":"7","number_out":[0,1]}]})");
  CHECK(site.error_of("/endpoints/echo/score", R"({"data":[{"text":"a","number_0":2.5,"number_1":0}]})")
            .find("no INT64") != std::string::npos);
  CHECK(site.post("/endpoints/double/score", R"({"data":[[1,null,3]]})").body == R"({"Results":[[2.0,null,6.0]]})");
}

TEST_CASE("serve: OpenAPI names what each model takes") {
  ServiceSite site;
  site.endpoints.put("front", endpoint_config({{"targets", json::array{{{"model", "double"}}}}}));
  auto page = parse_json(site.get("/openapi.json").body, "page");
  CHECK(page.at("openapi").as_string() == "3.1.0");
  auto& paths = page.at("paths").as_object();
  for (auto path : {"/v2/models/double/infer", "/v2/models/front/infer", "/endpoints/front/score",
                    "/endpoints/echo/predict", "/v2/health/ready"})
    CHECK(paths.contains(path));
  auto& x = paths.at("/v2/models/double/infer")
                .at_pointer("/post/requestBody/content/application~1json/schema/properties/inputs/prefixItems/0");
  CHECK(x.at("properties").at("name").at("const").as_string() == "x");
  CHECK(x.at("properties").at("datatype").at("const").as_string() == "FP32");
  // What the page promises without a body is there.
  for (auto& [path, methods] : paths)
    if (methods.as_object().contains("get")) CHECK(site.get(std::string(path)).status == 200);
}

}  // namespace gyre::testing
