#pragma once
// Where the models of a serving process come from: what was named at its start, and a folder that clients load from.
#include <filesystem>
#include <functional>

#include "serve/repository.hpp"

namespace gyre {

class ModelSources {
 public:
  // Adds a version by its reference, as the registry has it now.
  using Registered = std::function<void(ModelFiles& files, const std::string& reference)>;
  explicit ModelSources(std::filesystem::path folder, Registered registered = {})
      : folder_(std::move(folder)), registered_(std::move(registered)) {}
  // A file, a model's folder, or the name of a registered one. Gives the name under which it is served.
  std::string add(const std::string& reference);
  // What is loaded by a name; registered models are looked up again: an alias may have moved.
  std::optional<ModelFiles> find(const std::string& name) const;
  std::vector<std::string> names() const;

 private:
  struct Named {
    ModelFiles files;
    std::vector<std::string> references;
  };
  std::filesystem::path folder_;
  Registered registered_;
  std::map<std::string, Named> named_;
};

// NAME/VERSION/model.onnx and NAME/config.json or config.pbtxt, as Triton lays its repositories out. Nothing where
// there is no version.
std::optional<ModelFiles> model_folder(const std::filesystem::path& folder);

}  // namespace gyre
