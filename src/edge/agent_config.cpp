#include "edge/agent_config.hpp"

#include "base/file.hpp"
#include "base/json.hpp"
#include "edge/messages.hpp"

namespace gyre {

AgentConfig read_agent_config(const fs::path& file) {
  json::value content = read_json_file(file);
  fs::path folder = fs::absolute(file).parent_path();
  try {
    AgentConfig config;
    config.device = get_string(content, "device");
    config.bus.name = config.device;
    config.bus.host = get_string(content, "host");
    config.bus.port = static_cast<int>(get_int(content, "port"));
    config.bus.ca = folder / get_string(content, "ca");
    config.bus.certificate = folder / get_string(content, "certificate");
    config.bus.key = folder / get_string(content, "key");
    config.bus.presence = topic_state(config.device);
    config.signing_public_pem = read_file(folder / get_string(content, "signing_key"));
    config.registry = string_or(content, "registry", "");
    if (auto* bytes = find(content, "outbox_bytes")) config.outbox_bytes = bytes->to_number<std::int64_t>();
    return config;
  } catch (const Error& error) {
    throw Error(error.code, file.string() + ": " + error.text(), "write the file again with `gyre device add`");
  }
}

}  // namespace gyre
