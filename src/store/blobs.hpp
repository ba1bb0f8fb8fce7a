#pragma once
// Content-addressed blobs: `.gyre/blobs/sha256/<2>/<62>`. A blob is a file's bytes, or a tree: a folder as canonical
// JSON
// [{"path","size","digest"}...] sorted by path. A digest is "sha256:<64 hex>". Nothing is visible before it is whole
// and durable; blobs are read-only and never change.
#include <filesystem>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace gyre {

class Blobs {
 public:
  explicit Blobs(std::filesystem::path root);
  std::string put_bytes(std::string_view bytes);
  std::string put_file(const std::filesystem::path& file, bool move = false);
  std::string put_folder(const std::filesystem::path& folder, bool move = false);  // digest of its tree
  std::string put(const std::filesystem::path& file_or_folder, bool move = false);
  bool has(std::string_view digest) const;                    // and, for a tree, every file in it
  std::filesystem::path path(std::string_view digest) const;  // Error{not_found} when absent
  std::string read(std::string_view digest) const;
  std::uint64_t size(std::string_view digest) const;
  // A tree as a real folder of hard links, made once: `.gyre/trees/<hex>/`. For a file: its blob.
  std::filesystem::path open(std::string_view digest);
  bool is_tree(std::string_view digest) const;
  const std::filesystem::path& root() const { return root_; }

 private:
  std::filesystem::path root_;
};

// What put() would give a file or folder, without keeping it.
std::string digest_of_content(const std::filesystem::path& file_or_folder);

}  // namespace gyre
