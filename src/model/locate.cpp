#include "model/locate.hpp"

#include "base/http_client.hpp"

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
  try {
    api.download("/api/models/" + name + "/versions/" + version + "/file", path_);
  } catch (const Error& unregistered) {
    // What `gyre train ... --as NAME` kept is a model too, before anyone has registered it.
    if (unregistered.code != Code::not_found) throw;
    json::value asset;
    try {
      asset = api.call("GET", "/api/assets/" + percent_encode(reference));
    } catch (const Error& error) {
      if (error.code != Code::not_found) throw;
      throw Error(Code::not_found, "there is no model " + reference,
                  "gyre models lists the registered ones, gyre data list what trainings kept");
    }
    if (std::string type = get_string(asset, "type"); type != "model")
      throw Error(Code::invalid, reference + " is no model: its type is " + type);
    api.download("/api/blobs/" + get_string(asset, "digest"), path_);
  }
}

}  // namespace gyre
