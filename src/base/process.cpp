#include "base/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace gyre {

extern "C" char** environ;

static std::pair<FileHandle, FileHandle> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) throw system_error(errno, "pipe");
  return {FileHandle(fds[0]), FileHandle(fds[1])};
}

Child Child::start(const Spawn& spawn) {
  std::vector<std::string> pairs;
  for (char** e = environ; *e; e++) {
    std::string_view pair = *e;
    if (!spawn.environment.count(std::string(pair.substr(0, pair.find('='))))) pairs.emplace_back(pair);
  }
  for (auto& [name, value] : spawn.environment) pairs.push_back(name + "=" + value);
  std::vector<char*> arguments, environment;
  for (auto& word : spawn.command) arguments.push_back(const_cast<char*>(word.c_str()));
  for (auto& pair : pairs) environment.push_back(pair.data());
  arguments.push_back(nullptr);
  environment.push_back(nullptr);

  auto failure = make_pipe();  // closed by a successful exec; else it carries errno
  std::pair<FileHandle, FileHandle> output, events;
  FileHandle output_file;
  if (spawn.capture_output)
    output = make_pipe();
  else if (!spawn.output_file.empty())
    output_file = open_file(spawn.output_file, O_WRONLY | O_CREAT | O_APPEND);
  if (spawn.events) events = make_pipe();
  FileHandle null_input = open_file("/dev/null", O_RDONLY);
  int out = spawn.capture_output ? output.second.get() : output_file.get();
  pid_t parent = ::getpid();

  pid_t pid = ::fork();
  if (pid < 0) throw system_error(errno, "fork");
  if (pid == 0) {  // only async-signal-safe calls from here on
    if (spawn.own_group) ::setpgid(0, 0);
    if (spawn.dies_with_parent) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(127);
    }
    ::dup2(null_input.get(), 0);
    if (out >= 0) ::dup2(out, 1), ::dup2(out, 2);
    if (spawn.events) {
      if (events.second.get() == 3)
        ::fcntl(3, F_SETFD, 0);
      else
        ::dup2(events.second.get(), 3);
    }
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int number : {SIGINT, SIGTERM, SIGPIPE, SIGHUP, SIGCHLD}) ::signal(number, SIG_DFL);
    if (spawn.folder.empty() || ::chdir(spawn.folder.c_str()) == 0)
      ::execvpe(arguments[0], arguments.data(), environment.data());
    int error = errno;
    [[maybe_unused]] auto ignored = ::write(failure.second.get(), &error, sizeof error);
    ::_exit(127);
  }
  if (spawn.own_group) ::setpgid(pid, pid);  // in both: whoever comes first
  failure.second.reset();
  int error = 0;
  if (::read(failure.first.get(), &error, sizeof error) == sizeof error) {
    ::waitpid(pid, nullptr, 0);
    throw system_error(error, spawn.command[0]);
  }
  Child child;
  child.pid_ = pid;
  child.output_ = std::move(output.first);
  child.events_ = std::move(events.first);
  return child;
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      code_(other.code_),
      output_(std::move(other.output_)),
      events_(std::move(other.events_)) {}

Child& Child::operator=(Child&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(code_, other.code_);
  std::swap(output_, other.output_);
  std::swap(events_, other.events_);
  return *this;
}

Child::~Child() {
  if (!running()) return;
  ::kill(pid_, SIGKILL);
  wait();
}

void Child::signal(int number) {
  if (running()) ::kill(pid_, number);
}

static int exit_code(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

bool Child::running() {
  if (pid_ < 0) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return true;
  code_ = exit_code(status);
  pid_ = -1;
  return false;
}

int Child::wait() {
  int status = 0;
  while (pid_ >= 0) {
    if (::waitpid(pid_, &status, 0) == pid_) {
      code_ = exit_code(status);
      pid_ = -1;
    } else if (errno != EINTR) {
      pid_ = -1;
    }
  }
  return code_;
}

std::optional<int> Child::wait_for(double seconds) {
  auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (running()) {
    if (std::chrono::steady_clock::now() >= until) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return code_;
}

int Child::stop(double patience_seconds) {
  signal(SIGTERM);
  if (auto code = wait_for(patience_seconds)) return *code;
  signal(SIGKILL);
  return wait();
}

void read_lines(int fd, const std::function<void(std::string_view line)>& line) {
  std::string pending;
  char buffer[16384];
  while (true) {
    ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    pending.append(buffer, static_cast<std::size_t>(n));
    std::size_t begin = 0;
    for (std::size_t end; (end = pending.find('\n', begin)) != std::string::npos; begin = end + 1)
      line(std::string_view(pending).substr(begin, end - begin));
    pending.erase(0, begin);
  }
  if (!pending.empty()) line(pending);
}

Finished run_program(std::vector<std::string> command, const fs::path& folder) {
  Child child = Child::start({.command = std::move(command), .folder = folder, .capture_output = true});
  Finished finished;
  char buffer[16384];
  for (ssize_t n; (n = ::read(child.output(), buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR);)
    if (n > 0) finished.output.append(buffer, static_cast<std::size_t>(n));
  finished.code = child.wait();
  return finished;
}

fs::path own_program() { return fs::read_symlink("/proc/self/exe"); }

double process_pss_mb(pid_t pid) {
  try {
    std::string text = read_file("/proc/" + std::to_string(pid) + "/smaps_rollup");
    auto at = text.find("\nPss:");
    return at == std::string::npos ? 0 : std::atof(text.c_str() + at + 5) / 1024;
  } catch (const Error&) {
    return 0;  // it ended meanwhile
  }
}

}  // namespace gyre
