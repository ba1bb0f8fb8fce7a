#pragma once
#include "cli/arguments.hpp"

namespace gyre {

// Runs a step that was typed as a command: one node, its result kept under --as and copied to --out.
int run_step_command(const Invocation& invocation, CommandContext& context);

}  // namespace gyre
