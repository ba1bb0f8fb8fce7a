#pragma once
#include "base/route.hpp"
#include "flow/engine.hpp"

namespace gyre {

// /api/steps, /api/pipelines, /api/assets, /api/blobs: what runs and what it made.
std::vector<Route> flow_routes(Workspace& workspace, Engine& engine);

}  // namespace gyre
