#pragma once
// Where the files of a registered version lie, as clients say it: "runs:/...", "models:/...", "mlflow-artifacts:/...",
// "s3://...".
#include <string>

#include "store/workspace.hpp"

namespace gyre {

struct VersionSource {
  std::string source;
  std::string run;
  std::string logged_model;  // an id, or empty
};
// What is kept of what a client asks for: a source that names another version takes over its run and its logged model.
// Error{invalid} for a place on the server's disk, a path that points upwards, and files of another run or model.
VersionSource checked_source(Workspace& workspace, VersionSource asked);

// What a client downloads from: "models:/..." followed to where those files were logged, all else as it is.
std::string download_uri(Workspace& workspace, const std::string& source);
// The same with "runs:/..." followed too: where we look ourselves.
std::string files_uri(Workspace& workspace, const std::string& source);

}  // namespace gyre
