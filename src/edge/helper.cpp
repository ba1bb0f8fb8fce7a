#include "edge/helper.hpp"

#include "edge/image_store.hpp"

namespace gyre {

std::string registry_of(const AgentConfig& config, const json::object& desired) {
  if (!config.registry.empty()) return config.registry;
  return get_string(desired, "registry");
}

bool may_pass(Code code) {
  return code == Code::unavailable || code == Code::full || code == Code::internal || code == Code::cancelled;
}

void install_image(const AgentConfig& config, EdgeState& state, const std::string& image) {
  ImageStore images(state.folder());
  HttpOptions http{.ca = config.bus.ca, .certificate = config.bus.certificate, .key = config.bus.key};
  images.install(parse_image_reference(image), registry_of(config, state.desired()), config.signing_public_pem, http,
                 [&](std::int64_t bytes) { state.add_download(image, bytes); });
}

}  // namespace gyre
