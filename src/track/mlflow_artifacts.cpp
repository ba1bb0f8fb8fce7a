#include <map>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "track/mlflow.hpp"

namespace gyre {

// A path of folders and a file, none of them pointing upwards.
static std::string checked_path(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  for (std::string_view rest = path; !rest.empty();) {
    auto end = std::min(rest.find('/'), rest.size());
    auto part = rest.substr(0, end);
    if (part.empty() || part == "." || part == "..") throw Error(Code::invalid, "Invalid path: " + path);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return path;
}

static Response keep(Workspace& workspace, Request& request) {
  std::string path = checked_path(request.param("path"));
  if (path.empty() || !request.body_file) throw Error(Code::invalid, "an artifact needs a path and a body");
  std::string digest = workspace.blobs().put_file(*request.body_file);
  workspace.rows().transaction([&] {
    workspace.rows().run(
        "INSERT INTO artifact VALUES ($1, $2, $3, $4) ON CONFLICT (path) DO UPDATE SET digest = $2, size = $3, at = $4",
        {path, digest, workspace.blobs().size(digest), now_ms()});
    workspace.audit(request.who, "artifact put", path, nullptr, {{"digest", digest}});
  });
  return json_response(json::object());
}

static Response give(Workspace& workspace, Request& request) {
  std::string path = checked_path(request.param("path"));
  auto row = workspace.rows().one("SELECT digest FROM artifact WHERE path = $1", {path});
  if (!row) throw Error(Code::not_found, "No such artifact: '" + path + "'");
  return {.content_type = "application/octet-stream", .file = workspace.blobs().path(get_string(*row, "digest"))};
}

static Response forget(Workspace& workspace, Request& request) {
  std::string path = checked_path(request.param("path"));
  workspace.rows().transaction([&] {
    workspace.rows().run("DELETE FROM artifact WHERE path = $1 OR (path > $2 AND path < $3)",
                         {path, path + "/", path + "0"});
    workspace.audit(request.who, "artifact delete", path, nullptr, nullptr);
  });
  return json_response(json::object());
}

// One level below `folder`, files and folders; the bytes of a file's name are what `prefix` is put before.
static json::array list_level(Workspace& workspace, const std::string& folder, const std::string& prefix) {
  std::map<std::string, json::object> entries;
  std::string start = folder.empty() ? "" : folder + "/";
  // '0' is the character after '/': the range holds what lies below the folder, nothing beside it.
  auto rows = folder.empty() ? workspace.rows().query("SELECT path, size FROM artifact")
                             : workspace.rows().query("SELECT path, size FROM artifact WHERE path > $1 AND path < $2",
                                                      {start, folder + "0"});
  for (auto& row : rows) {
    std::string rest = get_string(row, "path").substr(start.size());
    auto slash = rest.find('/');
    json::object entry{{"path", prefix + rest.substr(0, slash)}, {"is_dir", slash != std::string::npos}};
    if (slash == std::string::npos) entry["file_size"] = row["size"];
    entries.emplace(rest.substr(0, slash), std::move(entry));
  }
  json::array files;
  for (auto& [name, entry] : entries) files.push_back(std::move(entry));
  return files;
}

std::vector<Route> mlflow_artifact_routes(Workspace& workspace) {
  return {
      // Clients look here too when they list a run's files. None can be logged yet, so none is ever found.
      {"POST", "/api/2.0/mlflow/logged-models/search", "Search logged models: there are none",
       [](Request&) {
         return json_response({{"models", json::array()}});
       }},
      {"PUT", "/api/2.0/mlflow-artifacts/artifacts/{path...}", "Log a file",
       [&](Request& request) { return keep(workspace, request); }, true},
      {"GET", "/api/2.0/mlflow-artifacts/artifacts/{path...}", "A logged file",
       [&](Request& request) { return give(workspace, request); }},
      {"DELETE", "/api/2.0/mlflow-artifacts/artifacts/{path...}", "Forget a logged file or folder",
       [&](Request& request) { return forget(workspace, request); }},
      {"GET", "/api/2.0/mlflow-artifacts/artifacts", "List logged files",
       [&](Request& request) {
         return json_response(
             {{"files", list_level(workspace, checked_path(request.query_value("path").value_or("")), "")}});
       }},
      {"GET", "/api/2.0/mlflow/artifacts/list", "List the files of a run",
       [&](Request& request) {
         Asked asked(request);
         auto run = get_run(workspace, asked.text("run_id"));
         std::string path = checked_path(asked.text_or("path", "")), scheme = "mlflow-artifacts:/";
         std::string root =
             run.artifact_uri.starts_with(scheme) ? run.artifact_uri.substr(scheme.size()) : run.artifact_uri;
         std::string folder = path.empty() ? root : root + "/" + path;
         return json_response({{"root_uri", run.artifact_uri},
                               {"files", list_level(workspace, folder, path.empty() ? "" : path + "/")}});
       }},
  };
}

}  // namespace gyre
