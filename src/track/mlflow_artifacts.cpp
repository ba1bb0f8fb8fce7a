#include <cctype>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "track/artifacts.hpp"
#include "track/mlflow.hpp"
#include "track/mlflow_forms.hpp"

namespace gyre {

// The few kinds that a browser may show by name; all else is bytes.
static std::string_view type_of(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> types[] = {
      {".css", "text/css"},     {".csv", "text/csv"},       {".gif", "image/gif"},
      {".htm", "text/html"},    {".html", "text/html"},     {".jpeg", "image/jpeg"},
      {".jpg", "image/jpeg"},   {".js", "text/javascript"}, {".json", "application/json"},
      {".md", "text/markdown"}, {".mp4", "video/mp4"},      {".pdf", "application/pdf"},
      {".png", "image/png"},    {".py", "text/x-python"},   {".svg", "image/svg+xml"},
      {".wav", "audio/x-wav"},  {".xml", "text/xml"},       {".zip", "application/zip"},
  };
  for (auto& [end, type] : types)
    if (name.ends_with(end)) return type;
  for (std::string_view text : {".txt", ".log", ".yaml", ".yml", ".ini", ".cfg", ".conf", ".env", ".dockerfile"})
    if (name.ends_with(text)) return "text/plain";
  for (std::string_view text : {"MLmodel", "MLproject", "mlproject", "Dockerfile", "py.typed"})
    if (name == text) return "text/plain";
  return "application/octet-stream";
}

// RFC 6266: a plain name as it is, any other in quotes, and whole as UTF-8.
static std::string disposition_of(const std::string& name) {
  auto plain = [](unsigned char c) {
    return std::isalnum(c) || std::string_view("!#$&+-.^_`|~").find(c) != std::string_view::npos;
  };
  std::string quoted, escaped;
  for (unsigned char c : name) {
    quoted += c == '"' || c == '\\' || c >= 0x7f ? '_' : static_cast<char>(c);
    escaped +=
        plain(c) ? std::string(1, static_cast<char>(c)) : "%" + hex(std::string_view(reinterpret_cast<char*>(&c), 1));
  }
  if (escaped == name) return "attachment; filename=" + name;
  return "attachment; filename=\"" + quoted + "\"; filename*=UTF-8''" + escaped;
}

Response mlflow_file(Workspace& workspace, const std::string& path) {
  std::string name = path.substr(path.rfind('/') + 1);
  return {.content_type = std::string(type_of(name)),
          .headers = {{"Content-Disposition", disposition_of(name)}, {"X-Content-Type-Options", "nosniff"}},
          .file = artifact_file(workspace, path)};
}

static Response keep(Workspace& workspace, Request& request) {
  std::string path = checked_artifact_path(request.param("path"));
  if (!request.body_file) throw Error(Code::invalid, "an artifact needs a body");
  put_artifact(workspace, path, workspace.blobs().put_file(*request.body_file, /*move=*/true), request.who);
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
              [&](Request& request) { return mlflow_file(workspace, checked_artifact_path(request.param("path"))); }},
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
