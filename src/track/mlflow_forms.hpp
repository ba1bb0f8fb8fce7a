#pragma once
// Values in MLflow's form that more than one group of its routes answers with, or is asked with.
#include "track/logged_models.hpp"
#include "track/mlflow.hpp"
#include "track/registry.hpp"
#include "track/run_links.hpp"

namespace gyre {

json::object mlflow_version(Workspace& workspace, const ModelVersion& version);
// What a client names, or MLflow's words for that it is not there.
json::object known_model(Workspace& workspace, const std::string& name);
ModelVersion known_version(Workspace& workspace, const Asked& asked);  // by name and version
// A file as an attachment: a page that somebody logged must not run in the server's name.
Response mlflow_file(Workspace& workspace, const std::string& path);

json::object mlflow_inputs(const RunLinks& links);
json::object mlflow_outputs(const RunLinks& links);

// Of the points that a request logs, `points[i]` from `metrics[i]`, those measured of a logged model.
std::vector<ModelPoint> asked_model_points(const std::string& run, const std::vector<Asked>& metrics,
                                           const std::vector<Point>& points);

}  // namespace gyre
