#pragma once
#include <filesystem>

#include "base/json.hpp"

namespace gyre {

// {"commit","branch","dirty","diff"} of the Git work tree around a folder; empty when there is none, or no git. `diff`
// is against the commit, new files by their names only, and is cut at 1 MB.
json::object git_state(const std::filesystem::path& folder);

}  // namespace gyre
