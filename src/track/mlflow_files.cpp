#include "base/error.hpp"
#include "track/artifacts.hpp"
#include "track/logged_models.hpp"
#include "track/mlflow.hpp"
#include "track/mlflow_forms.hpp"
#include "track/model_sources.hpp"
#include "track/registry.hpp"

namespace gyre {

static Response attachment(Workspace& workspace, const std::string& root_uri, const std::string& asked_path) {
  std::string path = checked_artifact_path(asked_path), root = artifact_root(root_uri);
  if (path.empty()) throw Error(Code::invalid, "Missing value for required parameter 'path'.");
  return mlflow_file(workspace, root.empty() ? path : root + "/" + path);
}

static Response list(Workspace& workspace, const std::string& root_uri, const std::string& asked_path) {
  std::string path = checked_artifact_path(asked_path), root = artifact_root(root_uri);
  return json_response(
      {{"root_uri", root_uri},
       {"files", list_artifacts(workspace, path.empty() ? root : root + "/" + path, path.empty() ? "" : path + "/")}});
}

static std::string run_uri(Workspace& workspace, const Asked& asked) {
  auto id = asked.find_text("run_id");
  return get_run(workspace, id && !id->empty() ? *id : asked.text("run_uuid")).artifact_uri;
}

static Response give_version_file(Workspace& workspace, Request& request) {
  Asked asked(request);
  std::string path = checked_artifact_path(asked.text("path"));
  return attachment(workspace, files_uri(workspace, known_version(workspace, asked).source), path);
}

static Response upload(Workspace& workspace, Request& request) {
  auto query = [&](std::string_view name) {
    auto value = request.query_value(name);
    if (!value || value->empty()) throw Error(Code::invalid, "Request must specify " + std::string(name) + ".");
    return *value;
  };
  std::string run = query("run_uuid"), path = checked_artifact_path(query("path"));
  if (request.body.empty()) throw Error(Code::invalid, "Request must specify data.");
  if (request.body.size() > 10 << 20) throw Error(Code::invalid, "Artifact size is too large. Max size is 10MB.");
  std::string root = artifact_root(get_run(workspace, run).artifact_uri);
  put_artifact(workspace, root + "/" + path, workspace.blobs().put_bytes(request.body), request.who);
  return json_response(json::object());
}

static Response presigned(Request&) {
  throw Error(Code::unsupported, "Presigned URLs are not supported: the server keeps the files itself");
}

std::vector<Route> mlflow_file_routes(Workspace& workspace) {
  std::vector<Route> all{
      {"GET", "/get-artifact", "A file of a run",
       [&](Request& request) {
         Asked asked(request);
         return attachment(workspace, run_uri(workspace, asked), asked.text("path"));
       }},
      {"GET", "/model-versions/get-artifact", "A file of a model version",
       [&](Request& request) { return give_version_file(workspace, request); }},
      {"POST", "/ajax-api/2.0/mlflow/upload-artifact", "Log a file of at most 10 MB",
       [&](Request& request) { return upload(workspace, request); }},
  };
  for (std::string prefix : {"/api/2.0/mlflow", "/ajax-api/2.0/mlflow"}) {
    all.push_back({"GET", prefix + "/artifacts/list", "List the files of a run", [&](Request& request) {
                     Asked asked(request);
                     return list(workspace, run_uri(workspace, asked), asked.text_or("path", ""));
                   }});
    std::string model = prefix + "/logged-models/{model_id}/artifacts";
    all.push_back({"GET", model + "/directories", "List the files of a logged model", [&](Request& request) {
                     return list(workspace, get_logged_model(workspace, request.param("model_id")).artifact_location,
                                 request.query_value("artifact_directory_path").value_or(""));
                   }});
    all.push_back({"GET", model + "/files", "A file of a logged model", [&](Request& request) {
                     return attachment(workspace,
                                       get_logged_model(workspace, request.param("model_id")).artifact_location,
                                       Asked(request).text("artifact_file_path"));
                   }});
    for (std::string way : {"upload", "download"})
      all.push_back({"POST", prefix + "/artifacts/presigned-" + way + "-url", "Presigned URLs: refused", presigned});
  }
  return all;
}

}  // namespace gyre
