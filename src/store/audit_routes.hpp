#pragma once
#include <vector>

#include "base/route.hpp"
#include "store/workspace.hpp"

namespace gyre {

std::vector<Route> audit_routes(Workspace& workspace);  // /api/audit

// "2026-03-01", "2026-03-01T08:00:00Z", or "90s", "30m", "2h", "7d" before now, as milliseconds; Error{invalid}.
std::int64_t moment_from(std::string_view text);

}  // namespace gyre
