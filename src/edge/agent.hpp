#pragma once
// The device agent: takes the desired twin, keeps the modules as it says, tells the server what is so.
#include <atomic>
#include <filesystem>

namespace gyre {

// Runs until `stop`. Error{conflict}: another agent has this state folder.
int run_agent(const std::filesystem::path& state, const std::filesystem::path& config, const std::atomic<bool>& stop);

// What runs here, from the state folder alone; works while the agent runs and while it does not.
int print_agent_status(const std::filesystem::path& state, bool as_json);

}  // namespace gyre
