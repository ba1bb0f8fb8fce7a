#include "serve/shared_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.hpp"

namespace gyre {

SharedMemoryRegion::SharedMemoryRegion(std::string key, std::size_t offset, std::size_t size)
    : key_(std::move(key)), offset_(offset) {
  FileHandle file(::shm_open(key_.c_str(), O_RDWR, 0));
  if (!file) throw Error(Code::invalid, "there is no shared memory \"" + key_ + "\" that can be opened");
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw system_error(errno, key_);
  std::size_t whole = static_cast<std::size_t>(status.st_size), end = 0;
  if (size == 0 || __builtin_add_overflow(offset, size, &end) || end > whole)
    throw Error(Code::invalid, "shared memory \"" + key_ + "\" has " + std::to_string(whole) + " bytes: no place for " +
                                   std::to_string(size) + " from " + std::to_string(offset));
  void* mapped = ::mmap(nullptr, end, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (mapped == MAP_FAILED) throw system_error(errno, "shared memory " + key_);
  mapped_ = mapped;
  mapped_size_ = end;
  bytes_ = {static_cast<std::byte*>(mapped_) + offset, size};
}

SharedMemoryRegion::~SharedMemoryRegion() { ::munmap(mapped_, mapped_size_); }

void SharedMemory::add(const std::string& name, const std::string& key, std::size_t offset, std::size_t size) {
  auto region = std::make_shared<SharedMemoryRegion>(key, offset, size);
  std::lock_guard lock(mutex_);
  if (!regions_.emplace(name, std::move(region)).second)
    throw Error(Code::invalid, "a shared memory region \"" + name + "\" is registered already");
}

void SharedMemory::remove(const std::string& name) {
  std::lock_guard lock(mutex_);
  if (name.empty())
    regions_.clear();
  else
    regions_.erase(name);
}

std::vector<SharedMemory::Status> SharedMemory::status(const std::string& name) const {
  std::lock_guard lock(mutex_);
  if (!name.empty() && !regions_.contains(name))
    throw Error(Code::not_found, "there is no shared memory region \"" + name + "\"");
  std::vector<Status> list;
  for (auto& [own, region] : regions_)
    if (name.empty() || own == name) list.push_back({own, region->key(), region->offset(), region->bytes().size()});
  return list;
}

SharedPlace SharedMemory::place(const std::string& name, std::size_t offset, std::size_t size) const {
  std::lock_guard lock(mutex_);
  auto found = regions_.find(name);
  if (found == regions_.end()) throw Error(Code::not_found, "there is no shared memory region \"" + name + "\"");
  std::size_t end = 0;
  if (__builtin_add_overflow(offset, size, &end) || end > found->second->bytes().size())
    throw Error(Code::invalid, "shared memory region \"" + name + "\" has " +
                                   std::to_string(found->second->bytes().size()) + " bytes: no place for " +
                                   std::to_string(size) + " from " + std::to_string(offset));
  return {found->second, offset, size};
}

}  // namespace gyre
