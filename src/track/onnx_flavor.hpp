#pragma once
#include <string>

#include "track/registry.hpp"

namespace gyre {

// The digest of the ONNX file of a version: its own content, or the file that MLflow's onnx flavour keeps where the
// version's source says. Error{not_found} when the files lie elsewhere or are of another flavour.
std::string onnx_of(Workspace& workspace, const ModelVersion& version);

}  // namespace gyre
