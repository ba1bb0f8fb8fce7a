#include "track/onnx_flavor.hpp"

#include "base/error.hpp"
#include "track/artifacts.hpp"
#include "track/model_sources.hpp"

namespace gyre {

std::string onnx_of(Workspace& workspace, const ModelVersion& version) {
  if (!version.digest.empty()) return version.digest;
  std::string uri = files_uri(workspace, version.source), root;
  try {
    root = artifact_root(uri);
  } catch (const Error& error) {
    if (error.code != Code::invalid) throw;
    throw Error(Code::not_found, version.reference() + " has no file here: it lies at " + uri);
  }
  bool whole = false, more = false;
  for (auto& file : list_artifacts(workspace, root, "")) {
    std::string name = get_string(file, "path");
    whole |= name == "model.onnx";
    more |= name.starts_with("model.onnx") && name != "model.onnx";
  }
  if (!whole)
    throw Error(Code::not_found, version.reference() + " is no ONNX model: there is no model.onnx at " + uri,
                "log it by mlflow.onnx.log_model, or register an ONNX file: gyre model register");
  if (more)
    throw Error(Code::unsupported, version.reference() + " keeps its weights beside model.onnx",
                "log it by mlflow.onnx.log_model(..., save_as_external_data=False)");
  return artifact_digest(workspace, root + "/model.onnx");
}

}  // namespace gyre
