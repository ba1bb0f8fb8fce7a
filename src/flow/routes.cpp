#include "flow/routes.hpp"

#include "base/file.hpp"
#include "flow/local_files.hpp"

namespace gyre {

static json::array ports_json(const std::vector<Port>& ports) {
  json::array result;
  for (auto& port : ports)
    result.push_back({{"name", port.name}, {"type", port.type}, {"help", port.help}, {"optional", port.optional}});
  return result;
}

static json::object step_json(const StepEntry& entry) {
  const Step& step = *entry.step;
  return {{"name", step.name},
          {"command", step.command},
          {"group", step.group},
          {"title", step.title},
          {"help", step.help},
          {"version", step.version},
          {"program", entry.program},
          {"inputs", ports_json(step.inputs)},
          {"outputs", ports_json(step.outputs)},
          {"options", schema_of(step.fields)}};
}

static json::object asset_json(Workspace& workspace, const Asset& asset) {
  return {{"name", asset.name},     {"version", asset.version},       {"type", asset.type},
          {"digest", asset.digest}, {"created_at", asset.created_at}, {"bytes", workspace.blobs().size(asset.digest)}};
}

static std::vector<Route> pipeline_routes(Engine& engine) {
  return {
      {"POST", "/api/pipelines",
       "Start a pipeline: {\"pipeline\": {...}} or {\"yaml\": text, \"parameters\": {...}}; \"fresh\" ignores the "
       "cache",
       [&engine](Request& request) {
         json::value body = request.json_body();
         json::object parameters;
         if (auto* given = find(body, "parameters")) parameters = given->as_object();
         auto* value = find(body, "pipeline");
         Pipeline pipeline =
             value ? pipeline_from(*value)
                   : parse_pipeline(get_string(body, "yaml"), string_or(body, "where", "pipeline"), parameters);
         for (auto& node : pipeline.nodes) only_local(request, node.inputs);
         auto* fresh = find(body, "fresh");
         return json_response({{"id", engine.start(pipeline, fresh && fresh->as_bool())}});
       }},
      {"GET", "/api/pipelines", "Pipeline runs, newest first",
       [&engine](Request&) {
         return json_response({{"pipelines", engine.list()}});
       }},
      {"GET", "/api/pipelines/{id}", "A pipeline run; ?seen=N&wait=SECONDS waits for something newer",
       [&engine](Request& request) {
         auto seen = request.query_value("seen"), wait = request.query_value("wait");
         try {
           return json_response(engine.status(request.param("id"), seen ? std::stoll(*seen) : -1,
                                              wait ? std::min(30.0, std::stod(*wait)) : 0));
         } catch (const std::logic_error&) {
           throw Error(Code::invalid, "seen and wait must be numbers");
         }
       }},
      {"POST", "/api/pipelines/{id}/stop", "Ask it to finish with what it has",
       [&engine](Request& request) {
         engine.stop(request.param("id"));
         return json_response(json::object());
       }},
  };
}

std::vector<Route> flow_routes(Workspace& workspace, Engine& engine) {
  std::vector<Route> routes = pipeline_routes(engine);
  std::vector<Route> others{
      {"GET", "/api/steps", "Every step with its ports and options",
       [](Request&) {
         json::array steps;
         for (auto& entry : all_steps()) steps.push_back(step_json(entry));
         return json_response({{"steps", steps}});
       }},
      {"GET", "/api/assets", "Named data: the newest version of each; ?all=true for every version",
       [&workspace](Request& request) {
         json::array assets;
         auto all = list_assets(workspace);
         for (std::size_t i = 0; i < all.size(); i++)
           if (request.query_value("all") || i + 1 == all.size() || all[i + 1].name != all[i].name)
             assets.push_back(asset_json(workspace, all[i]));
         return json_response({{"assets", assets}});
       }},
      {"GET", "/api/assets/{name}", "One asset: NAME or NAME@VERSION",
       [&workspace](Request& request) {
         return json_response(asset_json(workspace, get_asset(workspace, request.param("name"))));
       }},
      {"POST", "/api/assets",
       "Name content: {\"name\",\"type\",\"digest\"} or {\"name\",\"type\",\"path\"} on this machine",
       [&workspace](Request& request) {
         json::value body = request.json_body();
         auto path = find_string(body, "path");
         if (path) only_local(request, *path);
         std::string digest = path ? workspace.blobs().put(*path) : get_string(body, "digest");
         if (!workspace.blobs().has(digest)) throw Error(Code::not_found, "no content with digest " + digest);
         return json_response(
             asset_json(workspace, keep_asset(workspace, get_string(body, "name"), get_string(body, "type"), digest)));
       }},
  };
  routes.insert(routes.end(), others.begin(), others.end());
  return routes;
}

}  // namespace gyre
