#include <cstdlib>

#include "base/file.hpp"
#include "tests/fuzz.hpp"
#include "track/mlflow.hpp"
#include "track/registry.hpp"

namespace {

struct Place {
  gyre::TemporaryFolder folder;
  gyre::Workspace workspace{gyre::Workspace::init(folder.path())};
  gyre::RouteTable routes;
  Place() {
    routes.mount(gyre::mlflow_routes(workspace), gyre::mlflow_error);
    gyre::create_run(workspace, {.id = "r"});  // what the seeds name
    gyre::create_model(workspace, "m", "", "fuzz");
  }
};

}  // namespace

// The first byte chooses a route, the rest is its body: an answer below 500, or 501, whatever the bytes are.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Place place;
  static constexpr const char* paths[] = {"runs/create",           "runs/log-metric",
                                          "runs/log-batch",        "runs/set-tag",
                                          "runs/search",           "runs/update",
                                          "runs/log-inputs",       "runs/outputs",
                                          "runs/log-model",        "logged-models",
                                          "logged-models/search",  "experiments/create",
                                          "experiments/search",    "registered-models/create",
                                          "model-versions/create", "experiments/search-datasets"};
  if (size == 0) return 0;
  gyre::Request request{.method = "POST",
                        .path = std::string("/api/2.0/mlflow/") + paths[data[0] % std::size(paths)],
                        .body = std::string(reinterpret_cast<const char*>(data) + 1, size - 1)};
  auto response = place.routes.handle(request);
  if (response.status >= 500 && response.status != 501) std::abort();
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  return {std::string(1, '\0') +
              R"({"experiment_id":"0","run_name":"a","start_time":"5","tags":[{"key":"a","value":"b"}]})",
          "\x01"
          R"({"run_id":"r","key":"m","value":"NaN","timestamp":1,"step":-1})",
          "\x02"
          R"({"run_id":"r","metrics":[{"key":"a","value":1e308,"timestamp":1}],"params":[{"key":"p","value":""}]})",
          "\x04"
          R"({"experiment_ids":["0"],"filter":"metrics.a > 1","order_by":["metrics.a DESC"],"max_results":5})",
          "\x06"
          R"({"run_id":"r","datasets":[{"tags":[],"dataset":{"name":"a","digest":"b","source":"{}"}}]})",
          "\x0a"
          R"({"experiment_ids":["0"],"datasets":[{"dataset_name":"d"}],"order_by":[{"field_name":"metrics.a"}]})",
          "\x0e"
          R"({"name":"m","source":"models:/m/1","run_id":"r","tags":[{"key":"k","value":"v"}]})"};
}
