#pragma once
// What `gyre many` made, kept under a name: every partition's model is registered, forecasts can be asked for.
#include <string>

#include "base/route.hpp"
#include "store/workspace.hpp"

namespace gyre {

// "sales.north.12": the name that the model of a partition is registered under.
std::string partition_model_name(const std::string& name, const std::vector<std::string>& keys);

// Registers every model of a step's output (steps/many.cpp) and keeps it as the newest run of the name:
// {"name","content","report",...,"registered"}.
json::object keep_many(Workspace& workspace, const std::string& name, const std::string& content, std::string_view who);

std::vector<Route> many_routes(Workspace& workspace);  // /api/many

}  // namespace gyre
