#pragma once
// Modules' containers, by runc. The place where they run: a mount namespace of the agent's own, in which the root file
// systems are mounted, so that nothing stays mounted however the agent ends.
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/process.hpp"
#include "edge/container_config.hpp"

namespace gyre {

// Made once, before there are threads. Error{denied} without root.
class ContainerPlace {
 public:
  // `device` tells the cgroups of several agents on one machine apart.
  ContainerPlace(std::filesystem::path state, std::string device);
  const std::filesystem::path& state() const { return state_; }
  const std::filesystem::path& bundles() const { return bundles_; }
  std::filesystem::path runtime_root() const { return state_ / "run" / "runc"; }
  std::string cgroup(const std::string& id) const { return "/gyre-edge/" + group_ + "/" + id; }
  bool user_namespaces() const { return user_namespaces_; }
  // Held, shared, by each runc that starts a container: by its process too, when ours is killed meanwhile.
  FileHandle runtime_lock() const;
  // Ends the containers that a killed agent or helper left.
  void remove_left_over() const;

 private:
  std::filesystem::path state_, bundles_;
  std::string group_;
  bool user_namespaces_ = true;
};

// One running container; stopped and deleted with the object.
class Container {
 public:
  // `layers` lowest first; options.rootfs and options.cgroup are set here.
  Container(const ContainerPlace& place, std::string id, const std::vector<std::filesystem::path>& layers,
            ContainerOptions options);
  ~Container();
  Container(const Container&) = delete;
  pid_t pid() const { return pid_; }
  int output() const { return runc_.output(); }  // its standard output, for poll
  bool running();                                // reaps; after that exit_code() is known
  int exit_code() const { return exit_code_; }   // 128 + n for signal n
  void stop(double patience_seconds = 3);        // SIGTERM, then SIGKILL
  double pss_mb() const;
  std::string last_words() const;  // the end of what it wrote to standard error

 private:
  void prepare(const std::vector<std::filesystem::path>& layers, ContainerOptions options);
  void start(FileHandle lock);
  void clear();
  std::string id_;
  std::filesystem::path bundle_, root_, input_, runtime_root_;
  Child runc_;  // has ended; its output is the container's
  pid_t pid_ = -1;
  int exit_code_ = 0;
};

}  // namespace gyre
