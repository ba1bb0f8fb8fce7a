#pragma once
// The OCI runtime configuration of a module's container: as little as a model needs.
#include <filesystem>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace gyre {

struct ContainerOptions {
  std::vector<std::string> command;
  std::filesystem::path rootfs;
  std::filesystem::path input;  // seen as /input, read-only
  std::string cgroup;           // path below the cgroup root
  std::int64_t memory_mb = 256;
  double cpus = 1;
  bool user_namespace = true;
};

// Read-only root, user 1000 in a user namespace of its own, no capabilities, no new privileges, no network but its own
// empty one, a list of system calls that are refused, bounds on memory, processors and processes.
json::object container_config(const ContainerOptions& options);

}  // namespace gyre
