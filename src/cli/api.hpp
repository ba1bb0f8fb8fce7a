#pragma once
#include <filesystem>
#include <memory>

#include "base/command.hpp"

namespace gyre {

// $GYRE_URL, else the server that runs for the workspace around `from`, else the workspace opened in this process.
std::unique_ptr<Api> open_api(const std::filesystem::path& from);

// run/server.json of a workspace whose server is alive: its URL; nothing when none runs.
std::optional<std::string> running_server(const std::filesystem::path& dot_gyre);

}  // namespace gyre
