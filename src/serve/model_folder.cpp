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

std::string ModelSources::add(const std::string& reference, const std::function<fs::path(const std::string&)>& fetch) {
  fs::path path(reference);
  std::string name;
  ModelFiles files;
  if (fs::is_directory(path)) {
    name = fs::canonical(path).filename();
    auto found = model_folder(path);
    if (!found) throw Error(Code::not_found, reference + ": the folder has no VERSION/model.onnx");
    files = std::move(*found);
  } else {
    bool file = fs::is_regular_file(path);
    auto at = file ? std::string::npos : reference.find('@');
    name = file ? path.stem().string() : reference.substr(0, at);
    std::int64_t version = at == std::string::npos ? 0 : std::atoll(reference.c_str() + at + 1);
    files.versions[version > 0 ? version : 1].path = file ? fs::absolute(path) : fetch(reference);
  }
  auto& known = named_[name];
  for (auto& [version, source] : files.versions)
    if (!known.versions.emplace(version, source).second)
      throw Error(Code::conflict, "two models are called " + name + " and have the version " + std::to_string(version));
  if (known.versions.size() > files.versions.size() && !known.config.as_object().contains("version_policy"))
    known.config = json::object{{"version_policy", {{"all", json::object{}}}}};  // each was asked for
  if (!files.config.as_object().empty()) known.config = files.config;
  return name;
}

std::optional<ModelFiles> ModelSources::find(const std::string& name) const {
  if (auto found = named_.find(name); found != named_.end()) return found->second;
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
