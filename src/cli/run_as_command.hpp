#pragma once
#include "cli/arguments.hpp"

namespace gyre {

// A path of the user's becomes "file:..." with the whole path, or, for a server elsewhere, "sha256:...#NAME" once it
// was sent there; names and digests stay what they are.
std::string reference_of(const std::string& word);
// Writes content of the workspace to a path of the user's.
void copy_out(Api& api, const std::string& digest, const std::filesystem::path& to);

// Runs a step that was typed as a command: one node, its result kept under --as and copied to --out.
int run_step_command(const Invocation& invocation, CommandContext& context);

}  // namespace gyre
