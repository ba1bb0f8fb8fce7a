#pragma once
// From what a user calls a model to its file: a path, or the name of a registered one.
#include "base/command.hpp"
#include "base/file.hpp"

namespace gyre {

class LocatedModel {
 public:
  // FILE, or NAME, NAME@3, NAME@champion of the workspace's registry or named data, fetched into a folder that goes
  // away with this.
  LocatedModel(const std::string& reference, CommandContext& context);
  const fs::path& path() const { return path_; }

 private:
  std::optional<TemporaryFolder> fetched_;
  fs::path path_;
};

}  // namespace gyre
