#pragma once
// What an import brings, kept under its own ids and times. Each call is all or nothing, and one that comes again
// changes nothing. docs/mlflow-import.md has the documents' form.
#include <vector>

#include "base/route.hpp"
#include "store/workspace.hpp"

namespace gyre {

std::vector<Route> import_routes(Workspace& workspace);  // /api/import/mlflow

}  // namespace gyre
