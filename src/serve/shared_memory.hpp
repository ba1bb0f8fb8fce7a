#pragma once
// Regions of POSIX shared memory that clients on this machine registered: tensors pass without being sent.
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "serve/infer.hpp"

namespace gyre {

class SharedMemoryRegion {
 public:
  SharedMemoryRegion(std::string key, std::size_t offset, std::size_t size);
  ~SharedMemoryRegion();
  SharedMemoryRegion(const SharedMemoryRegion&) = delete;
  std::span<std::byte> bytes() const { return bytes_; }
  const std::string& key() const { return key_; }
  std::size_t offset() const { return offset_; }

 private:
  std::string key_;
  std::size_t offset_;
  void* mapped_ = nullptr;
  std::size_t mapped_size_ = 0;
  std::span<std::byte> bytes_;
};

class SharedMemory {
 public:
  struct Status {
    std::string name, key;
    std::size_t offset, size;
  };
  void add(const std::string& name, const std::string& key, std::size_t offset, std::size_t size);
  void remove(const std::string& name);                       // empty: all. Running requests keep what they use
  std::vector<Status> status(const std::string& name) const;  // empty: all; Error{not_found}
  // Error{not_found}, or Error{invalid} when the part is not inside the region.
  SharedPlace place(const std::string& name, std::size_t offset, std::size_t size) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<SharedMemoryRegion>> regions_;  // guarded by mutex_
};

}  // namespace gyre
