#pragma once
// /api/models, /api/lineage and /api/runs: the registry and what was tracked, as Gyre's own commands and studio use
// them.
#include <filesystem>
#include <functional>
#include <vector>

#include "base/route.hpp"
#include "store/workspace.hpp"

namespace gyre {

// Refuses, by an Error, a file that is no model with a signature and right golden answers; gives what is worth keeping
// of it (its signature). Given by who wires the modules: tracking knows nothing of ONNX.
using ModelCheck = std::function<json::object(const std::filesystem::path& file)>;

std::vector<Route> registry_routes(Workspace& workspace, ModelCheck check);
std::vector<Route> run_routes(Workspace& workspace);

}  // namespace gyre
