#pragma once
// What runs were made from: the state of the user's folder when a pipeline was started, as tags of each run and the
// difference to the commit as its file source.diff.
#include <string>
#include <vector>

#include "base/route.hpp"
#include "store/workspace.hpp"

namespace gyre {

std::vector<Route> source_routes(Workspace& workspace);  // POST /api/pipelines/{id}/source

// For a run that is there; nothing when its pipeline has told nothing (yet: then the route does it).
void attach_source(Workspace& workspace, const std::string& pipeline_run, const std::string& run);

}  // namespace gyre
