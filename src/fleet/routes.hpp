#pragma once
#include "base/route.hpp"
#include "fleet/fleet.hpp"

namespace gyre {

// /api/devices and /api/rollouts.
std::vector<Route> fleet_routes(Fleet& fleet);

}  // namespace gyre
