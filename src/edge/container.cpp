#include "edge/container.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "edge/log.hpp"

namespace gyre {

static void mount_or_throw(const char* what, const fs::path& to, const char* type, unsigned long flags,
                           const std::string& data) {
  if (::mount(what, to.c_str(), type, flags, data.empty() ? nullptr : data.c_str()) != 0)
    throw system_error(errno, "mounting " + to.string());
}

ContainerPlace::ContainerPlace(fs::path state, std::string device) : state_(fs::absolute(std::move(state))) {
  if (::geteuid() != 0)
    throw Error(Code::denied, "gyre-edge starts containers and needs to be root", "run it with sudo or as a service");
  if (state_.string().find_first_of(":,\\") != std::string::npos)
    throw Error(Code::invalid, state_.string() + ": the state folder's path may not have : , or \\",
                "give another folder with --state");
  group_ = device + "-" + digest_of(state_.string()).substr(7, 8);
  make_folders(runtime_root());
  // A state folder may lie where others may not look (/root); containers' users must reach their root file system. So
  // it is mounted below /run, on a small file system that only this process and its children see.
  bundles_ = "/run/gyre-edge";
  make_folders(bundles_);
  if (::unshare(CLONE_NEWNS) != 0) throw system_error(errno, "a mount namespace of its own");
  mount_or_throw("none", "/", nullptr, MS_REC | MS_SLAVE, "");
  mount_or_throw("tmpfs", bundles_, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=4m");
  // Orphans of runc come to us, so that their exit codes do.
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) throw system_error(errno, "becoming the reaper of containers");
  try {
    user_namespaces_ = std::stol(read_file("/proc/sys/user/max_user_namespaces")) > 0;
  } catch (const std::exception&) {
    user_namespaces_ = false;  // a kernel without them has no such file
  }
  if (!user_namespaces_) log_line("this kernel gives no user namespaces: modules run as user 1000 of the machine");
}

FileHandle ContainerPlace::runtime_lock() const {
  int fd = ::open((state_ / "run" / "runc.lock").c_str(), O_RDWR | O_CREAT, 0644);  // not O_CLOEXEC: runc holds it too
  if (fd < 0) throw system_error(errno, (state_ / "run" / "runc.lock").string());
  return FileHandle(fd);
}

void ContainerPlace::remove_left_over() const {
  // A killed agent's runc may still be about to start a container: it would be missed.
  FileHandle lock = runtime_lock();
  for (int attempt = 0; ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0 && attempt < 500; attempt++)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  lock.reset();
  for (auto& entry : fs::directory_iterator(runtime_root())) {
    std::string id = entry.path().filename();
    Finished finished = run_program({"runc", "--root", runtime_root(), "delete", "--force", id});
    if (finished.code == 0)
      log_line("removed container " + id + ", left over from before");
    else
      remove_all(entry.path());  // killed before runc had written its state
  }
}

Container::Container(const ContainerPlace& place, std::string id, const std::vector<fs::path>& layers,
                     ContainerOptions options)
    : id_(std::move(id)),
      bundle_(place.bundles() / id_),
      root_(bundle_ / "rootfs"),
      input_(bundle_ / "input"),
      runtime_root_(place.runtime_root()) {
  clear();  // of a helper that was killed
  try {
    options.cgroup = place.cgroup(id_);
    options.user_namespace = place.user_namespaces();
    prepare(layers, std::move(options));
    start(place.runtime_lock());
  } catch (...) {
    clear();
    throw;
  }
}

void Container::prepare(const std::vector<fs::path>& layers, ContainerOptions options) {
  fs::path base = bundle_ / "base";
  for (auto& folder : {root_, input_, base / "proc", base / "dev", base / "tmp", base / "input"}) make_folders(folder);
  fs::permissions(base / "tmp", fs::perms(01777));  // runc gives a tmpfs the mode of the folder below it
  std::string lower;
  for (auto it = layers.rbegin(); it != layers.rend(); ++it) lower += it->string() + ":";
  mount_or_throw("overlay", root_, "overlay", MS_RDONLY | MS_NODEV | MS_NOSUID, "lowerdir=" + lower + base.string());
  // Containers' users may not be allowed to look where the inputs lie; here they may.
  mount_or_throw(options.input.c_str(), input_, nullptr, MS_BIND, "");
  options.input = input_;
  options.rootfs = root_;
  write_file(bundle_ / "config.json", json::serialize(container_config(options)));
}

void Container::start(FileHandle lock) {
  if (::flock(lock.get(), LOCK_SH) != 0) throw system_error(errno, "runc.lock");
  fs::path words = bundle_ / "stderr", pid_file = bundle_ / "pid";
  // runc hands its standard output and error on to the container, and ends: no process stands between.
  runc_ = Child::start(
      {.command = {"sh", "-c",
                   "exec runc --root \"$1\" run --detach --pid-file \"$2\" --bundle \"$3\" \"$4\" 2>>\"$5\"", "runc",
                   runtime_root_, pid_file, bundle_, id_, words},
       .capture_output = true,
       .dies_with_parent = false});
  ::fcntl(runc_.output(), F_SETFL, O_NONBLOCK);
  if (runc_.wait() != 0) throw Error(Code::internal, "runc cannot start " + id_ + ": " + last_words());
  pid_ = std::stoi(read_file(pid_file));
}

bool Container::running() {
  if (pid_ < 0) return false;
  int status = 0;
  pid_t ended = ::waitpid(pid_, &status, WNOHANG);
  if (ended == 0) return true;
  if (ended == pid_) exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  pid_ = -1;
  return false;
}

void Container::stop(double patience_seconds) {
  auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(patience_seconds);
  while (running() && std::chrono::steady_clock::now() < until) {
    // Again and again: the first process of a container does not get a signal that it does not handle yet.
    ::kill(pid_, SIGTERM);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  while (running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

double Container::pss_mb() const { return pid_ < 0 ? 0 : process_pss_mb(pid_); }

std::string Container::last_words() const {
  std::string text = read_file(bundle_ / "stderr");
  while (text.ends_with('\n')) text.pop_back();
  if (text.size() > 600) text = "..." + text.substr(text.size() - 600);
  for (char& c : text)
    if (c == '\n') c = ' ';
  return text;
}

void Container::clear() {
  if (fs::exists(runtime_root_ / id_)) {
    Finished finished = run_program({"runc", "--root", runtime_root_, "delete", "--force", id_});
    if (finished.code != 0) log_line("runc cannot delete " + id_ + ": " + finished.output);
  }
  ::umount2(root_.c_str(), MNT_DETACH);
  // Removing a folder that is still mounted would remove the inputs.
  if (::umount2(input_.c_str(), MNT_DETACH) != 0 && errno != EINVAL && errno != ENOENT)
    throw system_error(errno, "unmounting " + input_.string());
  remove_all(bundle_);
}

Container::~Container() {
  try {
    stop();
    clear();
  } catch (const std::exception& error) {
    log_line("container " + id_ + ": " + error.what());
  }
}

}  // namespace gyre
