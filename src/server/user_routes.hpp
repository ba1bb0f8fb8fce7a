#pragma once
#include <vector>

#include "base/route.hpp"
#include "server/users.hpp"

namespace gyre {

// /api/users and /api/me. Roles on a subject are given by its owners, everything else by admins: checked here.
std::vector<Route> user_routes(Users& users);

}  // namespace gyre
