#pragma once
// device.json: who this device is and whom it trusts (docs/formats/device-messages.md).
#include <filesystem>
#include <string>

#include "edge/bus.hpp"

namespace gyre {

struct AgentConfig {
  std::string device;
  BusOptions bus;
  std::string signing_public_pem;  // images must be signed with its private half
  std::string registry;            // instead of the desired twin's; empty: the twin's
  std::int64_t outbox_bytes = 64 << 20;
};

// Error{invalid} names the file and the member.
AgentConfig read_agent_config(const std::filesystem::path& file);

}  // namespace gyre
