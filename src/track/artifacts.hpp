#pragma once
// Files that clients logged, kept by path; their bytes are blobs. Paths are <experiment>/<run>/artifacts/..., or
// <experiment>/models/<model>/artifacts/...
#include <filesystem>
#include <string>

#include "store/workspace.hpp"

namespace gyre {

// A path of folders and a file, none of them pointing upwards; without the slashes at its end.
std::string checked_artifact_path(std::string path);
// Where in our paths a URI points: "mlflow-artifacts:/0/r/artifacts" -> "0/r/artifacts". Error{invalid} when its files
// are elsewhere.
std::string artifact_root(const std::string& uri);

void put_artifact(Workspace& workspace, const std::string& path, const std::string& digest, std::string_view who);
std::string artifact_digest(Workspace& workspace, const std::string& path);  // Error{not_found}
std::filesystem::path artifact_file(Workspace& workspace, const std::string& path);
void forget_artifacts(Workspace& workspace, const std::string& path, std::string_view who);  // a file or a folder
// One level below a folder as MLflow lists it: [{"path","is_dir","file_size"}...]; `prefix` is put before each name.
json::array list_artifacts(Workspace& workspace, const std::string& folder, const std::string& prefix);

}  // namespace gyre
