#include <cctype>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/http_client.hpp"
#include "track/artifacts.hpp"
#include "track/mlflow.hpp"
#include "track/mlflow_forms.hpp"
#include "track/part_uploads.hpp"

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
  put_artifact(workspace, path, workspace.blobs().put_file(*request.body_file, /*move=*/true, request.body_digest),
               request.who);
  return json_response(json::object());
}

// A part's URL is whole: clients do not put it together themselves.
static std::string own_url(Workspace& workspace, const Request& request) {
  auto header = [&](const char* name) {
    auto it = request.headers.find(name);
    return it == request.headers.end() ? std::string() : it->second;
  };
  std::string scheme = header("X-Forwarded-Proto");
  auto state = workspace.run_folder() / "server.json";
  if (scheme.empty())
    scheme = fs::exists(state) && get_string(read_json_file(state), "url").starts_with("https") ? "https" : "http";
  return scheme + "://" + header("Host");
}

static std::string encoded_path(const std::string& path) {
  std::string encoded;
  for (std::size_t at = 0; at <= path.size();) {
    auto end = std::min(path.find('/', at), path.size());
    encoded += (at ? "/" : "") + percent_encode(std::string_view(path).substr(at, end - at));
    at = end + 1;
  }
  return encoded;
}

// "<folder in the URL>/<name of the client's file>"
static std::string path_in_parts(const Request& request, const json::value& body) {
  std::string file = get_string(body, "path");
  file.erase(0, file.find_last_of("/\\") + 1);
  std::string folder = request.params.contains("path") ? request.param("path") : "";
  return checked_artifact_path(folder + (folder.empty() ? "" : "/") + file);
}

static Response start_parts(Workspace& workspace, PartUploads& uploads, const Request& request,
                            std::string_view prefix) {
  auto body = request.json_body();
  std::string path = path_in_parts(request, body);
  std::int64_t count = get_int(body, "num_parts");
  if (count < 1 || count > PartUploads::most_parts)
    throw Error(Code::invalid, "num_parts must be from 1 to " + std::to_string(PartUploads::most_parts));
  std::string id = uploads.start(path);
  json::object headers;  // who may start it may send its parts
  if (auto it = request.headers.find("Authorization"); it != request.headers.end())
    headers["Authorization"] = it->second;
  json::array credentials;
  for (std::int64_t number = 1; number <= count; number++)
    credentials.push_back({{"url", own_url(workspace, request) + std::string(prefix) + "/mpu/part/" + id + "/" +
                                       std::to_string(number) + "/" + encoded_path(path)},
                           {"part_number", number},
                           {"headers", headers}});
  return json_response({{"upload_id", id}, {"credentials", credentials}});
}

static Response keep_part(PartUploads& uploads, Request& request) {
  if (!request.body_file) throw Error(Code::invalid, "a part needs a body");
  std::int64_t number = std::strtoll(request.param("number").c_str(), nullptr, 10);
  std::string tag =
      uploads.put(checked_artifact_path(request.param("path")), request.param("upload"), number, *request.body_file);
  Response response = json_response(json::object());
  response.headers["ETag"] = "\"" + tag + "\"";
  return response;
}

static Response finish_parts(PartUploads& uploads, const Request& request) {
  auto body = request.json_body();
  std::vector<PartUploads::Part> parts;
  auto* listed = find(body, "parts");
  if (!listed || !listed->is_array()) throw Error(Code::invalid, "parts must be a list of {part_number, etag}");
  for (auto& part : listed->get_array()) {
    std::string tag = get_string(part, "etag");
    std::erase(tag, '"');
    parts.push_back({get_int(part, "part_number"), tag});
  }
  uploads.finish(path_in_parts(request, body), get_string(body, "upload_id"), std::move(parts), request.who);
  return json_response(json::object());
}

static Response cancel_parts(PartUploads& uploads, const Request& request) {
  auto body = request.json_body();
  uploads.cancel(path_in_parts(request, body), get_string(body, "upload_id"));
  return json_response(json::object());
}

std::vector<Route> mlflow_artifact_routes(Workspace& workspace) {
  std::vector<Route> all;
  auto uploads = std::make_shared<PartUploads>(workspace);
  for (std::string_view prefix : {"/api/2.0/mlflow-artifacts", "/ajax-api/2.0/mlflow-artifacts"})
    for (Route route : std::vector<Route>{
             {"PUT", "/artifacts/{path...}", "Log a file", [&](Request& request) { return keep(workspace, request); },
              /*spool=*/true, /*hashed=*/true},
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
             {"POST", "/mpu/create/{path...}", "Start an upload in parts: {path, num_parts}",
              [&workspace, uploads, prefix](Request& request) {
                return start_parts(workspace, *uploads, request, prefix);
              }},
             {"PUT", "/mpu/part/{upload}/{number}/{path...}", "A part of a file",
              [uploads](Request& request) { return keep_part(*uploads, request); }, true},
             {"POST", "/mpu/complete/{path...}", "The parts become the file: {path, upload_id, parts}",
              [uploads](Request& request) { return finish_parts(*uploads, request); }},
             {"POST", "/mpu/abort/{path...}", "Forget an upload in parts: {path, upload_id}",
              [uploads](Request& request) { return cancel_parts(*uploads, request); }},
         }) {
      route.pattern.insert(0, prefix);
      all.push_back(std::move(route));
    }
  return all;
}

}  // namespace gyre
