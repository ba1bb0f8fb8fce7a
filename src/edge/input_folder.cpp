#include "edge/input_folder.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace gyre {

static bool is_whole(const std::string& name) { return !name.starts_with(".") && !name.ends_with(".part"); }

std::vector<std::string> waiting_inputs(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (std::error_code gone; it->is_regular_file(gone) && is_whole(it->path().filename()))
      names.push_back(it->path().filename());
  if (error) throw system_error(error.value(), folder.string());
  std::sort(names.begin(), names.end());
  return names;
}

InputFolder::InputFolder(fs::path folder)
    : folder_(std::move(folder)), watch_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  if (!watch_) throw system_error(errno, "inotify");
  if (::inotify_add_watch(watch_.get(), folder_.c_str(), IN_MOVED_TO | IN_CLOSE_WRITE) < 0)
    throw system_error(errno, folder_.string());
}

std::vector<std::string> InputFolder::fresh() {
  std::vector<std::string> names;
  std::map<std::string, Stamp> present;
  for (auto& name : waiting_inputs(folder_)) {
    struct stat info {};
    if (::stat((folder_ / name).c_str(), &info) != 0) continue;  // removed meanwhile
    Stamp stamp{info.st_ino, info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec};
    auto given = given_.find(name);
    if (given == given_.end() || given->second != stamp) names.push_back(name);
    present.emplace(name, stamp);
  }
  given_ = std::move(present);
  return names;
}

void InputFolder::wait(int milliseconds) const {
  pollfd entry{watch_.get(), POLLIN, 0};
  if (::poll(&entry, 1, milliseconds) <= 0) return;
  char events[4096];
  while (::read(watch_.get(), events, sizeof events) > 0) {  // only that something came matters; fresh() looks
  }
}

}  // namespace gyre
