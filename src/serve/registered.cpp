#include "serve/registered.hpp"

#include "base/http_client.hpp"

namespace gyre {

// {"kind": "int8", "result": {"digest": "sha256:...", "loss": 0.002}} among what was found out about a version, the
// newest of its kind first.
static std::optional<std::string> int8_variant(const json::value& version, double most) {
  auto* results = find(version, "results");
  if (most <= 0 || !results || !results->is_array()) return std::nullopt;
  for (auto& one : results->as_array()) {
    if (string_or(one, "kind", "") != "int8") continue;
    auto* result = find(one, "result");
    if (!result) return std::nullopt;
    auto loss = find_number(*result, "loss");
    auto digest = find_string(*result, "digest");
    return loss && digest && *loss <= most ? digest : std::nullopt;
  }
  return std::nullopt;
}

RegisteredModels::Content RegisteredModels::content_of(const json::value& version, const std::string& path) const {
  if (auto digest = int8_variant(version, int8_loss_)) return {*digest, "/api/blobs/" + *digest, "int8"};
  return {string_or(version, "digest", ""), path + "/file", ""};
}

fs::path RegisteredModels::fetched(const Content& content) {
  auto& key = content.digest.empty() ? content.path : content.digest;
  if (auto found = known_.find(key); found != known_.end() && !content.digest.empty()) return found->second;
  auto file = folder_.path() / (std::to_string(known_.size()) + ".onnx");
  context_.api().download(content.path, file);
  known_[key] = file;
  return file;
}

void RegisteredModels::add_to(ModelFiles& files, const std::string& reference) {
  auto at = reference.find('@');
  std::string name = reference.substr(0, at);
  std::string wanted = at == std::string::npos ? "latest" : reference.substr(at + 1);
  std::string path = "/api/models/" + percent_encode(name) + "/versions/" + percent_encode(wanted);
  auto& api = context_.api();
  Content content;
  std::int64_t number = 1;
  try {
    auto version = api.call("GET", path);
    number = get_int(version, "version");
    content = content_of(version, path);
    if (auto* aliases = find(version, "aliases"); aliases && aliases->is_array())
      for (auto& alias : aliases->as_array()) files.labels[std::string(alias.as_string())] = number;
  } catch (const Error& unregistered) {
    // What `gyre train ... --as NAME` kept is a model too, before anyone has registered it.
    if (unregistered.code != Code::not_found) throw;
    try {
      auto asset = api.call("GET", "/api/assets/" + percent_encode(reference));
      if (std::string type = get_string(asset, "type"); type != "model")
        throw Error(Code::invalid, reference + " is no model: its type is " + type);
      content.digest = get_string(asset, "digest");
      content.path = "/api/blobs/" + content.digest;
    } catch (const Error& error) {
      if (error.code != Code::not_found) throw;
      throw Error(Code::not_found, "there is no model " + reference,
                  "gyre models lists the registered ones, gyre data list what trainings kept");
    }
  }
  ModelSource source{fetched(content), {}, content.digest, content.variant};
  files.versions.insert_or_assign(number, std::move(source));
}

}  // namespace gyre
