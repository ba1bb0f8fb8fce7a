// All route groups, in the order in which they are mounted. A group comes from its module; nothing is routed elsewhere.
#include <unistd.h>

#include "cli/app.hpp"
#include "cli/guard.hpp"
#include "cli/mentions.hpp"
#include "cli/source.hpp"
#include "data/routes.hpp"
#include "fleet/routes.hpp"
#include "flow/routes.hpp"
#include "model/describe.hpp"
#include "pack/oci_routes.hpp"
#include "pack/packages.hpp"
#include "search/many.hpp"
#include "server/user_routes.hpp"
#include "store/audit_routes.hpp"
#include "store/blob_routes.hpp"
#include "track/importing/import_routes.hpp"
#include "track/mlflow.hpp"
#include "track/registry_routes.hpp"
#include "watch/intake.hpp"
#include "watch/routes.hpp"

namespace gyre {

static std::vector<Route> health_routes() {
  return {quick({"GET", "/api/health", "Whether the server answers, and which process that is", [](Request&) {
                   return json_response({{"ready", true}, {"pid", ::getpid()}});
                 }})};
}

static json::object signature_of_right_model(const std::filesystem::path& file) {
  return check_model(file).at("signature").as_object();
}

// What devices send goes to watch, which fleet knows nothing of.
static void connect_intakes(App& app) {
  auto& workspace = app.workspace;
  auto connect = [&](const char* kind, void (*take)(Workspace&, const std::string&, std::int64_t, const json::value&)) {
    app.fleet.inbox().on(kind, [&workspace, take](const std::string& device, std::int64_t at, const json::value& body) {
      take(workspace, device, at, body);
    });
  };
  connect("answers", take_answers);
  connect("sample", take_sample);
  connect("event", take_event);
}

void mount_routes(App& app) {
  connect_intakes(app);
  auto mount = [&app](std::vector<Route> routes, RouteTable::ErrorForm form = error_response) {
    app.api.mount(guarded(std::move(routes), app.workspace, app.users), std::move(form));
  };
  mount(health_routes());
  mount(flow_routes(app.workspace, app.engine));
  mount(sweep_routes(app.sweeps));
  mount(blob_routes(app.workspace));
  mount(data_routes(app.workspace));
  mount(package_routes(app.workspace));
  mount(watch_routes(app.workspace));
  mount(queue_routes(app.workspace));
  mount(registry_routes(app.workspace, signature_of_right_model));
  mount(many_routes(app.workspace));
  mount(fleet_routes(app.fleet));
  mount(run_routes(app.workspace));
  mount(audit_routes(app.workspace));
  mount(source_routes(app.workspace));
  mount(import_routes(app.workspace));
  mount(user_routes(app.users));
  mount(collect_routes(app.workspace, content_mentions()));
  mount(mlflow_routes(app.workspace), mlflow_error);
  auto may_push = [&app](const Request& request) { return app.users.role_of(request.who) >= Role::contributor; };
  app.registry.mount(oci_routes(app.workspace, may_push), oci_error_response);
}

}  // namespace gyre
