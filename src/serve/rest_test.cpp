#include <malloc.h>
#include <sys/resource.h>

#include <cstring>
#include <fstream>
#include <thread>

#include "base/gzip.hpp"
#include "serve/testing.hpp"
#include "server/testing.hpp"

namespace gyre::testing {

static constexpr std::string_view infer = "/v2/models/double/infer";

static std::string ask(std::string_view data, std::string_view shape = "[1,3]", std::string_view type = "FP32") {
  return "{\"inputs\":[{\"name\":\"x\",\"shape\":" + std::string(shape) + ",\"datatype\":\"" + std::string(type) +
         "\",\"data\":" + std::string(data) + "}]}";
}

TEST_CASE("serve: an inference over JSON") {
  ServiceSite site;
  auto answer = site.post(infer, ask("[1, 2.5, -3e2]"));
  CHECK(answer.status == 200);
  CHECK(
      answer.body ==
      R"({"model_name":"double","model_version":"1","outputs":[{"name":"y","datatype":"FP32","shape":[1,3],"data":[2.0,5.0,-600.0]}]})");
  CHECK(site.post("/v2/models/double/versions/1/infer", ask("[[1, 2, 3]]")).body ==
        site.post(infer, ask("[1,2,3]")).body);
  // What data means may be said behind it.
  CHECK(
      site.post(infer, R"({"id":"a\"b","inputs":[{"data":[1,2,3],"datatype":"FP32","shape":[1,3],"name":"x"}]})")
          .body ==
      R"({"model_name":"double","model_version":"1","id":"a\"b","outputs":[{"name":"y","datatype":"FP32","shape":[1,3],"data":[2.0,4.0,6.0]}]})");
  auto odd = site.post(infer, ask("[NaN, Infinity, -Infinity]"));
  CHECK(odd.body.find("\"data\":[NaN,Infinity,-Infinity]") != std::string::npos);
  auto texts = site.post(
      "/v2/models/echo/infer",
      R"({"inputs":[{"name":"number","shape":[1,2],"datatype":"INT64","data":[9007199254740993,-1]},{"name":"text","shape":[1,1],"datatype":"BYTES","data":["h\u00e9 \ud83d\ude00\n"]}],"outputs":[{"name":"text_out"},{"name":"number_out"}]})");
  CHECK(texts.body.find("\"data\":[\"h\u00e9 \U0001F600\\u000a\"]") != std::string::npos);
  CHECK(texts.body.find("\"data\":[9007199254740993,-1]") != std::string::npos);
}

TEST_CASE("serve: what a request gets wrong is named") {
  ServiceSite site;
  CHECK(site.error_of("/v2/models/none/infer", ask("[1,2,3]"), 404) == "there is no model none");
  CHECK(site.error_of("/v2/models/double/versions/7/infer", ask("[1,2,3]"), 404) ==
        "model double has no version 7 that is served");
  CHECK(site.error_of(infer, ask("[1,2]")) == "input \"x\": its data has 2 values, its shape [1, 3] 3");
  CHECK(site.error_of(infer, ask("[1,2,3,4]", "[1,4]")) ==
        "model double: input \"x\" takes the shape [any, 3], not [1, 4]");
  CHECK(site.error_of(infer, ask("[1,2,3]", "[1,3]", "INT32")) == "model double: input \"x\" takes FP32, not INT32");
  CHECK(site.error_of(infer, ask("[1,2,\"3\"]")).find("expected a number, found") != std::string::npos);
  CHECK(site.error_of(infer, ask("[1,2,3]", "[1,-3]")) == "a tensor cannot have the shape [1, any]");
  CHECK(site.error_of(infer, ask("[1,2,3]", "[4294967296,4294967296]")).find("cannot have the shape") !=
        std::string::npos);
  CHECK(site.error_of(infer, ask("[1,2,3]", "[1000000000,3]")).find("fewer values than its shape") !=
        std::string::npos);
  CHECK(site.error_of(infer, ask("[1,2,3]", "[1,3]", "FP99")) == "input \"x\": there is no datatype FP99");
  CHECK(site.error_of(infer, R"({"inputs":[]})") == "model double takes 1 inputs, not 0");
  CHECK(site.error_of(infer, "{}") == "the request has no inputs");
  CHECK(site.error_of(infer, "").find("at byte 0: expected \"{\"") != std::string::npos);
  CHECK(site.error_of(infer, ask("[1,2,3]") + "x").find("expected nothing more") != std::string::npos);
  CHECK(site.error_of(infer, ask(std::string(100000, '['))).find("less nesting") != std::string::npos);
  CHECK(site.error_of("/v2/nothing", "", 404) == "there is nothing at POST /v2/nothing");
}

TEST_CASE("serve: the binary extension") {
  ServiceSite site;
  float values[] = {1, 2, 3};
  std::string tensor(reinterpret_cast<const char*>(values), sizeof values);
  auto send = [&](std::string json, const std::string& bytes) {
    Headers headers{{"Inference-Header-Content-Length", std::to_string(json.size())}};
    return site.post(infer, json + bytes, headers);
  };
  std::string head =
      R"({"parameters":{"binary_data_output":true},"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","parameters":{"binary_data_size":12}}]})";
  // Once for each place that the JSON's length can give the tensor.
  for (int i = 0; i < 4; i++, head += ' ') {
    auto answer = send(head, tensor);
    CHECK(answer.status == 200);
    auto json = static_cast<std::size_t>(std::stoul(answer.headers.at("Inference-Header-Content-Length")));
    CHECK(answer.body.size() == json + 12);
    float doubled[3];
    std::memcpy(doubled, answer.body.data() + json, sizeof doubled);
    CHECK(doubled[2] == 6);
  }
  CHECK(send(head, tensor.substr(1)).body.find("only 11 bytes are left") != std::string::npos);
  CHECK(send(head, tensor + "z").body.find("1 bytes of the body belong to no input") != std::string::npos);
  auto raw = site.post(infer, tensor, {{"Inference-Header-Content-Length", "0"}});
  CHECK(raw.status == 200);
  auto beyond = site.post(infer, "{}", {{"Inference-Header-Content-Length", "9"}});
  CHECK(beyond.status == 400);
}

TEST_CASE("serve: compressed requests and answers; a bomb is refused") {
  ServiceSite site;
  std::string many = "[0";
  for (int i = 1; i < 300; i++) many += "," + std::to_string(i);
  auto answer =
      site.post(infer, gzip(ask(many + "]", "[100,3]")), {{"Content-Encoding", "gzip"}, {"Accept-Encoding", "gzip"}});
  CHECK(answer.status == 200);
  CHECK(answer.headers.at("Content-Encoding") == "gzip");
  CHECK(gunzip(answer.body, 1 << 20, "answer").find(",598.0]") != std::string::npos);
  site.service.body_limit = 1 << 20;
  auto bomb = site.post(infer, gzip(std::string(2 << 20, ' ')), {{"Content-Encoding", "gzip"}});
  CHECK(bomb.status >= 400);
  CHECK(site.post(infer, "no gzip", {{"Content-Encoding", "gzip"}}).status == 400);
  CHECK(site.post(infer, "x", {{"Content-Encoding", "br"}}).status == 501);
}

TEST_CASE("serve: models come and go under load, and no request notices") {
  ServiceSite site;
  std::atomic<bool> ending = false;
  std::atomic<int> answered = 0, failed = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; i++)
    clients.emplace_back([&] {
      while (!ending) {
        auto answer = site.post(infer, ask("[1,2,3]"));
        (answer.status == 200 && answer.body.find("[2.0,4.0,6.0]") != std::string::npos ? answered : failed)++;
      }
    });
  for (int i = 0; i < 30; i++) CHECK(site.post("/v2/repository/models/double/load", "").status == 200);
  ending = true;
  for (auto& client : clients) client.join();
  CHECK(answered > 30);
  CHECK(failed == 0);
  site.known["double"] = files_of("no model");
  CHECK(site.post("/v2/repository/models/double/load", "").status == 400);
  CHECK(site.post(infer, ask("[1,2,3]")).status == 200);  // the old one stays
  CHECK(site.post("/v2/repository/models/double/unload", "").status == 200);
  CHECK(site.error_of(infer, ask("[1,2,3]"), 404) == "model double is not ready: unloaded");
  auto index = site.post("/v2/repository/index", "");
  CHECK(
      index.body ==
      R"([{"name":"double","state":"UNAVAILABLE","reason":"unloaded"},{"name":"echo","version":"1","state":"READY"}])");
}

TEST_CASE("serve: which models are batched is found out") {
  ServiceSite site;
  site.known["entangled"] = files_of(entangled_model());
  site.repository.load("entangled");
  CHECK(site.repository.get("double", "")->config().max_batch == 64);
  CHECK(site.repository.get("entangled", "")->config().max_batch == 0);
}

TEST_CASE("serve: statistics count rows, requests and runs") {
  ServiceSite site;
  site.post(infer, ask("[1,2,3,4,5,6]", "[2,3]"));
  site.post(infer, ask("[1,2,3]"));
  site.post(infer, ask("[1,2]"));
  auto stats = parse_json(site.get("/v2/models/double/stats").body, "stats").at("model_stats").at(0);
  CHECK(stats.at("inference_count").to_number<int>() == 3);
  CHECK(stats.at("execution_count").to_number<int>() == 2);
  CHECK(stats.at("inference_stats").at("success").at("count").to_number<int>() == 2);
  CHECK(stats.at("inference_stats").at("queue").at("count").to_number<int>() == 2);
  CHECK(stats.at("version").as_string() == "1");
  CHECK(site.get("/metrics").body.find("nv_inference_count{model=\"double\",version=\"1\"} 3\n") != std::string::npos);
}

TEST_CASE("serve: the response cache answers what it has seen, byte for byte") {
  ServiceSite site;
  site.known["cached"] = files_of(doubling_model(), {{"response_cache", {{"enable", true}}}});
  site.repository.load("cached");
  auto first = site.post("/v2/models/cached/infer", ask("[1,2,3]")).body;
  CHECK(site.post("/v2/models/cached/infer", ask("[1,2,3]")).body == first);
  CHECK(site.post("/v2/models/cached/infer", ask("[1,2,4]")).body.find("[2.0,4.0,8.0]") != std::string::npos);
  auto counts = site.repository.get("cached", "")->statistics().total();
  CHECK(counts.cache_hit.count == 1);
  CHECK(counts.cache_miss.count == 2);
  CHECK(counts.success.count == 3);
  CHECK(counts.rows == 2);
}

TEST_CASE("serve: a model that needs a resource waits for it") {
  ServiceSite site;
  json::value limited = {
      {"instance_group",
       json::array{{{"count", 4}, {"rate_limiter", {{"resources", json::array{{{"name", "R"}, {"count", 2}}}}}}}}}};
  site.repository.resources().set("R", 2);
  site.known["limited"] = files_of(doubling_model(), limited);
  site.repository.load("limited");
  {
    ResourceNeeds all{{"R", 2}};
    std::optional<Resources::Held> held(std::in_place, site.repository.resources(), all);
    auto waiting =
        std::async(std::launch::async, [&] { return site.post("/v2/models/limited/infer", ask("[1,2,3]")).status; });
    CHECK(waiting.wait_for(std::chrono::milliseconds(100)) == std::future_status::timeout);
    CHECK(site.repository.get("limited", "")->pending() == 1);
    held.reset();
    CHECK(waiting.get() == 200);
  }
  CHECK(site.post("/v2/models/limited/infer", ask("[1,2,3]")).status == 200);
  site.repository.resources().set("R", 1);
  CHECK(site.post("/v2/repository/models/limited/load", "").status == 400);
}

TEST_CASE("serve: a fixed batch is formed of requests that wait") {
  ServiceSite site;
  site.known["fixed"] =
      files_of(doubling_model(),
               {{"max_batch_size", 4},
                {"instance_group", json::array{{{"count", 1}}}},
                {"dynamic_batching", {{"preferred_batch_size", {4}}, {"max_queue_delay_microseconds", 2000000}}}});
  site.repository.load("fixed");
  std::vector<std::future<int>> clients;
  for (int i = 0; i < 4; i++)
    clients.push_back(
        std::async(std::launch::async, [&] { return site.post("/v2/models/fixed/infer", ask("[1,2,3]")).status; }));
  for (auto& client : clients) CHECK(client.get() == 200);
  auto counts = site.repository.get("fixed", "")->statistics().total();
  CHECK(counts.executions == 1);
  CHECK(counts.rows == 4);
  CHECK(
      site.error_of("/v2/models/fixed/infer", ask("[1,2,3,1,2,3,1,2,3,1,2,3,1,2,3]", "[5,3]")).find("at most 4 rows") !=
      std::string::npos);
}

#ifndef __SANITIZE_ADDRESS__  // it keeps what is freed for a while
TEST_CASE("serve: what is unloaded gives its memory back") {
  ServiceSite site;
  site.known["large"] = files_of(doubling_model(4));
  auto resident = [] {
    ::malloc_trim(0);  // what the allocator keeps for later, of other tests too, is no leak
    std::ifstream file("/proc/self/statm");
    double all = 0, pages = 0;
    file >> all >> pages;
    return pages * 4096 / 1e6;
  };
  double before = 0;
  for (int i = 0; i < 300; i++) {
    if (i == 50) before = resident();
    site.repository.load("large");
    site.repository.unload("large");
  }
  CHECK(resident() - before < 5);
}
#endif

TEST_CASE("serve: clients that misbehave") {
  ServiceSite site({.threads = 1,
                    .body_limit = 1 << 20,
                    .header_limit = 4096,
                    .idle_seconds = 5,
                    .header_seconds = 0.3,
                    .piece_seconds = 0.3});
  auto told = [&](std::string_view bytes) { return RawClient(site.port).send(bytes).receive_all(); };
  CHECK(told("GET /v2/health/live HTTP/1.1\r\nA: " + std::string(5000, 'a')).starts_with("HTTP/1.1 431"));
  CHECK(
      told("POST /v2/models/double/infer HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n").starts_with("HTTP/1.1 413"));
  CHECK(told("POST /v2/models/double/infer HTTP/1.1\r\nContent-Length: -1\r\n\r\n").starts_with("HTTP/1.1 400"));
  CHECK(
      told("POST /x HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n").starts_with("HTTP/1.1 400"));
  CHECK(told("nonsense\r\n\r\n").starts_with("HTTP/1.1 400"));
  CHECK(told("GET /v2 HTTP/1.1\r\n").starts_with("HTTP/1.1 408"));  // half a head
  CHECK(told("POST /v2/models/double/infer HTTP/1.1\r\nContent-Length: 9\r\n\r\n{")
            .starts_with("HTTP/1.1 408"));  // half a body
  std::string body = ask("[1,2,3]");
  std::string chunked =
      "POST /v2/models/double/infer HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
  for (char c : body) chunked += "1\r\n" + std::string(1, c) + "\r\n";
  CHECK(told(chunked + "0\r\n\r\n").find("[2.0,4.0,6.0]") != std::string::npos);
  CHECK(told(chunked + "fffffff\r\n").starts_with("HTTP/1.1 413"));
  // Two requests at once are answered in their order.
  std::string two = "GET /v2/health/live HTTP/1.1\r\n\r\nGET /v2/models/none HTTP/1.1\r\nConnection: close\r\n\r\n";
  auto both = told(two);
  CHECK(both.find("{\"live\":true}") < both.find("there is no model none"));
}

TEST_CASE("serve: ten thousand idle clients cost little and disturb nobody") {
  ServiceSite site;
  std::vector<std::unique_ptr<RawClient>> clients;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  std::size_t many = std::min<std::size_t>(10000, limit.rlim_cur / 2 - 200);
  for (std::size_t i = 0; i < many; i++) clients.push_back(std::make_unique<RawClient>(site.port));
  for (auto& client : clients) client->send("GET /v2/health/live HTTP/1.1\r\n\r\n");
  CHECK(clients.back()->receive_until("{\"live\":true}").find("200 OK") != std::string::npos);
  CHECK(site.post(infer, ask("[1,2,3]")).status == 200);
}

}  // namespace gyre::testing
