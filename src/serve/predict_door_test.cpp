#include "media/image.hpp"
#include "media/sound.hpp"
#include "model/testing.hpp"
#include "serve/testing.hpp"

namespace gyre::testing {

namespace {

// The mean of what is heard: an anomaly score.
std::string loud_model() {
  GraphBuilder graph("loud");
  auto heard = graph.node("Abs", {graph.input("sound", DataType::f32, {1, 800})});
  auto mean =
      graph.node("ReduceMean", {heard}, {{"axes", std::vector<std::int64_t>{1}}, {"keepdims", std::int64_t{0}}});
  graph.output(mean, "score", DataType::f32, {1});
  graph.describe({.takes = "sound", .rate = 8000, .samples = 800, .task = "anomaly", .threshold = 0.25}, {});
  return graph.finish();
}

std::string last_model() {
  GraphBuilder graph("last");
  auto readings = graph.input("series", DataType::f32, {1, 2, 2});
  auto sum =
      graph.node("ReduceMean", {readings}, {{"axes", std::vector<std::int64_t>{1, 2}}, {"keepdims", std::int64_t{0}}});
  graph.output(sum, "value", DataType::f32, {1});
  graph.describe(
      {.takes = "series", .rate = 1, .samples = 2, .columns = {"flow", "heat"}, .task = "regress", .unit = "bar"}, {});
  return graph.finish();
}

// value = 2 size; the kind as it came.
std::string price_model() {
  GraphBuilder graph("price");
  auto size = graph.input("size", DataType::f32, {-1, 1}), kind = graph.input("kind", DataType::text, {-1, 1});
  graph.output(graph.node("Add", {size, size}), "value", DataType::f32, {-1, 1});
  graph.output(graph.node("Identity", {kind}), "seen", DataType::text, {-1, 1});
  graph.describe({.takes = "table", .columns = {"size", "kind"}, .task = "regress", .unit = "EUR"}, {});
  return graph.finish();
}

struct Door : ServiceSite {
  Door() {
    for (auto& [name, bytes] : {std::pair("colour", colour_model()), std::pair("loud", loud_model()),
                                std::pair("last", last_model()), std::pair("price", price_model())}) {
      known[name] = files_of(bytes);
      repository.load(name);
    }
  }
  json::value ask(const std::string& model, std::string_view body, const std::string& type) const {
    auto answer = post("/endpoints/" + model + "/predict", body, {{"Content-Type", type}});
    CAPTURE(answer.body);
    CHECK(answer.status == 200);
    auto told = parse_json(answer.body, "answer");
    auto* one = find(told, "answer");
    return one ? *one : told.at("answers");
  }
  std::string refused(const std::string& model, std::string_view body, const std::string& type) const {
    auto answer = post("/endpoints/" + model + "/predict", body, {{"Content-Type", type}});
    CHECK(answer.status == 400);
    return get_string(parse_json(answer.body, "answer"), "error");
  }
};

}  // namespace

TEST_CASE("the friendly door takes pictures, sounds and series as they are") {
  Door door;
  CHECK(get_string(door.ask("colour", encode_png(flat(8, 6, 200, 10, 10)), "image/png"), "label") == "red");
  CHECK(get_string(door.ask("colour", encode_jpeg(flat(8, 6, 10, 10, 200)), "image/jpeg"), "label") == "blue");
  CHECK(door.refused("colour", "no picture", "image/png").find("request body") != std::string::npos);

  Sound sound{8000, std::vector<float>(800, 0.5f)};
  CHECK(get_bool(door.ask("loud", encode_wav(sound), "audio/wav"), "alarm"));
  sound.samples.resize(400);
  auto shorter = door.ask("loud", encode_wav(sound), "audio/wav");
  CHECK(get_number(shorter, "score") == doctest::Approx(0.25).epsilon(0.01));
  CHECK(shorter.at("notes").as_array().size() == 1);
  CHECK(door.refused("loud", "RIFF", "audio/wav").find("request body") != std::string::npos);

  auto series = door.ask("last", "heat,flow\n100,100\n1,2\n3,4\n", "text/csv");
  CHECK(get_number(series, "value") == 2.5);
  CHECK(get_string(series, "unit") == "bar");
  CHECK(door.refused("last", "heat\n1\n", "text/csv").find("no column \"flow\"") != std::string::npos);
}

TEST_CASE("the friendly door takes rows as JSON and CSV, one or many") {
  Door door;
  CHECK(get_number(door.ask("price", R"({"kind":"new","size":4})", "application/json"), "value") == 8);
  CHECK(get_number(door.ask("price", "kind,size,more\n\"old\",4,x\n", "text/csv"), "value") == 8);
  auto many = door.ask("price", R"([{"kind":"new","size":4},{"kind":"old","size":"5"}])", "application/json");
  CHECK(get_number(many.as_array().at(0), "value") == 8);
  CHECK(get_number(many.as_array().at(1), "value") == 10);
  CHECK(door.ask("price", "size,kind\n1,new\n2,new\n3,new\n", "text/csv").as_array().size() == 3);
  auto plain = door.post("/endpoints/price/predict", R"({"size":[1,2],"kind":["new","old"]})",
                         {{"Content-Type", "application/json"}});
  CHECK(plain.status == 400);  // inputs are [rows, 1]
  plain = door.post("/endpoints/price/predict", R"({"size":[[1],[2]],"kind":[["new"],["old"]]})",
                    {{"Content-Type", "application/json"}});
  CHECK(plain.body == R"({"model":"price","version":"1","outputs":{"value":[2.0,4.0],"seen":["new","old"]}})");

  CHECK(door.refused("price", R"({"kind":"new"})", "application/json").find("is no number") != std::string::npos);
  CHECK(door.refused("price", R"({"kind":"new","size":"many"})", "application/json") ==
        "request body: row 1: column \"size\": \"many\" is no number");
  CHECK(door.refused("price", "kind\nnew\n", "text/csv").find("has no column \"size\"") != std::string::npos);
  CHECK(door.refused("price", "kind,size\nnew\n", "text/csv") == "request body: row 1: 1 cells, the header names 2");
  CHECK(door.refused("price", "kind,size\n", "text/csv") == "request body: there is no row");
  CHECK(door.refused("price", "[1]", "application/json") == "request body: row 1 is no JSON object");
  CHECK(door.refused("price", "{", "application/json").find("request body") == 0);
}

}  // namespace gyre::testing
