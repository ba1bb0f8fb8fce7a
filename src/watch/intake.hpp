#pragma once
// What devices report, taken into the tables of watch. fleet receives the messages and knows nothing of watch: cli
// hands it these functions. They run inside the transaction that marks a message as handled.
#include "store/workspace.hpp"

namespace gyre {

// The bodies are those of src/edge/messages.hpp: "answers", "sample", "event". Error{invalid} for a body that is none.
void take_answers(Workspace& workspace, const std::string& device, std::int64_t at, const json::value& body);
void take_sample(Workspace& workspace, const std::string& device, std::int64_t at, const json::value& body);
void take_event(Workspace& workspace, const std::string& device, std::int64_t at, const json::value& body);

}  // namespace gyre
