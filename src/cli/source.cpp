#include "cli/source.hpp"

#include "track/artifacts.hpp"
#include "track/recorder.hpp"

namespace gyre {

void attach_source(Workspace& workspace, const std::string& pipeline_run, const std::string& run) {
  workspace.rows().transaction([&] {
    auto row = workspace.rows().one("SELECT source FROM pipeline_source WHERE pipeline_run = $1", {pipeline_run});
    auto there = workspace.rows().one("SELECT artifact_uri FROM run WHERE id = $1 AND stage = 'active'", {run});
    if (!row || !there) return;
    json::value source = parse_json(get_string(*row, "source"), "pipeline_source");
    Pairs tags;
    auto tag = [&](const char* key, const char* member) {
      if (std::string value = string_or(source, member, ""); !value.empty()) tags.emplace_back(key, value);
    };
    tag("mlflow.source.name", "file");
    tag("mlflow.source.git.commit", "commit");
    tag("mlflow.source.git.branch", "branch");
    if (find(source, "dirty")) tags.emplace_back("gyre.git.dirty", get_bool(source, "dirty") ? "true" : "false");
    log_batch(workspace, run, {}, {}, tags);
    if (std::string diff = string_or(source, "diff", ""); !diff.empty())
      put_artifact(workspace, artifact_root(get_string(*there, "artifact_uri")) + "/source.diff", diff, "gyre");
  });
}

static Response take(Workspace& workspace, const Request& request) {
  json::value body = request.json_body();
  std::string id = request.param("id");
  json::object source;
  for (auto member : {"file", "commit", "branch"})
    if (auto text = find_string(body, member)) source[member] = text->substr(0, 1000);
  if (find(body, "dirty")) source["dirty"] = get_bool(body, "dirty");
  if (std::string diff = string_or(body, "diff", ""); !diff.empty()) source["diff"] = workspace.blobs().put_bytes(diff);
  workspace.rows().transaction([&] {
    auto& rows = workspace.rows();
    if (!rows.one("SELECT id FROM pipeline_run WHERE id = $1", {id}))
      throw Error(Code::not_found, "there is no pipeline run " + id);
    rows.run("INSERT INTO pipeline_source VALUES ($1, $2) ON CONFLICT (pipeline_run) DO NOTHING", {id, source});
    // Those of its steps that have begun already; the others are told when they begin.
    for (auto& row : rows.query("SELECT DISTINCT node FROM step_run WHERE pipeline_run = $1", {id}))
      attach_source(workspace, id, run_id_of(id, get_string(row, "node")));
  });
  return json_response(source);
}

std::vector<Route> source_routes(Workspace& workspace) {
  return {{"POST", "/api/pipelines/{id}/source",
           "What it was started from: {file, commit, branch, dirty, diff}; its runs get it",
           [&](Request& request) { return take(workspace, request); }}};
}

}  // namespace gyre
