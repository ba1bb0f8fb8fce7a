// With a remote store this disk is a cache: what of it leaves when there is too much.
#include <sys/stat.h>

#include <algorithm>
#include <chrono>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "store/blobs.hpp"

namespace gyre {

static constexpr std::int64_t day_ms = 24 * 3600 * 1000;

namespace {

struct Here {
  fs::path file;
  std::int64_t used_at = 0;
  std::uint64_t bytes = 0;
  bool linked = false;  // in a folder that was opened: to remove it here makes no room
};

std::optional<Here> look(const fs::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return {};
  return Here{file, info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1'000'000,
              static_cast<std::uint64_t>(info.st_size), info.st_nlink > 1};
}

}  // namespace

void Blobs::keep_here_at_most(std::uint64_t bytes) {
  most_here_ = bytes;
  leave_here(bytes);
}

// Looking takes a walk over all that is here: once in a while.
void Blobs::came(std::uint64_t bytes) const {
  if (!most_here_ || !remote_) return;
  if (came_ += bytes; came_ < most_here_ / 16) return;
  leave_here(most_here_);
}

void Blobs::leave_here(std::uint64_t most) const {
  std::unique_lock one(leaving_, std::try_to_lock);
  if (!one || !remote_) return;
  came_ = 0;
  std::int64_t now = now_ms();
  for (auto& tree : fs::directory_iterator(root_ / "trees"))
    if (auto folder = look(tree.path()); folder && folder->used_at < now - 7 * day_ms) remove_tree(tree.path());
  std::vector<Here> unused;
  std::uint64_t total = 0;
  for (auto& folder : fs::directory_iterator(root_ / "sha256"))
    for (auto& entry : fs::directory_iterator(folder)) {
      auto blob = look(entry.path());
      if (!blob) continue;
      total += blob->bytes;
      std::string name = folder.path().filename().string() + entry.path().filename().string();
      if (fs::exists(root_ / "packs" / name)) continue;  // what it holds is read from it
      if (!blob->linked && blob->used_at < now - day_ms) unused.push_back(std::move(*blob));
    }
  std::sort(unused.begin(), unused.end(), [](auto& a, auto& b) { return a.used_at < b.used_at; });
  for (auto& blob : unused) {
    if (total <= most) return;
    std::lock_guard lock(coming_);
    auto still = look(blob.file);  // somebody may have asked for it meanwhile
    if (!still || still->linked || still->used_at != blob.used_at) continue;
    fs::remove(blob.file);
    total -= blob.bytes;
  }
}

}  // namespace gyre
