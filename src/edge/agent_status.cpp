#include <fcntl.h>
#include <sys/file.h>

#include <cstdio>

#include "base/file.hpp"
#include "edge/agent.hpp"
#include "edge/edge_state.hpp"
#include "edge/outbox.hpp"

namespace gyre {

static bool is_running(const fs::path& state) {
  if (!fs::exists(state / "run" / "agent.lock")) return false;
  FileHandle lock = open_file(state / "run" / "agent.lock", O_RDWR);
  return ::flock(lock.get(), LOCK_SH | LOCK_NB) != 0;
}

int print_agent_status(const fs::path& folder, bool as_json) {
  if (!fs::exists(folder / "state.db"))
    throw Error(Code::not_found, folder.string() + " is no agent's state folder",
                "give the folder of `gyre-edge run --state`");
  EdgeState state(folder);
  Outbox outbox(state.db(), INT64_MAX);
  json::object status{{"running", is_running(folder)},
                      {"desired_version", state.desired_version()},
                      {"waiting_messages", outbox.waiting()},
                      {"dropped", outbox.dropped()},
                      {"reported", state.reported()}};
  if (as_json) {
    std::puts(pretty(status).c_str());
    return 0;
  }
  std::printf("agent %s, desired twin version %lld, %lld messages wait for the server\n",
              get_bool(status, "running") ? "runs" : "does not run",
              static_cast<long long>(get_int(status, "desired_version")),
              static_cast<long long>(get_int(status, "waiting_messages")));
  for (auto& [kind, count] : outbox.dropped())
    std::printf("  dropped while the outbox was full: %s %s\n", json::serialize(count).c_str(),
                std::string(kind).c_str());
  json::object reported = state.reported();
  auto* modules = reported.if_contains("modules");
  if (!modules || modules->as_object().empty())
    std::puts("no modules");
  else
    for (auto& [name, module] : modules->as_object()) {
      std::printf("%s: %s, %s", std::string(name).c_str(), get_string(module, "state").c_str(),
                  get_string(module, "image").c_str());
      if (auto error = find_string(module, "error")) std::printf("\n  %s", error->c_str());
      std::puts("");
    }
  return 0;
}

}  // namespace gyre
