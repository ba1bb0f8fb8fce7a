#pragma once
// Where the models of a serving process come from: what was named at its start, and a folder that clients load from.
#include <filesystem>
#include <functional>

#include "serve/repository.hpp"

namespace gyre {

class ModelSources {
 public:
  explicit ModelSources(std::filesystem::path folder) : folder_(std::move(folder)) {}
  // A file, a model's folder, or the name of a registered one, which `fetch` turns into a file. Gives the name under
  // which it is served.
  std::string add(const std::string& reference, const std::function<std::filesystem::path(const std::string&)>& fetch);
  std::optional<ModelFiles> find(const std::string& name) const;
  std::vector<std::string> names() const;

 private:
  std::filesystem::path folder_;
  std::map<std::string, ModelFiles> named_;
};

// NAME/VERSION/model.onnx and NAME/config.json or config.pbtxt, as Triton lays its repositories out. Nothing where
// there is no version.
std::optional<ModelFiles> model_folder(const std::filesystem::path& folder);

}  // namespace gyre
