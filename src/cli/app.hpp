#pragma once
// A workspace opened by this process, with everything that works on it wired together. The server and an in-process
// command line both are one App.
#include <memory>

#include "base/route.hpp"
#include "fleet/fleet.hpp"
#include "flow/engine.hpp"
#include "search/sweep.hpp"
#include "server/users.hpp"
#include "store/workspace.hpp"

namespace gyre {

struct App {
  explicit App(const std::filesystem::path& dot_gyre);
  ~App();

  Workspace workspace;
  Users users;
  std::unique_ptr<StepObserver> recorder;      // steps' runs become tracked runs
  std::unique_ptr<StepObserver> open_lineage;  // and are told of, where the configuration says so
  Engine engine;
  Sweeps sweeps;
  Fleet fleet;
  RouteTable api;       // port 7080
  RouteTable registry;  // port 7081
};

// The one page that lists all route groups (routes.cpp).
void mount_routes(App& app);

std::unique_ptr<StepObserver> make_recorder(Workspace& workspace);

}  // namespace gyre
