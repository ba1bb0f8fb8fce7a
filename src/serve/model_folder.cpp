#include "serve/model_folder.hpp"

#include "base/file.hpp"
#include "serve/config_text.hpp"

namespace gyre {

std::optional<ModelFiles> model_folder(const fs::path& folder) {
  if (!fs::is_directory(folder)) return std::nullopt;
  ModelFiles files;
  for (auto& entry : fs::directory_iterator(folder)) {
    std::string name = entry.path().filename();
    if (name.empty() || name.size() > 18 || name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (fs::is_regular_file(entry.path() / "model.onnx"))
      files.versions[std::stoll(name)].path = entry.path() / "model.onnx";
  }
  if (files.versions.empty()) return std::nullopt;
  if (auto config = folder / "config.json"; fs::exists(config))
    files.config = read_json_file(config);
  else if (auto text = folder / "config.pbtxt"; fs::exists(text))
    files.config = parse_config_text(read_file(text), text.string());
  return files;
}

// Each was asked for, not only the latest.
static void serve_all(ModelFiles& files) {
  if (!files.config.as_object().contains("version_policy"))
    files.config.as_object()["version_policy"] = {{"all", json::object{}}};
}

static void add_versions(ModelFiles& known, const ModelFiles& files, const std::string& name) {
  for (auto& [version, source] : files.versions)
    if (!known.versions.emplace(version, source).second)
      throw Error(Code::conflict, "two models are called " + name + " and have the version " + std::to_string(version));
  if (!files.config.as_object().empty()) known.config = files.config;
  if (known.versions.size() > files.versions.size()) serve_all(known);
}

std::string ModelSources::add(const std::string& reference) {
  fs::path path(reference);
  if (fs::is_directory(path)) {
    std::string name = fs::canonical(path).filename();
    auto found = model_folder(path);
    if (!found) throw Error(Code::not_found, reference + ": the folder has no VERSION/model.onnx");
    add_versions(named_[name].files, *found, name);
    return name;
  }
  if (fs::is_regular_file(path)) {
    ModelFiles files;
    files.versions[1].path = fs::absolute(path);
    add_versions(named_[path.stem()].files, files, path.stem());
    return path.stem();
  }
  if (reference.empty() || reference.find('/') != std::string::npos || reference.ends_with(".onnx") || !registered_)
    throw Error(Code::not_found, "\"" + reference + "\": there is no such model file");
  std::string name = reference.substr(0, reference.find('@'));
  named_[name].references.push_back(reference);
  return name;
}

std::optional<ModelFiles> ModelSources::find(const std::string& name) const {
  if (auto found = named_.find(name); found != named_.end()) {
    ModelFiles files = found->second.files;
    for (auto& reference : found->second.references) registered_(files, reference);
    if (files.versions.size() > 1 && !found->second.references.empty()) serve_all(files);
    return files;
  }
  // A name is no path: it cannot lead out of the folder.
  if (folder_.empty() || name.empty() || name.find('/') != std::string::npos || name.starts_with('.'))
    return std::nullopt;
  if (auto files = model_folder(folder_ / name)) return files;
  if (auto file = folder_ / (name + ".onnx"); fs::is_regular_file(file)) {
    ModelFiles files;
    files.versions[1].path = file;
    return files;
  }
  return std::nullopt;
}

std::vector<std::string> ModelSources::names() const {
  std::vector<std::string> names;
  for (auto& [name, files] : named_) names.push_back(name);
  if (!folder_.empty() && fs::is_directory(folder_))
    for (auto& entry : fs::directory_iterator(folder_)) {
      bool file = entry.path().extension() == ".onnx", folder = entry.is_directory() && model_folder(entry.path());
      std::string name = file ? entry.path().stem().string() : entry.path().filename().string();
      if ((file || folder) && !named_.contains(name)) names.push_back(name);
    }
  return names;
}

}  // namespace gyre
