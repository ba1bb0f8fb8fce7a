#include "base/error.hpp"
#include "track/mlflow.hpp"

namespace gyre {

static Response refuse(Request& request) {
  throw Error(Code::unsupported, "Not implemented: " + request.method + " " + request.path,
              "docs/mlflow.md lists what is spoken");
}

// What is under MLflow's prefixes and has no route of its own: traces, prompts, gateway, scorers, webhooks and others.
std::vector<Route> mlflow_absent_routes() {
  std::vector<Route> all{
      quick({"GET", "/version", "The MLflow version whose API is spoken",
             [](Request&) { return Response{.content_type = "text/plain", .body = "3.17.2"}; }}),
      quick({"GET", "/health", "Whether the server answers, as MLflow's says it",
             [](Request&) { return Response{.content_type = "text/plain", .body = "OK"}; }}),
  };
  for (std::string prefix : {"/api/3.0/mlflow", "/ajax-api/3.0/mlflow"})
    all.push_back({"GET", prefix + "/server-info", "What this server is able to", [](Request&) {
                     return json_response({{"store_type", "SqlStore"},
                                           {"workspaces_enabled", false},
                                           {"trace_archival_enabled", false},
                                           {"multipart_uploads_enabled", false},
                                           {"multipart_downloads_enabled", false}});
                   }});
  for (std::string prefix : {"/api/2.0/mlflow", "/ajax-api/2.0/mlflow", "/api/3.0/mlflow", "/ajax-api/3.0/mlflow"})
    for (auto method : {"GET", "POST", "PUT", "PATCH", "DELETE"})
      all.push_back({method, prefix + "/{rest...}", "The rest of MLflow's API: not implemented", refuse});
  for (auto path : {"/graphql", "/v1/traces"})
    all.push_back({"POST", path, "The rest of MLflow's API: not implemented", refuse});
  return all;
}

}  // namespace gyre
