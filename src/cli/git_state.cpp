#include "cli/git_state.hpp"

#include <optional>

#include "base/process.hpp"

namespace gyre {

static constexpr std::size_t longest_diff = 1 << 20;

static std::optional<std::string> git(const fs::path& folder, std::vector<std::string> words) {
  words.insert(words.begin(), {"git", "--no-optional-locks"});
  Finished done = run_program(std::move(words), folder);
  if (done.code != 0) return {};
  while (done.output.ends_with('\n')) done.output.pop_back();
  return done.output;
}

json::object git_state(const std::filesystem::path& folder) {
  try {
    auto commit = git(folder, {"rev-parse", "--verify", "HEAD"});
    if (!commit) return {};
    std::string changed = git(folder, {"status", "--porcelain"}).value_or("");
    std::string diff = changed.empty() ? "" : git(folder, {"diff", "--no-color", "--no-ext-diff", "HEAD"}).value_or("");
    for (std::size_t at = 0; at < changed.size();) {
      auto end = std::min(changed.find('\n', at), changed.size());
      if (changed.compare(at, 3, "?? ") == 0) diff += (diff.empty() ? "" : "\n") + changed.substr(at, end - at);
      at = end + 1;
    }
    if (diff.size() > longest_diff) diff = diff.substr(0, longest_diff) + "\n[cut at 1 MB]";
    return {{"commit", *commit},
            {"branch", git(folder, {"branch", "--show-current"}).value_or("")},
            {"dirty", !changed.empty()},
            {"diff", diff}};
  } catch (const Error& error) {
    if (error.code == Code::not_found) return {};  // there is no git on this machine
    throw;
  }
}

}  // namespace gyre
