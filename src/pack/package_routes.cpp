#include "base/hash.hpp"
#include "flow/engine.hpp"
#include "flow/local_files.hpp"
#include "pack/packages.hpp"

namespace gyre {

// A digest, or the name of an asset ("bottle-images", "bottle-images@2").
static std::string resolved(Workspace& workspace, const std::string& reference) {
  return reference.empty() || is_digest(reference) ? reference : get_asset(workspace, reference).digest;
}

std::vector<Route> package_routes(Workspace& workspace) {
  return {
      {"GET", "/api/packages", "Signed images, newest first",
       [&workspace](Request&) {
         json::array packages;
         for (auto& package : list_packages(workspace)) packages.push_back(package);
         return json_response({{"packages", packages}});
       }},
      {"POST", "/api/packages",
       "Sign and publish an image: {\"package\": digest or asset, \"name\"?}, or \"path\" of an image layout on this "
       "machine",
       [&workspace](Request& request) {
         json::value body = request.json_body();
         auto path = find_string(body, "path");
         if (path) only_local(request, *path);
         std::string package = path ? workspace.blobs().put(*path) : resolved(workspace, get_string(body, "package"));
         return json_response(push_package(workspace, package, string_or(body, "name", ""), request.who));
       }},
      {"GET", "/api/packages/{reference...}", "One package: NAME (the newest) or NAME@sha256:...",
       [&workspace](Request& request) { return json_response(get_package(workspace, request.param("reference"))); }},
      {"POST", "/api/packages/data",
       "Publish samples for devices to validate on: {\"frames\", \"labels\"?: digests or assets, \"part\"?: "
       "all|train|hold,"
       " \"share\"?}; gives {\"data\": digest}",
       [&workspace](Request& request) {
         json::value body = request.json_body();
         DataRequest wanted;
         wanted.frames = resolved(workspace, get_string(body, "frames"));
         wanted.labels = resolved(workspace, string_or(body, "labels", ""));
         wanted.part = string_or(body, "part", wanted.part);
         wanted.share = find_number(body, "share").value_or(wanted.share);
         return json_response(publish_data(workspace, wanted));
       }},
      {"GET", "/api/signing-key", "The public key (PEM) that devices check images with, and its id",
       [&workspace](Request&) {
         SigningKey key = workspace_signing_key(workspace);
         return json_response({{"id", key.id}, {"public_key", key.public_pem}});
       }},
  };
}

}  // namespace gyre
