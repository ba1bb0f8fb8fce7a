#pragma once
// What the agent leaves to short-lived children of its own program, so that their memory does not stay with it:
// fetching and unpacking images, validating a model. A helper writes one JSON line as it ends: {"done":true} or
// {"code","error"}.
#include <filesystem>

#include "base/error.hpp"
#include "edge/agent_config.hpp"
#include "edge/edge_state.hpp"

namespace gyre {

class ContainerPlace;

// Where images come from: the configuration's registry, or the desired twin's.
std::string registry_of(const AgentConfig& config, const json::object& desired);

void install_image(const AgentConfig& config, EdgeState& state, const std::string& image);

// Answers the desired twin's "validate" into the outbox. Throws only what may go away by itself (no network, a full
// disk); what will not is the answer.
void validate_desired(const AgentConfig& config, EdgeState& state, const ContainerPlace& place);

// Whether trying the same again may help.
bool may_pass(Code code);

}  // namespace gyre
