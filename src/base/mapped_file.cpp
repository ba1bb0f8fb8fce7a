#include "base/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/file.hpp"

namespace gyre {

MappedFile::MappedFile(const std::filesystem::path& file) {
  FileHandle handle = open_file(file, O_RDONLY);
  struct stat info {};
  if (::fstat(handle.get(), &info) != 0) throw system_error(errno, file.string());
  auto size = static_cast<std::size_t>(info.st_size);
  if (size == 0) return;  // nothing can be mapped of it
  void* map = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, handle.get(), 0);
  if (map == MAP_FAILED) throw system_error(errno, file.string());
  map_ = {static_cast<const char*>(map), Unmap{size}};
}

void MappedFile::Unmap::operator()(const char* map) const { ::munmap(const_cast<char*>(map), size); }

}  // namespace gyre
