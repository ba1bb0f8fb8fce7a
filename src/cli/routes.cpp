// All route groups, in the order in which they are mounted. A group comes from its module; nothing is routed elsewhere.
#include "cli/app.hpp"
#include "flow/routes.hpp"
#include "model/describe.hpp"
#include "pack/oci_routes.hpp"
#include "pack/packages.hpp"
#include "track/mlflow.hpp"
#include "track/registry_routes.hpp"
#include "watch/routes.hpp"

namespace gyre {

static std::vector<Route> health_routes() {
  return {{"GET", "/api/health", "Whether the server answers", [](Request&) {
             return json_response({{"ready", true}});
           }}};
}

static json::object signature_of_right_model(const std::filesystem::path& file) {
  return check_model(file).at("signature").as_object();
}

void mount_routes(App& app) {
  app.api.mount(health_routes());
  app.api.mount(flow_routes(app.workspace, app.engine));
  app.api.mount(watch_routes(app.workspace));
  app.api.mount(queue_routes(app.workspace));
  app.api.mount(registry_routes(app.workspace, signature_of_right_model));
  app.api.mount(run_routes(app.workspace));
  app.api.mount(mlflow_routes(app.workspace), mlflow_error);
  app.api.mount(package_routes(app.workspace));
  app.registry.mount(oci_routes(app.workspace), oci_error_response);
}

}  // namespace gyre
