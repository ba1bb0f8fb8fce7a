// Cases of Triton's own tests, by meaning: priority, queue policy, warm-up, lifecycle, cache, metrics, NaN.
#include <cmath>
#include <cstring>
#include <limits>
#include <thread>

#include "base/hash.hpp"
#include "serve/testing.hpp"

namespace gyre::testing {

static json::object row(std::string_view data = "[1,2,3]") {
  return {{"inputs",
           json::array{{{"name", "x"}, {"shape", {1, 3}}, {"datatype", "FP32"}, {"data", parse_json(data, "data")}}}}};
}

// A model that runs one request at a time, and none while the test holds the resource "gate".
struct GatedSite : ServiceSite {
  static inline const ResourceNeeds all{{"gate", 1}};
  std::optional<Resources::Held> held;

  explicit GatedSite(json::object batching) {
    repository.resources().set("gate", 1);
    json::object resources{{"resources", json::array{{{"name", "gate"}, {"count", 1}}}}};
    json::object config{{"max_batch_size", 1},
                        {"instance_group", json::array{{{"count", 1}, {"rate_limiter", std::move(resources)}}}},
                        {"dynamic_batching", std::move(batching)}};
    known["gated"] = files_of(doubling_model(), std::move(config));
    repository.load("gated");
    close();
  }
  void close() { held.emplace(repository.resources(), all); }
  void open() { held.reset(); }
  std::future<Response> ask(json::object parameters = {}) {
    auto body = row();
    body["parameters"] = std::move(parameters);
    return std::async(std::launch::async,
                      [this, text = json::serialize(body)] { return post("/v2/models/gated/infer", text); });
  }
  void wait_for_pending(std::size_t count) {
    for (int i = 0; i < 1000 && repository.get("gated", "")->pending() != count; i++)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    REQUIRE(repository.get("gated", "")->pending() == count);
  }
};

TEST_CASE("policies: the higher priority is run first, in order of arrival within a level") {
  GatedSite site({{"priority_levels", 3}, {"default_priority_level", 2}});
  auto model = site.repository.get("gated", "");
  std::vector<std::string> order;
  std::mutex mutex;
  std::vector<float> values{1, 2, 3};
  auto submit = [&](const std::string& id, std::uint64_t priority) {
    auto task = std::make_shared<InferTask>();
    auto& input = task->request.inputs.emplace_back();
    input.name = "x";
    input.shape = {1, 3};
    input.bytes = std::as_bytes(std::span(values));
    task->request.model = "gated";
    task->request.priority = priority;
    task->model = model;
    task->done = [&, id](const TaskPointer& finished) {
      std::lock_guard lock(mutex);
      order.push_back(finished->error ? "error" : id);
    };
    model->infer(task);
  };
  submit("first", 0);  // taken by the instance, which waits for the gate
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  for (auto [id, priority] : {std::pair("low", 3), {"usual", 0}, {"high", 1}, {"usual too", 2}, {"high too", 1}})
    submit(id, static_cast<std::uint64_t>(priority));
  site.open();
  site.wait_for_pending(0);
  std::lock_guard lock(mutex);
  CHECK(order == std::vector<std::string>{"first", "high", "high too", "usual", "usual too", "low"});
}

TEST_CASE("policies: a full queue refuses at once; metrics tell why") {
  GatedSite site({{"default_queue_policy", {{"max_queue_size", 2}}}});
  std::vector<std::future<Response>> waiting;
  for (std::size_t i = 1; i <= 3; i++) {
    waiting.push_back(site.ask());
    site.wait_for_pending(i);
    std::this_thread::sleep_for(std::chrono::milliseconds(i == 1 ? 50 : 0));  // the instance takes the first
  }
  auto refused = site.ask().get();
  CHECK(refused.status == 503);
  CHECK(refused.body == R"({"error":"the queue of model gated is full: 2 requests wait"})");
  auto metrics = site.get("/metrics").body;
  CHECK(metrics.find("nv_inference_pending_request_count{model=\"gated\",version=\"1\"} 3\n") != std::string::npos);
  site.open();
  for (auto& one : waiting) CHECK(one.get().status == 200);
  site.post("/v2/models/gated/infer", R"({"inputs":[]})");
  metrics = site.get("/metrics").body;
  auto told = [&](const std::string& line) { return metrics.find(line + "\n") != std::string::npos; };
  CHECK(told("nv_inference_request_failure{model=\"gated\",version=\"1\",reason=\"REJECTED\"} 1"));
  CHECK(told("nv_inference_request_failure{model=\"gated\",version=\"1\",reason=\"OTHER\"} 1"));
  CHECK(told("nv_inference_request_success{model=\"gated\",version=\"1\"} 3"));
  CHECK(told("gyre_inference_request_seconds_count{model=\"gated\",version=\"1\"} 3"));
}

TEST_CASE("policies: what waits longer than its timeout is refused, or answered after the others") {
  for (bool delays : {false, true}) {
    GatedSite site({{"default_queue_policy",
                     {{"timeout_action", delays ? "DELAY" : "REJECT"},
                      {"default_timeout_microseconds", 10'000'000},
                      {"allow_timeout_override", true}}}});
    auto first = site.ask();
    site.wait_for_pending(1);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    auto hasty = site.ask({{"timeout", 20'000}});
    site.wait_for_pending(2);
    auto patient = site.ask();
    site.wait_for_pending(3);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    site.open();
    CHECK(first.get().status == 200);
    CHECK(patient.get().status == 200);
    auto answer = hasty.get();
    CHECK(answer.status == (delays ? 200 : 503));
    if (!delays) CHECK(answer.body.find("waited longer than its timeout") != std::string::npos);
  }
}

TEST_CASE("policies: warm-up samples run before a model answers; one that cannot run keeps the old model") {
  ServiceSite site;
  auto config = [](json::array dims, std::string_view kind) {
    json::object input{{"data_type", "TYPE_FP32"}, {"dims", std::move(dims)}, {std::string(kind), true}};
    json::object sample{{"name", "usual"}, {"batch_size", 2}, {"count", 3}, {"inputs", {{"x", std::move(input)}}}};
    return json::object{{"model_warmup", json::array{std::move(sample)}}};
  };
  GraphBuilder graph("free");
  auto x = graph.input("x", DataType::f32, {-1, -1});
  auto weight = graph.constant(Tensor::floats({3, 1}, std::vector<float>{1, 1, 1}));
  graph.output(graph.node("MatMul", {x, weight}), "y", DataType::f32, {-1, 1});
  auto bytes = graph.finish();
  site.known["warm"] = files_of(bytes, config({3}, "random_data"));
  site.repository.load("warm");
  CHECK(site.repository.get("warm", "")->statistics().total().executions == 0);  // no client asked
  auto before = site.repository.get("warm", "");
  site.known["warm"] = files_of(bytes, config({4}, "zero_data"));  // the model cannot take it
  CHECK(site.error_of("/v2/repository/models/warm/load", "").find("warm-up sample \"usual\"") != std::string::npos);
  CHECK(site.repository.get("warm", "") == before);
}

TEST_CASE("policies: the life of a model, as its index tells it") {
  ServiceSite site;
  auto state = [&](std::string_view name) -> json::object {
    auto rows = parse_json(site.post("/v2/repository/index", "").body, "index");
    for (auto& one : rows.as_array())
      if (one.at("name").as_string() == name) return one.as_object();
    return {};
  };
  site.known["later"] = files_of("no model");
  CHECK(state("later").at("reason").as_string() == "not loaded");
  CHECK(site.get("/v2/models/later/ready").status == 400);
  CHECK(site.post("/v2/repository/models/later/load", "").status == 400);
  CHECK(state("later").at("state").as_string() == "UNAVAILABLE");
  CHECK(state("later").at("reason").as_string() != "not loaded");  // but what was wrong
  site.known["later"] = files_of(doubling_model());
  CHECK(site.post("/v2/repository/models/later/load", "").status == 200);
  CHECK(state("later").at("state").as_string() == "READY");
  CHECK(site.get("/v2/models/later/ready").status == 200);
  CHECK(site.post("/v2/repository/models/later/unload", R"({"parameters":{"unload_dependents":true}})").status == 200);
  CHECK(state("later").at("reason").as_string() == "unloaded");
  CHECK(site.get("/v2/models/later").status == 404);
  CHECK(site.error_of("/v2/repository/models/none/unload", "").find("none") != std::string::npos);
  auto ready = parse_json(site.post("/v2/repository/index", R"({"ready":true})").body, "index");
  CHECK(ready.as_array().size() == 2);
  // What a load request brings is served without lying anywhere, with its configuration.
  json::object parameters{{"config", R"({"max_batch_size":7})"}, {"file:4/model.onnx", base64(doubling_model())}};
  auto loaded =
      site.post("/v2/repository/models/double/load", json::serialize(json::object{{"parameters", parameters}}));
  CHECK(loaded.status == 200);
  CHECK(parse_json(site.get("/v2/models/double").body, "model").at("versions") == json::array{"4"});
  CHECK(parse_json(site.get("/v2/models/double/config").body, "config").at("max_batch_size").to_number<int>() == 7);
}

TEST_CASE("policies: the cache forgets with its model, keeps no failures, and knows what was asked for") {
  ServiceSite site;
  json::object cache{{"response_cache", {{"enable", true}}}};
  site.known["cached"] = files_of(doubling_model(), cache);
  site.repository.load("cached");
  auto ask = [&](std::string_view data) { return site.post("/v2/models/cached/infer", json::serialize(row(data))); };
  auto hits = [&] { return site.repository.get("cached", "")->statistics().total().cache_hit.count; };
  auto first = ask("[1,2,3]");
  CHECK(ask("[1,2,3]").body == first.body);
  CHECK(hits() == 1);
  CHECK(ask("[1,2]").status == 400);
  CHECK(ask("[1,2]").status == 400);
  CHECK(hits() == 1);
  auto named = row();
  named["id"] = "mine";
  CHECK(site.post("/v2/models/cached/infer", json::serialize(named)).body.find("\"id\":\"mine\"") != std::string::npos);
  CHECK(hits() == 2);  // the id is the asker's, the answer is not
  GraphBuilder graph("tripling");
  auto x = graph.input("x", DataType::f32, {-1, 3});
  graph.output(graph.node("Mul", {x, graph.constant(3.0F)}), "y", DataType::f32, {-1, 3});
  site.known["cached"] = files_of(graph.finish(), cache);
  site.repository.load("cached");
  CHECK(ask("[1,2,3]").body.find("[3.0,6.0,9.0]") != std::string::npos);
  CHECK(hits() == 0);
}

TEST_CASE("policies: NaN and infinity go through JSON and bytes as they are") {
  ServiceSite site;
  auto body = R"({"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[NaN,Infinity,-Infinity]}]})";
  CHECK(site.post("/v2/models/double/infer", body).body.find("\"data\":[NaN,Infinity,-Infinity]") != std::string::npos);
  constexpr float infinity = std::numeric_limits<float>::infinity();
  float values[] = {std::nanf("7"), infinity, -infinity};
  std::string bytes(reinterpret_cast<const char*>(values), sizeof values);
  auto answer = site.post("/v2/models/double/infer", bytes, {{"Inference-Header-Content-Length", "0"}});
  auto head = static_cast<std::size_t>(std::stoul(answer.headers.at("Inference-Header-Content-Length")));
  float doubled[3];
  REQUIRE(answer.body.size() == head + sizeof doubled);
  std::memcpy(doubled, answer.body.data() + head, sizeof doubled);
  CHECK(std::isnan(doubled[0]));
  CHECK(doubled[1] == infinity);
  CHECK(doubled[2] == -infinity);
  CHECK(site.error_of("/v2/models/double/infer",
                      R"({"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[nan,1,2]}]})")
            .find("expected") != std::string::npos);
}

}  // namespace gyre::testing
