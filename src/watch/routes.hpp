#pragma once
// /api/watch: windows of answers, drift, alerts, events. /api/queue: the labelling queue.
#include <vector>

#include "base/route.hpp"
#include "store/workspace.hpp"

namespace gyre {

std::vector<Route> watch_routes(Workspace& workspace);
std::vector<Route> queue_routes(Workspace& workspace);

}  // namespace gyre
