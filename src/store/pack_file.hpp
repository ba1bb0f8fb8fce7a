#pragma once
// Many small contents in one file, each found by its digest: thousands of models are one file to write, to sync and to
// keep. docs/formats/pack.md.
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "base/mapped_file.hpp"

namespace gyre {

// Written from the front; what was added can be found once finish() was called. Not synced: a step's output is.
class PackWriter {
 public:
  explicit PackWriter(const std::filesystem::path& file);
  std::string add(std::string_view bytes);                      // its digest; the same content twice is kept once
  void add(const std::string& digest, std::string_view bytes);  // by whoever has hashed it already
  void finish();

 private:
  struct Place {
    std::array<char, 32> digest;
    std::uint64_t offset, size;
  };
  void write(std::string_view bytes);
  void flush();

  std::filesystem::path path_;
  FileHandle file_;
  std::string waiting_;  // not yet written
  std::uint64_t end_ = 0;
  std::vector<Place> places_;
};

class PackReader {
 public:
  // Error{invalid} when it is no pack, or not a whole one.
  explicit PackReader(const std::filesystem::path& file);
  bool has(std::string_view digest) const { return find(digest).has_value(); }
  // Error{not_found}; Error{internal} when the bytes are not those of the digest.
  std::string read(std::string_view digest) const;
  std::uint64_t size(std::string_view digest) const;
  std::uint64_t count() const { return count_; }

 private:
  struct Found {
    std::uint64_t offset, size;
  };
  std::optional<Found> find(std::string_view digest) const;

  std::filesystem::path path_;
  MappedFile file_;  // its index is searched by the thousand
  std::uint64_t index_ = 0, count_ = 0;
};

}  // namespace gyre
