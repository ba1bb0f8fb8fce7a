#pragma once
// For the tests of tracking: a workspace with its routes, asked without a server.
#include <doctest/doctest.h>

#include "base/error.hpp"
#include "base/file.hpp"
#include "track/mlflow.hpp"
#include "track/registry_routes.hpp"

namespace gyre::testing {

struct Place {
  TemporaryFolder folder;
  Workspace workspace{Workspace::init(folder.path())};
  RouteTable routes;
  Place() {
    routes.mount(mlflow_routes(workspace), mlflow_error);
    routes.mount(registry_routes(workspace, {}));
    routes.mount(run_routes(workspace));
  }
  using Query = std::multimap<std::string, std::string, std::less<>>;
  Response ask(const std::string& method, const std::string& path, const json::value& body = nullptr,
               Query query = {}) {
    Request request{.method = method, .path = path, .query = std::move(query)};
    if (!body.is_null()) request.body = json::serialize(body);
    return routes.handle(request);
  }
  json::value good(const std::string& method, const std::string& path, const json::value& body = nullptr,
                   Query query = {}) {
    auto response = ask(method, path, body, std::move(query));
    INFO(path, " ", response.body);
    REQUIRE(response.status == 200);
    return parse_json(response.body, "answer");
  }
  json::value mlflow(const std::string& path, const json::value& body) {
    return good("POST", "/api/2.0/mlflow" + path, body);
  }
  std::string new_run(const std::string& name = "") {
    auto run = mlflow("/runs/create", {{"experiment_id", "0"}, {"run_name", name}, {"start_time", 1000}});
    return get_string(run.at("run").at("info"), "run_id");
  }
  std::size_t count(const std::string& table) {
    return static_cast<std::size_t>(get_int(*workspace.rows().one("SELECT count(*) AS n FROM " + table), "n"));
  }
  json::value run(const std::string& id) {
    return good("GET", "/api/2.0/mlflow/runs/get", nullptr, {{"run_id", id}}).at("run");
  }
};

inline std::string error_of(const Response& response) {
  return std::string(parse_json(response.body, "answer").at("error_code").as_string());
}

}  // namespace gyre::testing
