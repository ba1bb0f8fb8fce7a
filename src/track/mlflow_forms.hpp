#pragma once
// Values in MLflow's form that more than one group of its routes answers with, or is asked with.
#include "track/logged_models.hpp"
#include "track/mlflow.hpp"
#include "track/registry.hpp"
#include "track/run_links.hpp"

namespace gyre {

json::object mlflow_version(Workspace& workspace, const ModelVersion& version);
json::object mlflow_inputs(const RunLinks& links);
json::object mlflow_outputs(const RunLinks& links);

// Of the points that a request logs, `points[i]` from `metrics[i]`, those measured of a logged model.
std::vector<ModelPoint> asked_model_points(const std::string& run, const std::vector<Asked>& metrics,
                                           const std::vector<Point>& points);

}  // namespace gyre
