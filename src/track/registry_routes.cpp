#include "track/registry_routes.hpp"

#include "base/error.hpp"
#include "track/lineage.hpp"
#include "track/model_card.hpp"
#include "track/onnx_flavor.hpp"
#include "track/registry.hpp"

namespace gyre {

static json::object object_or_empty(const json::value& body, std::string_view key) {
  auto* value = find(body, key);
  if (!value) return {};
  if (!value->is_object()) throw Error(Code::invalid, "\"" + std::string(key) + "\" must be an object");
  return value->get_object();
}

static ModelVersion asked_version(Workspace& workspace, const Request& request) {
  return get_version(workspace, request.param("name") + "@" + request.param("version"));
}

static json::object with_results(Workspace& workspace, const ModelVersion& version) {
  json::object value = to_json(version);
  value["results"] = results_of(workspace, version.name, version.version);
  return value;
}

static Response register_model(Workspace& workspace, const ModelCheck& check, const Request& request,
                               const json::value& body) {
  std::string name = request.param("name"), digest = get_string(body, "digest");
  json::object lineage = object_or_empty(body, "lineage");
  if (check) lineage["signature"] = check(workspace.blobs().path(digest));
  auto version = register_version(workspace, name, digest, lineage, object_or_empty(body, "metrics"), request.who);
  if (auto alias = find_string(body, "alias")) set_alias(workspace, name, *alias, version.version, request.who);
  return json_response(with_results(workspace, get_version(workspace, version.reference())));
}

std::vector<Route> registry_routes(Workspace& workspace, ModelCheck check) {
  return {
      {"GET", "/api/models", "Every registered model",
       [&](Request&) {
         return json_response({{"models", list_models(workspace)}});
       }},
      {"GET", "/api/models/{name}", "A model and its versions",
       [&](Request& request) {
         json::object model = get_model(workspace, request.param("name"));
         json::array versions;
         for (auto& version : list_versions(workspace, request.param("name")))
           versions.push_back(with_results(workspace, version));
         model["versions"] = std::move(versions);
         return json_response(model);
       }},
      {"POST", "/api/models/{name}/versions", "Register a model file: {digest, lineage, metrics, alias}",
       [&workspace, check](Request& request) {
         return register_model(workspace, check, request, request.json_body());
       }},
      {"PUT", "/api/models/{name}/versions", "Register an uploaded ONNX file",
       [&workspace, check](Request& request) {
         check_model_name(request.param("name"));
         if (!request.body_file)
           throw Error(Code::invalid, "a model file is missing", "send the ONNX file as the request's body");
         json::object lineage;  // checked before it becomes content of the workspace
         if (check) lineage["signature"] = check(*request.body_file);
         std::string digest = workspace.blobs().put_file(*request.body_file);
         return register_model(workspace, {}, request, {{"digest", digest}, {"lineage", lineage}});
       },
       true},
      {"GET", "/api/models/{name}/versions/{version}",
       "One version, by number or alias, and what was found out about it",
       [&](Request& request) { return json_response(with_results(workspace, asked_version(workspace, request))); }},
      {"GET", "/api/models/{name}/versions/{version}/file", "The ONNX file",
       [&](Request& request) {
         auto version = asked_version(workspace, request);
         std::string digest = onnx_of(workspace, version);
         return Response{.content_type = "application/octet-stream",
                         .headers = {{"ETag", "\"" + digest + "\""}},
                         .file = workspace.blobs().path(digest)};
       }},
      {"GET", "/api/models/{name}/versions/{version}/card", "What is known of a version, for people, as Markdown",
       [&](Request& request) {
         return Response{.content_type = "text/markdown; charset=utf-8",
                         .body = model_card(workspace, asked_version(workspace, request))};
       }},
      {"POST", "/api/models/{name}/versions/{version}/results", "Attach what was found out: {kind, result}",
       [&](Request& request) {
         auto version = asked_version(workspace, request);
         auto body = request.json_body();
         attach_result(workspace, version.name, version.version, get_string(body, "kind"),
                       object_or_empty(body, "result"), request.who);
         return json_response(with_results(workspace, version));
       }},
      {"PUT", "/api/models/{name}/aliases/{alias}", "Point an alias to a version: {version}",
       [&](Request& request) {
         set_alias(workspace, request.param("name"), request.param("alias"), get_int(request.json_body(), "version"),
                   request.who);
         return json_response(get_model(workspace, request.param("name")));
       }},
      {"DELETE", "/api/models/{name}/aliases/{alias}", "Take an alias away",
       [&](Request& request) {
         delete_alias(workspace, request.param("name"), request.param("alias"), request.who);
         return json_response(get_model(workspace, request.param("name")));
       }},
      {"GET", "/api/lineage/{kind}/{id...}", "What a thing came from, and what came from it",
       [&](Request& request) {
         return json_response(lineage_of(workspace, {request.param("kind"), request.param("id")}));
       }},
  };
}

}  // namespace gyre
