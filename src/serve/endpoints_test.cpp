#include "serve/endpoints.hpp"

#include "base/file.hpp"
#include "model/testing.hpp"
#include "serve/testing.hpp"

namespace gyre::testing {

static std::string ask_x() { return R"({"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]}]})"; }

static Response put(const ServiceSite& site, std::string_view name, std::string_view body) {
  return http_request("PUT", site.url("/endpoints/" + std::string(name)), body);
}

TEST_CASE("endpoints: traffic is shared out, and sticks to a key") {
  ServiceSite site;
  site.known["other"] = files_of(doubling_model());
  site.repository.load("other");
  CHECK(
      put(site, "e", R"({"targets":[{"model":"double","percent":90},{"model":"other","percent":10}],"sticky":"X-Who"})")
          .status == 200);
  for (int i = 0; i < 100; i++) CHECK(site.post("/v2/models/e/infer", ask_x()).status == 200);
  auto rows = [&](const char* name) { return site.repository.get(name, "")->statistics().total().rows; };
  CHECK(rows("double") >= 88);
  CHECK(rows("double") <= 92);
  for (auto who : {"ann", "bob", "cem", "dee"}) {
    auto before = rows("double");
    for (int i = 0; i < 5; i++) site.post("/v2/models/e/infer", ask_x(), {{"X-Who", who}});
    auto more = rows("double") - before;
    CHECK((more == 0 || more == 5));
  }
  auto told = parse_json(site.get("/endpoints/e").body, "endpoint");
  CHECK(told.at("seen").at("targets").at(0).at("requests").to_number<int>() +
            told.at("seen").at("targets").at(1).at("requests").to_number<int>() ==
        120);
  CHECK(put(site, "e", R"({"targets":[{"model":"double","percent":50}]})").status == 400);
  CHECK(put(site, "e", R"({"targets":[{"model":"none","percent":100}]})").status == 404);
  CHECK(put(site, "e", R"({"targets":[{"model":"double","percent":0}]})").status == 200);
  CHECK(site.error_of("/v2/models/e/infer", ask_x(), 503) == "endpoint e has no target that gets traffic");
  CHECK(http_request("DELETE", site.url("/endpoints/e")).status == 200);
  CHECK(site.error_of("/v2/models/e/infer", ask_x(), 404) == "there is no model e");
}

TEST_CASE("endpoints: a mirror that agrees is promoted, one that does not is taken back") {
  ServiceSite site;
  site.known["same"] = files_of(doubling_model());
  GraphBuilder graph("tripling");
  auto x = graph.input("x", DataType::f32, {-1, 3});
  graph.output(graph.node("Mul", {x, graph.constant(3.0F)}), "y", DataType::f32, {-1, 3});
  site.known["triple"] = files_of(graph.finish());
  for (auto name : {"same", "triple"}) site.repository.load(name);
  for (auto candidate : {"same", "triple"}) {
    std::string mirror =
        R"({"targets":[{"model":"double"}],"guard":{"requests":20,"latency_ratio":1000},"mirror":{"model":")" +
        std::string(candidate) + "\"}}";
    CHECK(put(site, "m", mirror).status == 200);
    for (int i = 0; i < 25; i++)
      CHECK(site.post("/v2/models/m/infer", ask_x()).body.find("[2.0,4.0,6.0]") != std::string::npos);
    auto told = parse_json(site.get("/endpoints/m").body, "endpoint");
    bool same = std::string_view(candidate) == "same";
    CHECK(told.at("decisions").as_array().back().at("decision").as_string() == (same ? "promoted" : "rolled back"));
    CHECK(told.at("targets").at(0).at("model").as_string() == (same ? "same" : "double"));
    CHECK(!told.as_object().contains("mirror"));
  }
}

TEST_CASE("endpoints: a candidate that fails gets no more traffic, and that is kept") {
  TemporaryFolder folder;
  auto file = folder.path() / "endpoints.json";
  auto no_header = [](const std::string&) { return std::string(); };
  {
    Endpoints endpoints(file);
    endpoints.put(
        "c",
        endpoint_config(parse_json(
            R"({"targets":[{"model":"a","percent":50},{"model":"b","percent":50}],"guard":{"requests":100,"error_rate":0.02}})",
            "test")));
    int failed = 0;
    for (int i = 0; i < 200; i++) {
      auto choice = endpoints.choose("c", no_header);
      failed += choice->target.model == "b";
      endpoints.answered(*choice, {}, choice->target.model == "a", 0.001);
    }
    CHECK(failed == 3);
    CHECK(endpoints.describe("c").at("decisions").as_array().back().at("decision").as_string() == "rolled back");
  }
  Endpoints again(file);
  for (int i = 0; i < 50; i++) CHECK(again.choose("c", no_header)->target.model == "a");
}

TEST_CASE("endpoints: pictures and plain JSON in, words out") {
  ServiceSite site;
  site.known["colour"] = files_of(colour_model());
  site.repository.load("colour");
  auto picture = encode_png(flat(8, 6, 200, 10, 10));
  auto answer = site.post("/endpoints/colour/predict", picture, {{"Content-Type", "image/png"}});
  CHECK(answer.status == 200);
  CHECK(parse_json(answer.body, "answer").at("answer").at("label").as_string() == "red");
  CHECK(site.post("/endpoints/colour/predict", "no picture", {{"Content-Type", "image/png"}}).status == 400);
  auto plain = site.post("/endpoints/double/predict", R"({"x":[1,2,3]})", {{"Content-Type", "application/json"}});
  CHECK(plain.body == R"({"model":"double","version":"1","outputs":{"y":[2.0,4.0,6.0]}})");
  CHECK(site.post("/endpoints/double/predict", R"({"z":1})", {{"Content-Type", "application/json"}}).status == 400);
  CHECK(site.post("/endpoints/none/predict", "{}").status == 404);
}

TEST_CASE("endpoints: a candidate is judged by the truth of its answers") {
  ServiceSite site;
  site.known["new"] = files_of(doubling_model());
  site.repository.load("new");
  for (bool better : {true, false}) {
    CHECK(put(site, "t", R"({"targets":[{"model":"double","percent":50},{"model":"new","percent":50}],
                             "guard":{"requests":15,"latency_ratio":1000,"accuracy_loss":0.1,"truths":15}})")
              .status == 200);
    for (int i = 0; i < 40; i++) {
      std::string id = std::to_string(i);
      auto rows = [&] { return site.repository.get("new", "")->statistics().total().rows; };
      auto before = rows();
      auto asked = R"({"id":")" + id + R"(","inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]}]})";
      CHECK(site.post("/v2/models/t/infer", asked).status == 200);
      bool candidate = rows() > before;
      // The first target is right in 9 of 10 cases; the candidate in all, or in 6.
      bool right = candidate ? better || i % 5 < 3 : i % 10 != 0;
      auto truth =
          R"([{"id":")" + id + R"(","right":)" + (right ? "true" : "false") + R"(},{"id":"none","right":true}])";
      auto counted = site.post("/endpoints/t/truths", truth);
      if (counted.status == 200) CHECK(counted.body == R"({"counted":1,"unknown":1})");
    }
    auto told = parse_json(site.get("/endpoints/t").body, "endpoint");
    auto& decision = told.at("decisions").as_array().back();
    CHECK(get_string(decision, "decision") == (better ? "promoted" : "rolled back"));
    CHECK(get_string(decision, "why").find("of the cases") != std::string::npos);
    CHECK(get_number(told.at("targets").at(better ? 1 : 0), "percent") == 100);
    CHECK(site.error_of("/endpoints/t/truths", R"({"id":"1","right":true})", 409) ==
          "endpoint t has no guard that looks at accuracy");
  }
  CHECK(put(site, "t", R"({"targets":[{"model":"double"}],"mirror":{"model":"new"},"guard":{"accuracy_loss":0.1}})")
            .status == 400);
  CHECK(site.error_of("/endpoints/none/truths", R"({"id":"1","right":true})", 404) == "there is no endpoint none");
  CHECK(site.error_of("/endpoints/t/truths", R"({"id":"1"})", 400) != "");
}

}  // namespace gyre::testing
