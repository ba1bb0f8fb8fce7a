#include "cli/api.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/http_environment.hpp"
#include "cli/app.hpp"
#include "server/wire.hpp"

namespace gyre {

// The Error that an answer of status >= 400 carries, in our form or MLflow's.
static Error error_of(const Response& response, std::string_view path) {
  json::error_code no_json;
  json::value body = json::parse(response.body, no_json);
  if (!no_json) {
    if (auto* error = find(body, "error"); error && error->is_object())
      return {code_named(string_or(*error, "code", "internal")), string_or(*error, "message", ""),
              string_or(*error, "hint", "")};
    if (auto message = find_string(body, "message")) return {Code::invalid, *message};
  }
  return {Code::internal, std::string(path) + ": the server answered " + std::to_string(response.status)};
}

json::value value_of(const Response& response, std::string_view path) {
  if (response.status >= 400) throw error_of(response, path);
  return response.body.empty() ? json::value(json::object()) : parse_json(response.body, path);
}

namespace {

class LocalApi : public Api {
 public:
  explicit LocalApi(const fs::path& dot_gyre) : app_(dot_gyre) {}

  json::value call(std::string_view method, std::string_view path, const json::value& body) override {
    return value_of(answer(method, path, body.is_null() ? "" : json::serialize(body)), path);
  }
  void download(std::string_view path, const fs::path& to) override {
    Response response = answer("GET", path, "");
    if (response.status >= 400) throw error_of(response, path);
    write_file(to, response.file ? read_file(*response.file) : response.body);
  }
  json::value upload(std::string_view method, std::string_view path, const fs::path& from) override {
    return value_of(answer(method, path, read_file(from)), path);
  }

 private:
  Response answer(std::string_view method, std::string_view path, std::string body) {
    Request request;
    request.method = std::string(method);
    if (!set_target(request, path)) throw Error(Code::invalid, "\"" + std::string(path) + "\" is no path of the API");
    std::optional<TemporaryFolder> spool;
    auto* route = app_.api.find(request);
    if (route && route->spool) {
      spool.emplace(app_.workspace.run_folder());
      request.body_file = spool->path() / "body";
      write_file(*request.body_file, body);
    } else {
      request.body = std::move(body);
    }
    return app_.api.handle(request);
  }
  App app_;
};

class RemoteApi : public Api {
 public:
  RemoteApi(std::string url, HttpOptions options) : url_(std::move(url)), options_(std::move(options)) {
    while (url_.ends_with('/')) url_.pop_back();
  }
  json::value call(std::string_view method, std::string_view path, const json::value& body) override {
    std::string text = body.is_null() ? "" : json::serialize(body);
    return value_of(
        http_request(method, url_ + std::string(path), text, {{"Content-Type", "application/json"}}, options_), path);
  }
  void download(std::string_view path, const fs::path& to) override {
    fs::path part = to.string() + ".part";
    FileHandle file = open_file(part, O_WRONLY | O_CREAT | O_TRUNC);
    Response response = http_download(
        url_ + std::string(path), [&](std::string_view bytes) { write_all(file.get(), bytes, part); }, {}, options_);
    if (response.status >= 400) {
      fs::remove(part);
      throw error_of(response, path);
    }
    fs::rename(part, to);
  }
  json::value upload(std::string_view method, std::string_view path, const fs::path& from) override {
    return value_of(http_upload(method, url_ + std::string(path), from, {}, options_), path);
  }

 private:
  std::string url_;
  HttpOptions options_;
};

}  // namespace

// How to talk to the server of a workspace on this machine: who can read this file is the server's own account.
static HttpOptions local_options(const json::value& state) {
  return {.ca = string_or(state, "ca", ""), .token = string_or(state, "token", "")};
}

// By its process: the port of a server that is gone may be another server's by now.
static bool answers(const std::string& url, const json::value& state) {
  try {
    Response response = http_request("GET", url + "/api/health", {}, {}, local_options(state));
    return response.status == 200 && find_number(parse_json(response.body, url), "pid") == find_number(state, "pid");
  } catch (const Error&) {
    return false;
  }
}

std::optional<std::string> running_server(const std::filesystem::path& dot_gyre) {
  fs::path file = dot_gyre / "run" / "server.json", lock_file = dot_gyre / "run" / "lock";
  for (double until = seconds_since_start() + 10;;) {
    if (!fs::exists(file) || !fs::exists(lock_file)) return {};
    FileHandle lock = open_file(lock_file, O_RDONLY);
    if (::flock(lock.get(), LOCK_SH | LOCK_NB) == 0)
      return {};  // nobody holds the workspace: the file was left by a killed server
    json::value state = read_json_file(file);
    std::string url = get_string(state, "url");
    if (answers(url, state)) return url;
    // It is just ending, or somebody else took the workspace who is not ready yet.
    if (seconds_since_start() > until)
      throw Error(Code::unavailable,
                  "the server of this workspace (process " + read_file(lock_file) + ") does not answer at " + url,
                  "if it hangs, end it and try again");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

std::unique_ptr<Api> open_api(const std::filesystem::path& from) {
  if (const char* url = std::getenv("GYRE_URL"); url && *url)
    return std::make_unique<RemoteApi>(url, http_options_from_environment());
  fs::path workspace = Workspace::find(from);
  if (auto url = running_server(workspace)) {
    HttpOptions options = local_options(read_json_file(workspace / "run" / "server.json"));
    if (const char* token = std::getenv("GYRE_TOKEN"); token && *token) options.token = token;
    return std::make_unique<RemoteApi>(*url, options);
  }
  return std::make_unique<LocalApi>(workspace);
}

}  // namespace gyre
