#pragma once
// The files that wait in an input folder, as driver, module and agent agree on them.
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/file.hpp"

namespace gyre {

// Whole regular files in name order; hidden ones and "*.part" are still being written.
std::vector<std::string> waiting_inputs(const std::filesystem::path& folder);

// Gives each file once, in name order, although somebody else removes it later. A file of the same name that comes
// after is new (another inode or time).
class InputFolder {
 public:
  explicit InputFolder(std::filesystem::path folder);
  const std::filesystem::path& folder() const { return folder_; }
  std::vector<std::string> fresh();  // marks them as given
  // Waits until something moved in, at most `milliseconds` (changes by other mounts are found by looking again).
  void wait(int milliseconds) const;

 private:
  struct Stamp {
    std::uint64_t inode;
    std::int64_t nanoseconds;
    bool operator==(const Stamp&) const = default;
  };
  std::filesystem::path folder_;
  FileHandle watch_;
  std::map<std::string, Stamp> given_;
};

}  // namespace gyre
