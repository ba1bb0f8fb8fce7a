// All route groups, in the order in which they are mounted. A group comes from its module; nothing is routed elsewhere.
#include "cli/app.hpp"
#include "flow/routes.hpp"
#include "watch/routes.hpp"

namespace gyre {

static std::vector<Route> health_routes() {
  return {{"GET", "/api/health", "Whether the server answers", [](Request&) { return json_response({{"ready", true}}); }}};
}

void mount_routes(App& app) {
  app.api.mount(health_routes());
  app.api.mount(flow_routes(app.workspace, app.engine));
  app.api.mount(watch_routes(app.workspace));
  app.api.mount(queue_routes(app.workspace));
}

}  // namespace gyre
