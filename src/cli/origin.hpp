#pragma once
#include <vector>

#include "base/route.hpp"

namespace gyre {

// What these routes do comes from the client's address: the audit log says so.
std::vector<Route> with_origin(std::vector<Route> routes);

}  // namespace gyre
