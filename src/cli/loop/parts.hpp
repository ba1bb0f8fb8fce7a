#pragma once
// The processes that `gyre loop` turns: a server for its workspace and an agent for each device, all on this machine.
#include <map>
#include <optional>
#include <string>

#include "base/command.hpp"
#include "base/process.hpp"

namespace gyre {

class LoopParts {
 public:
  explicit LoopParts(fs::path folder);
  ~LoopParts();

  Api& api() { return *api_; }
  const fs::path& folder() const { return folder_; }
  fs::path device_folder(const std::string& name) const { return folder_ / "devices" / name; }
  // Adds a device unless it is there, and keeps what its agent needs.
  void add_device(const std::string& name, const std::string& ring);
  // Starts the agents of all devices that were added and do not run.
  void start_agents();

 private:
  void start_server();

  fs::path folder_;
  Child server_;
  std::unique_ptr<Api> api_;
  std::map<std::string, Child> agents_;  // by device; not started: no process
};

}  // namespace gyre
