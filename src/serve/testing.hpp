#pragma once
// For the tests: models whose answers can be worked out by hand, and a service over them.
#include <doctest/doctest.h>

#include <future>

#include "base/http_client.hpp"
#include "model/graph.hpp"
#include "serve/rest.hpp"

namespace gyre::testing {

// y = 2 x, rows of `width`.
inline std::string doubling_model(std::int64_t width = 3) {
  GraphBuilder graph("doubling");
  auto x = graph.input("x", DataType::f32, {-1, width});
  graph.output(graph.node("Add", {x, x}), "y", DataType::f32, {-1, width});
  return graph.finish();
}

// y = x minus the mean of all rows: rows depend on each other, whatever the shapes say.
inline std::string entangled_model() {
  GraphBuilder graph("entangled");
  auto x = graph.input("x", DataType::f32, {-1, 3});
  auto mean = graph.node("ReduceMean", {x}, {{"axes", std::vector<std::int64_t>{0}}, {"keepdims", std::int64_t{1}}});
  graph.output(graph.node("Sub", {x, mean}), "y", DataType::f32, {-1, 3});
  return graph.finish();
}

// Texts and whole numbers as they came.
inline std::string echo_model() {
  GraphBuilder graph("echo");
  graph.output(graph.node("Identity", {graph.input("text", DataType::text, {-1, 1})}), "text_out", DataType::text,
               {-1, 1});
  graph.output(graph.node("Identity", {graph.input("number", DataType::i64, {-1, 2})}), "number_out", DataType::i64,
               {-1, 2});
  return graph.finish();
}

inline ModelFiles files_of(std::string bytes, json::value config = json::object{}) {
  ModelFiles files;
  files.versions[1].bytes = std::move(bytes);
  files.config = std::move(config);
  return files;
}

struct ServiceSite {
  Front front;
  SharedMemory shared_memory;
  std::map<std::string, ModelFiles> known{{"double", files_of(doubling_model())}, {"echo", files_of(echo_model())}};
  Repository repository;
  Worker worker, decoders;
  Endpoints endpoints{{}};
  Service service{repository, shared_memory, worker, decoders, endpoints};
  int port = 0;

  explicit ServiceSite(FrontOptions options = {.threads = 2})
      : front(options),
        repository(
            [this](const std::string& name) {
              auto found = known.find(name);
              return found == known.end() ? std::nullopt : std::optional(found->second);
            },
            [this] {
              std::vector<std::string> names;
              for (auto& [name, files] : known) names.push_back(name);
              return names;
            }) {
    service.log.change({{"log_info", false}, {"log_error", false}});
    port = front.listen("127.0.0.1", 0, rest_handler(service));
    repository.load("double");
    repository.load("echo");
  }
  ~ServiceSite() { front.stop(1); }
  std::string url(std::string_view path) const {
    return "http://127.0.0.1:" + std::to_string(port) + std::string(path);
  }
  Response get(std::string_view path) const { return http_request("GET", url(path)); }
  Response post(std::string_view path, std::string_view body, const Headers& headers = {}) const {
    return http_request("POST", url(path), body, headers);
  }
  std::string error_of(std::string_view path, std::string_view body, int status = 400) const {
    auto answer = post(path, body);
    CHECK(answer.status == status);
    return get_string(parse_json(answer.body, "answer"), "error");
  }
};

}  // namespace gyre::testing
