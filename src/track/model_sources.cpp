#include "track/model_sources.hpp"

#include "base/error.hpp"
#include "base/hash.hpp"
#include "track/artifacts.hpp"
#include "track/logged_models.hpp"
#include "track/registry.hpp"
#include "track/runs.hpp"

namespace gyre {

static Error wrong(const std::string& source, const std::string& why) {
  return {Code::invalid, "Invalid model version source: '" + source.substr(0, 200) + "'. " + why};
}

static std::string scheme_of(const std::string& source) {
  auto colon = source.find(':');
  return colon == std::string::npos ? "" : source.substr(0, colon);
}

// Behind "runs:/" or "models:/".
static std::string rest_of(const std::string& source) {
  auto slash = source.find('/');
  if (slash == std::string::npos || source.compare(slash, 2, "//") == 0)
    throw wrong(source, "It names another server.");
  return source.substr(slash + 1);
}

static bool lies_within(const std::string& source, const std::string& root) {
  std::string inner = artifact_root(source), outer = artifact_root(root);
  return inner == outer || inner.starts_with(outer + "/");
}

static bool is_ours(const std::string& source) {
  return source.starts_with("mlflow-artifacts:") ||
         source.find("/api/2.0/mlflow-artifacts/artifacts/") != std::string::npos;
}

static bool is_logged_model(const std::string& rest) {
  return rest.starts_with("m-") && rest.find('/') == std::string::npos;
}

static ModelVersion version_named(Workspace& workspace, const std::string& source) {
  std::string rest = rest_of(source);
  auto slash = rest.find('/');
  return get_version(workspace,
                     slash == std::string::npos ? rest : rest.substr(0, slash) + "@" + rest.substr(slash + 1));
}

VersionSource checked_source(Workspace& workspace, VersionSource asked) {
  auto& source = asked.source;
  std::string scheme = scheme_of(source);
  if (scheme == "gyre") {  // content of this workspace
    if (!is_digest(source.substr(5))) throw wrong(source, "Behind gyre: stands sha256: and 64 hex digits.");
    return asked;
  }
  if (scheme.empty() || scheme == "file")
    throw wrong(source,
                "To use a local path as a model version source, log its files to a run first: the server takes none of "
                "its disk.");
  auto path = source.find('/');
  if (path != std::string::npos) {
    // The names of a host and of a path alike; only our own URIs have no host.
    std::string names = source.substr(
        source.find_first_not_of('/', path) == std::string::npos ? path : source.find_first_not_of('/', path));
    try {
      checked_artifact_path(names);
    } catch (const Error&) {
      throw wrong(
          source,
          "If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri, an "
          "absolute path must be provided without relative path references present.");
    }
  }
  std::string not_within =
      "The run_id or model_id request parameter must identify the resource that contains the source.";
  if (scheme == "runs") {
    std::string rest = rest_of(source);
    if (asked.run.empty() || rest.substr(0, rest.find('/')) != asked.run) throw wrong(source, not_within);
  } else if (scheme == "models" && is_logged_model(rest_of(source))) {
    if (asked.logged_model != rest_of(source)) throw wrong(source, not_within);
  } else if (scheme == "models") {
    auto version = version_named(workspace, source);
    if ((!asked.run.empty() && asked.run != version.run_id) ||
        (!asked.logged_model.empty() && asked.logged_model != version.logged_model))
      throw wrong(source, "The run_id and model_id request parameters must match the referenced model version.");
    return {"models:/" + version.name + "/" + std::to_string(version.version), version.run_id, version.logged_model};
  } else if (is_ours(source)) {
    std::string root;
    try {
      root = asked.logged_model.empty() ? get_run(workspace, asked.run).artifact_uri
                                        : get_logged_model(workspace, asked.logged_model).artifact_location;
    } catch (const Error& error) {
      if (error.code != Code::not_found) throw;
      throw wrong(source, not_within);
    }
    if (!lies_within(source, root)) throw wrong(source, not_within);
  }
  if (!asked.logged_model.empty() && asked.run.empty())
    asked.run = get_logged_model(workspace, asked.logged_model).source_run;
  return asked;
}

std::string download_uri(Workspace& workspace, const std::string& source) {
  if (scheme_of(source) != "models") return source;
  if (is_logged_model(rest_of(source))) return get_logged_model(workspace, rest_of(source)).artifact_location;
  // A version points to an older one, never to itself: this ends.
  return download_uri(workspace, version_named(workspace, source).source);
}

std::string files_uri(Workspace& workspace, const std::string& source) {
  std::string uri = download_uri(workspace, source);
  if (scheme_of(uri) != "runs") return uri;
  std::string rest = rest_of(uri), run = rest.substr(0, rest.find('/'));
  return get_run(workspace, run).artifact_uri + rest.substr(run.size());
}

}  // namespace gyre
