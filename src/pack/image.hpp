#pragma once
// Builds a model's container image as an OCI image layout (docs/formats/package.md). The layers are ordered by how
// seldom they change, so that a new version of a model is, for a device that has the former one, a layer of the model's
// size.
#include <filesystem>
#include <map>
#include <string>

#include "pack/layer.hpp"

namespace gyre {

struct ImageParts {
  std::filesystem::path module;                         // the program gyre-module
  std::map<std::string, std::filesystem::path> opened;  // libraries that it opens at run time: name -> file
  std::filesystem::path model;                          // the ONNX file
  json::object about;                                   // becomes /model/manifest.json
  std::map<std::string, std::string> labels;            // of the image's config
};

struct BuiltImage {
  Descriptor manifest;
  std::vector<Layer> layers;  // base libraries, opened libraries, module, model
};

// `layout` does not exist yet. Equal parts give equal bytes.
BuiltImage build_image(const ImageParts& parts, const std::filesystem::path& layout);

}  // namespace gyre
