#include "model/locate.hpp"

namespace gyre {

LocatedModel::LocatedModel(const std::string& reference, CommandContext& context) : path_(reference) {
  if (fs::is_regular_file(path_)) return;
  if (reference.empty() || reference.find('/') != std::string::npos || reference.ends_with(".onnx"))
    throw Error(Code::not_found, "\"" + reference + "\": there is no such model file");
  auto at = reference.find('@');
  std::string name = reference.substr(0, at);
  std::string version = at == std::string::npos ? "latest" : reference.substr(at + 1);
  auto& api = context.api();
  fetched_.emplace();
  path_ = fetched_->path() / (reference + ".onnx");
  api.download("/api/models/" + name + "/versions/" + version + "/file", path_);
}

}  // namespace gyre
