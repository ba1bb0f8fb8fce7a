#pragma once
// A file's bytes where they lie, read-only: for what is large, or searched here and there.
#include <filesystem>
#include <memory>
#include <string_view>

namespace gyre {

class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& file);
  std::string_view bytes() const { return {map_.get(), map_.get_deleter().size}; }

 private:
  struct Unmap {
    std::size_t size;
    void operator()(const char* map) const;
  };
  std::unique_ptr<const char, Unmap> map_;
};

}  // namespace gyre
