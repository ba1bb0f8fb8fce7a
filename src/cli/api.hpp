#pragma once
#include <filesystem>
#include <memory>

#include "base/command.hpp"
#include "base/route.hpp"

namespace gyre {

// $GYRE_URL, else the server that runs for the workspace around `from`, else the workspace opened in this process.
std::unique_ptr<Api> open_api(const std::filesystem::path& from);

// The JSON of an answer; throws the Error that it carries.
json::value value_of(const Response& response, std::string_view path);

// run/server.json of a workspace whose server is alive: its URL; nothing when none runs.
std::optional<std::string> running_server(const std::filesystem::path& dot_gyre);

}  // namespace gyre
