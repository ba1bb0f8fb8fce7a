#pragma once
// Child processes. A child dies with its parent (PR_SET_PDEATHSIG) unless told otherwise.
#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"

namespace gyre {

struct Spawn {
  std::vector<std::string> command;                // looked up in PATH
  std::map<std::string, std::string> environment;  // added to ours
  fs::path folder;                                 // working folder; ours when empty
  bool capture_output = false;                     // read it with Child::output()
  fs::path output_file;                            // stdout and stderr appended here (unless captured)
  bool events = false;                             // fd 3 of the child: a pipe read with Child::events()
  bool own_group = true;                           // a Ctrl-C at the terminal does not reach it; we forward
  bool dies_with_parent = true;
};

class Child {
 public:
  static Child start(const Spawn& spawn);  // Error{not_found} when there is no such program
  Child() = default;
  Child(Child&&) noexcept;
  Child& operator=(Child&&) noexcept;
  ~Child();  // kills and reaps what still runs
  pid_t pid() const { return pid_; }
  int output() const { return output_.get(); }
  int events() const { return events_.get(); }
  void signal(int number);
  bool running();  // reaps
  int wait();      // exit code; 128 + n for signal n
  std::optional<int> wait_for(double seconds);
  int stop(double patience_seconds);  // SIGTERM, then SIGKILL

 private:
  pid_t pid_ = -1;
  int code_ = 0;
  FileHandle output_, events_;
};

// Calls `line` for each line read from fd until its end.
void read_lines(int fd, const std::function<void(std::string_view line)>& line);

struct Finished {
  int code = 0;
  std::string output;  // stdout and stderr
};
Finished run_program(std::vector<std::string> command, const fs::path& folder = {});

fs::path own_program();            // /proc/self/exe; its siblings are gyre-nets, gyre-edge, gyre-module
double process_pss_mb(pid_t pid);  // proportional set size; 0 when gone

}  // namespace gyre
