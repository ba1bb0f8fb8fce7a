#include "base/error.hpp"
#include "track/artifacts.hpp"
#include "track/mlflow.hpp"

namespace gyre {

static Response keep(Workspace& workspace, Request& request) {
  std::string path = checked_artifact_path(request.param("path"));
  if (!request.body_file) throw Error(Code::invalid, "an artifact needs a body");
  put_artifact(workspace, path, workspace.blobs().put_file(*request.body_file), request.who);
  return json_response(json::object());
}

// Clients upload in one piece when they hear this, as from MLflow's own server on a folder.
static Response no_parts(Request&) {
  throw Error(Code::unsupported, "Multipart upload is not supported for the current artifact repository");
}

std::vector<Route> mlflow_artifact_routes(Workspace& workspace) {
  std::vector<Route> all;
  for (std::string_view prefix : {"/api/2.0/mlflow-artifacts", "/ajax-api/2.0/mlflow-artifacts"})
    for (Route route : std::vector<Route>{
             {"PUT", "/artifacts/{path...}", "Log a file", [&](Request& request) { return keep(workspace, request); },
              true},
             {"GET", "/artifacts/{path...}", "A logged file",
              [&](Request& request) {
                return Response{.content_type = "application/octet-stream",
                                .file = artifact_file(workspace, checked_artifact_path(request.param("path")))};
              }},
             {"DELETE", "/artifacts/{path...}", "Forget a logged file or folder",
              [&](Request& request) {
                forget_artifacts(workspace, checked_artifact_path(request.param("path")), request.who);
                return json_response(json::object());
              }},
             {"GET", "/artifacts", "List logged files",
              [&](Request& request) {
                std::string path = checked_artifact_path(request.query_value("path").value_or(""));
                return json_response({{"files", list_artifacts(workspace, path, "")}});
              }},
             {"POST", "/mpu/create/{path...}", "Upload in parts: refused", no_parts},
             {"POST", "/mpu/complete/{path...}", "Upload in parts: refused", no_parts},
             {"POST", "/mpu/abort/{path...}", "Upload in parts: refused", no_parts},
         }) {
      route.pattern.insert(0, prefix);
      all.push_back(std::move(route));
    }
  return all;
}

}  // namespace gyre
