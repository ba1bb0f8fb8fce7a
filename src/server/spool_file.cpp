#include "server/spool_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace gyre {

// Less is written, and hashed, faster than a thread begins.
static constexpr std::uint64_t at_once = 4 << 20;

SpoolFile::SpoolFile(const fs::path& folder, bool hashed) : hashed_(hashed) {
  std::string pattern = (folder / "body-XXXXXX").string();
  int fd = ::mkostemp(pattern.data(), O_CLOEXEC);
  if (fd < 0) throw system_error(errno, pattern);
  file_ = FileHandle(fd);
  path_ = pattern;
}

SpoolFile::~SpoolFile() {
  end_following();
  ::unlink(path_.c_str());
}

void SpoolFile::write(std::string_view bytes) {
  write_all(file_.get(), bytes, path_);
  written_ += bytes.size();
  if (written_ - begun_ < at_once) return;
  // Who keeps the file will want it on the disk: that begins while the rest still comes.
  ::sync_file_range(file_.get(), static_cast<off_t>(begun_), static_cast<off_t>(written_ - begun_),
                    SYNC_FILE_RANGE_WRITE);
  begun_ = written_;
  if (!hashed_) return;
  {
    std::lock_guard lock(mutex_);
    readable_ = written_;
  }
  changed_.notify_one();
  if (!follower_.joinable()) follower_ = std::thread([this] { follow(); });
}

std::uint64_t SpoolFile::wait_for_more(std::uint64_t have) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return complete_ || readable_ > have; });
  return readable_;
}

void SpoolFile::follow() {
  std::string buffer(1 << 18, '\0');
  for (std::uint64_t have = 0, ready = 0; !failed_ && (ready = wait_for_more(have)) > have;)
    while (have < ready) {
      ssize_t count = ::pread(file_.get(), buffer.data(), buffer.size(), static_cast<off_t>(have));
      if (count < 0 && errno == EINTR) continue;
      failed_ = count <= 0;
      if (failed_) return;
      hash_.add({buffer.data(), static_cast<std::size_t>(count)});
      have += static_cast<std::uint64_t>(count);
    }
}

void SpoolFile::end_following() {
  if (!follower_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    complete_ = true;
  }
  changed_.notify_one();
  follower_.join();
}

std::string SpoolFile::digest() {
  if (!follower_.joinable()) return {};
  {
    std::lock_guard lock(mutex_);
    readable_ = written_;
  }
  end_following();
  return failed_ ? std::string() : hash_.digest();
}

}  // namespace gyre
