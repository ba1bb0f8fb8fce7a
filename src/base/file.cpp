#include "base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace gyre {

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

void FileHandle::reset() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

FileHandle open_file(const fs::path& path, int flags, unsigned mode) {
  int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) throw system_error(errno, path.string());
  return FileHandle(fd);
}

void write_all(int fd, std::string_view bytes, const fs::path& where) {
  while (!bytes.empty()) {
    ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(errno, where.string());
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string read_file(const fs::path& path) {
  FileHandle file = open_file(path, O_RDONLY);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) throw system_error(errno, path.string());
  if (S_ISDIR(info.st_mode)) throw Error(Code::invalid, path.string() + " is a folder, a file is needed");
  std::string content(static_cast<std::size_t>(std::max<off_t>(info.st_size, 0)), '\0');
  std::size_t have = 0;
  while (have == 0 || have != static_cast<std::size_t>(info.st_size)) {
    if (have == content.size()) content.resize(content.size() + 4096);  // of /proc, where sizes are unknown
    ssize_t n = ::read(file.get(), content.data() + have, content.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(errno, path.string());
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  content.resize(have);
  return content;
}

void sync_folder(const fs::path& folder) {
  FileHandle handle = open_file(folder, O_RDONLY | O_DIRECTORY);
  if (::fsync(handle.get()) != 0) throw system_error(errno, folder.string());
}

void sync_file(const fs::path& file) {
  FileHandle handle = open_file(file, O_RDONLY);
  if (::fsync(handle.get()) != 0) throw system_error(errno, file.string());
}

void write_file(const fs::path& path, std::string_view content, unsigned mode) {
  fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::string temporary = (parent / ("." + path.filename().string() + ".XXXXXX")).string();
  int fd = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) throw system_error(errno, path.string());
  FileHandle file(fd);
  try {
    write_all(fd, content, path);
    if (::fchmod(fd, mode) != 0 || ::fsync(fd) != 0) throw system_error(errno, path.string());
    if (::rename(temporary.c_str(), path.c_str()) != 0) throw system_error(errno, path.string());
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_folder(parent);
}

void write_output(const fs::path& path, std::string_view content) {
  make_folders(path.parent_path());
  FileHandle file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
  write_all(file.get(), content, path);
}

void append_line(const fs::path& path, std::string_view line) {
  FileHandle file = open_file(path, O_WRONLY | O_CREAT | O_APPEND);
  write_all(file.get(), std::string(line) + "\n", path);
}

void make_folders(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw system_error(error.value(), folder.string());
}

std::vector<fs::path> files_below(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) throw Error(Code::not_found, folder.string() + " is no folder");
  std::vector<fs::path> files;
  for (auto it = fs::recursive_directory_iterator(folder, error); it != fs::recursive_directory_iterator();
       it.increment(error)) {
    if (error) throw system_error(error.value(), folder.string());
    if (it->path().filename().string().starts_with(".")) {
      if (it->is_directory()) it.disable_recursion_pending();
      continue;
    }
    if (it->is_regular_file()) files.push_back(it->path().lexically_relative(folder));
  }
  std::sort(files.begin(), files.end(), [](auto& a, auto& b) { return a.native() < b.native(); });
  return files;
}

void remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error && error.value() != ENOENT) throw system_error(error.value(), path.string());
}

TemporaryFolder::TemporaryFolder(const fs::path& parent) {
  std::string pattern = ((parent.empty() ? fs::temp_directory_path() : parent) / "gyre-XXXXXX").string();
  if (!::mkdtemp(pattern.data())) throw system_error(errno, pattern);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;  // a destructor has nobody to tell; the folder is below a temporary one
  fs::remove_all(path_, ignored);
}

}  // namespace gyre
