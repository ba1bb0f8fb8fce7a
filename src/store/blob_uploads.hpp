#pragma once
// Content that comes from another machine, in pieces one after the other: <workspace>/uploads/<hex>. It is content once
// it is whole and has the digest that it was said to have; until then a client can go on where it was cut off.
#include <filesystem>
#include <string>

#include "store/workspace.hpp"

namespace gyre {

class BlobUploads {
 public:
  explicit BlobUploads(Workspace& workspace);

  std::uint64_t bytes_of(const std::string& digest) const;  // that came so far
  // Takes the file over. True: that was the last piece, and the content is here.
  bool add(const std::string& digest, std::uint64_t from, std::uint64_t size, const std::filesystem::path& piece);

 private:
  bool add_piece(const std::filesystem::path& part, std::uint64_t from, std::uint64_t size,
                 const std::filesystem::path& piece);
  std::filesystem::path part_of(const std::string& digest) const;
  void clear_old() const;

  Workspace& workspace_;
  std::filesystem::path root_;
};

}  // namespace gyre
