#include "server/spool_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace gyre {

// Less is written, and hashed, faster than a thread begins.
static constexpr std::uint64_t at_once = 4 << 20;

Follower::Follower(Work work) : work_(std::move(work)), thread_([this] { follow(); }) {}

Follower::~Follower() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    written_ = 0;  // nobody wants what is left
    complete_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Follower::written(std::uint64_t bytes) {
  {
    std::lock_guard lock(mutex_);
    written_ = bytes;
  }
  changed_.notify_one();
}

bool Follower::finish() {
  {
    std::lock_guard lock(mutex_);
    complete_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  return !failed_;
}

std::uint64_t Follower::wait_for_more(std::uint64_t have) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return complete_ || written_ > have; });
  return written_;
}

void Follower::follow() {
  for (std::uint64_t have = 0, ready = 0; !failed_ && (ready = wait_for_more(have)) > have; have = ready)
    failed_ = !work_(have, ready);
}

SpoolFile::SpoolFile(const fs::path& folder, bool hashed) : hashed_(hashed) {
  std::string pattern = (folder / "body-XXXXXX").string();
  int fd = ::mkostemp(pattern.data(), O_CLOEXEC);
  if (fd < 0) throw system_error(errno, pattern);
  file_ = FileHandle(fd);
  path_ = pattern;
}

SpoolFile::~SpoolFile() { ::unlink(path_.c_str()); }

void SpoolFile::write(std::string_view bytes) {
  write_all(file_.get(), bytes, path_);
  written_ += bytes.size();
  if (written_ - told_ < at_once) return;
  told_ = written_;
  // Who keeps the file will want it on the disk: that begins while the rest still comes, and may itself have to wait.
  if (!flusher_)
    flusher_ = std::make_unique<Follower>([this](std::uint64_t from, std::uint64_t to) {
      auto count = static_cast<off_t>(to - from);
      return ::sync_file_range(file_.get(), static_cast<off_t>(from), count, SYNC_FILE_RANGE_WRITE) == 0;
    });
  flusher_->written(written_);
  if (!hashed_) return;
  if (!hasher_)
    hasher_ = std::make_unique<Follower>([this](std::uint64_t from, std::uint64_t to) { return hash(from, to); });
  hasher_->written(written_);
}

bool SpoolFile::hash(std::uint64_t from, std::uint64_t to) {
  std::string buffer(1 << 18, '\0');
  while (from < to) {
    ssize_t count = ::pread(file_.get(), buffer.data(), buffer.size(), static_cast<off_t>(from));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    hash_.add({buffer.data(), static_cast<std::size_t>(count)});
    from += static_cast<std::uint64_t>(count);
  }
  return true;
}

std::string SpoolFile::digest() {
  if (!hasher_) return {};
  hasher_->written(written_);
  return hasher_->finish() ? hash_.digest() : std::string();
}

}  // namespace gyre
