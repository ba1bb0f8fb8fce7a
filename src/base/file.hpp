#pragma once
// Files: whole reads, atomic durable writes, temporary folders that go away.
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace gyre {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path);  // as large as it is when it is opened
// Written beside, synced, renamed, folder synced: a reader sees the old or the new file, after a crash too.
void write_file(const fs::path& path, std::string_view content, unsigned mode = 0644);
// Written plainly, folders made: for a step's outputs, which the runner makes durable together before they count.
void write_output(const fs::path& path, std::string_view content);
void append_line(const fs::path& path, std::string_view line);  // one write call
void sync_folder(const fs::path& folder);
void sync_file(const fs::path& file);
void make_folders(const fs::path& folder);
std::vector<fs::path> files_below(
    const fs::path& folder);             // regular files, relative, sorted by bytes; hidden ones left out
void remove_tree(const fs::path& path);  // file or folder; no error when absent

// A fresh folder below `parent` (default: the system's temporary folder), removed with the object.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const fs::path& parent = {});
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// Owns a file descriptor.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int fd) : fd_(fd) {}
  FileHandle(FileHandle&& other) noexcept : fd_(other.release()) {}
  FileHandle& operator=(FileHandle&& other) noexcept;
  ~FileHandle() { reset(); }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  void reset();
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};
FileHandle open_file(const fs::path& path, int flags, unsigned mode = 0644);
void write_all(int fd, std::string_view bytes, const fs::path& where);

}  // namespace gyre
