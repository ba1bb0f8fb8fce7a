#pragma once
// /api/data: what is in named data, in words and counts. Naming and listing them is flow's (/api/assets).
#include <vector>

#include "base/route.hpp"
#include "store/workspace.hpp"

namespace gyre {

std::vector<Route> data_routes(Workspace& workspace);

}  // namespace gyre
