#pragma once
#include <vector>

#include "base/route.hpp"
#include "server/users.hpp"

namespace gyre {

// The same routes, each asked only by who may (policy.hpp), and saying to the audit log where its caller is. Without
// authentication everybody is "local" and may do everything.
std::vector<Route> guarded(std::vector<Route> routes, Workspace& workspace, Users& users);

}  // namespace gyre
