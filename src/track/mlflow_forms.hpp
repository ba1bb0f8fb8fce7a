#pragma once
// Values in MLflow's form that more than one group of its routes answers with.
#include "track/registry.hpp"

namespace gyre {

json::object mlflow_version(Workspace& workspace, const ModelVersion& version);

}  // namespace gyre
