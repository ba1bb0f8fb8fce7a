#pragma once
// Content by its digest, out and in: /api/blobs.
#include <vector>

#include "base/route.hpp"
#include "store/workspace.hpp"

namespace gyre {

std::vector<Route> blob_routes(Workspace& workspace);

}  // namespace gyre
