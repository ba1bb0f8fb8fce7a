#include "cli/loop/parts.hpp"

#include <signal.h>

#include <chrono>
#include <thread>

#include "base/clock.hpp"
#include "cli/api.hpp"
#include "store/workspace.hpp"

namespace gyre {

LoopParts::LoopParts(fs::path folder) : folder_(std::move(folder)) {
  make_folders(folder_ / "devices");
  Workspace::init(folder_);
  start_server();
}

void LoopParts::start_server() {
  fs::path dot_gyre = folder_ / ".gyre";
  if (!running_server(dot_gyre)) {
    server_ = Child::start(
        {.command = {own_program().string(), "up", "--port", "0", "--registry-port", "0", "--mqtt-port", "0"},
         .environment = {{"GYRE_HOME", dot_gyre.string()}},
         .folder = folder_,
         .output_file = folder_ / "server.log"});
    for (double until = seconds_since_start() + 30; !running_server(dot_gyre);) {
      if (!server_.running())
        throw Error(Code::unavailable, "the server did not start", "see " + (folder_ / "server.log").string());
      if (seconds_since_start() > until)
        throw Error(Code::unavailable, "the server does not answer after 30 s",
                    "see " + (folder_ / "server.log").string());
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  ::setenv("GYRE_HOME", dot_gyre.c_str(), 1);
  api_ = open_api(folder_);
}

void LoopParts::add_device(const std::string& name, const std::string& ring) {
  fs::path folder = device_folder(name);
  if (!fs::exists(folder / "device.json")) {
    json::value answer = api_->call("POST", "/api/devices", {{"name", name}, {"ring", ring}});
    make_folders(folder / "state");
    // device.json last: a device folder that has it is whole.
    auto& files = answer.at("files").as_object();
    for (auto& [file, content] : files)
      if (file != "device.json") write_file(folder / std::string(file), get_string(files, file), 0600);
    write_file(folder / "device.json", get_string(files, "device.json"), 0600);
  }
  agents_.try_emplace(name);
}

void LoopParts::start_agents() {
  for (auto& [name, child] : agents_) {
    if (child.running()) continue;
    fs::path folder = device_folder(name);
    child = Child::start({.command = {(own_program().parent_path() / "gyre-edge").string(), "run", "--state",
                                      (folder / "state").string(), "--config", (folder / "device.json").string()},
                          .output_file = folder / "agent.log"});
  }
}

LoopParts::~LoopParts() {
  for (auto& [name, child] : agents_) child.signal(SIGTERM);
  for (auto& [name, child] : agents_) child.stop(10);
  server_.stop(10);
}

}  // namespace gyre
