// gyre-edge: the device agent.
#include <malloc.h>
#include <signal.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <string>

#include "base/error.hpp"
#include "edge/agent.hpp"
#include "edge/helper_process.hpp"

using namespace gyre;

static std::atomic<bool> stop = false;

static int usage() {
  std::fputs(
      "usage: gyre-edge run --state FOLDER --config device.json   keep the modules as the desired twin says\n"
      "       gyre-edge status --state FOLDER [--json]            what runs here\n"
      "       gyre-edge --version\n",
      stderr);
  return row_of(Code::invalid).exit_code;
}

static int run(const std::string& verb, const std::map<std::string, std::string>& options, bool as_json) {
  auto get = [&](const char* name) {
    auto found = options.find(name);
    if (found == options.end()) throw Error(Code::invalid, std::string("--") + name + " is needed", "gyre-edge --help");
    return found->second;
  };
  if (verb == "run") return run_agent(get("state"), get("config"), stop);
  if (verb == "status") return print_agent_status(get("state"), as_json);
  if (verb == "helper") return run_helper(get("state"), get("config"), get("work"), get("image"));
  return usage();
}

int main(int count, char** words) {
  // Few threads that allocate little: one heap, given back early.
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_TRIM_THRESHOLD, 64 << 10);
  ::mallopt(M_MMAP_THRESHOLD, 64 << 10);
  if (count < 2) return usage();
  std::string verb = words[1];
  if (verb == "--version") return std::puts("gyre-edge " GYRE_VERSION), 0;
  std::map<std::string, std::string> options;
  bool as_json = false;
  for (int i = 2; i < count; i++) {
    if (std::strcmp(words[i], "--json") == 0)
      as_json = true;
    else if (std::strncmp(words[i], "--", 2) == 0 && i + 1 < count)
      options[words[i] + 2] = words[i + 1], i++;
    else
      return usage();
  }
  struct sigaction action {};
  action.sa_handler = [](int) { stop = true; };
  for (int number : {SIGTERM, SIGINT}) ::sigaction(number, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  try {
    return run(verb, options, as_json);
  } catch (const Error& error) {
    std::fprintf(stderr, "gyre-edge: %s\n", error.what());
    if (!error.hint.empty()) std::fprintf(stderr, "  %s\n", error.hint.c_str());
    return row_of(error.code).exit_code;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gyre-edge: %s\n", error.what());
    return row_of(Code::internal).exit_code;
  }
}
