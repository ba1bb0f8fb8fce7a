#pragma once
// The text of a tree: how a folder is content (blobs.hpp).
#include <filesystem>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace gyre {

// A tree's blob starts with this line, which tells it from a file's.
inline constexpr std::string_view tree_mark = "gyre-tree-1\n";

// `files`: [{"path","size","digest"}...], sorted by path.
inline std::string tree_text(const json::array& files) { return std::string(tree_mark) + canonical(files); }
json::array files_of_folder(const std::filesystem::path& folder);  // digests of what is there now

}  // namespace gyre
