#pragma once
// tar archives (ustar). The writer is deterministic: the same content gives the same bytes. The reader trusts nothing:
// paths and links that lead out of the tree, devices, and archives larger than allowed are refused.
// docs/decisions/0005-own-tar.md says why this is no library.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/file.hpp"
#include "base/gzip.hpp"

namespace gyre {

// Collects entries, then writes them sorted by path: owner 0, time 0, modes 644 or 755. Folders above an entry are
// added.
class TarWriter {
 public:
  void folder(const std::string& path, unsigned mode = 0755);
  void bytes(const std::string& path, std::string content, bool program = false);
  void file(const std::string& path, fs::path from, bool program = false);
  void link(const std::string& path, const std::string& target);  // symbolic, relative
  void write(const ByteSink& sink) const;
  std::string text() const;

 private:
  struct Entry {
    char kind = '0';  // ustar's: '0' file, '2' link, '5' folder
    unsigned mode = 0644;
    std::string text;  // a file's content, a link's target
    fs::path from;     // a file's content lies here
  };
  void add(const std::string& path, Entry entry);
  std::map<std::string, Entry> entries_;
};

struct TarEntry {
  enum class Kind { file, folder, link };
  Kind kind = Kind::file;
  std::string path;   // relative, no "." or ".." in it
  unsigned mode = 0;  // permission bits and the sticky bit; no setuid
  std::uint64_t size = 0;
  std::string target;  // of a link: ".." only in front, never above the root
};

struct TarLimits {
  std::uint64_t bytes = std::uint64_t{4} << 30;  // content of all files
  std::uint64_t entries = 100000;
};

// Takes an archive in pieces of any size.
class TarReader {
 public:
  using OnEntry = std::function<void(const TarEntry&)>;
  TarReader(OnEntry entry, ByteSink content, std::string where, TarLimits limits = {});
  void add(std::string_view bytes);
  void finish();  // refuses an archive that was cut off

 private:
  void header(std::string_view block);
  [[noreturn]] void refuse(const std::string& what) const;
  OnEntry entry_;
  ByteSink content_;
  std::string where_;
  TarLimits limits_;
  std::string block_;  // a header that is not whole yet
  std::uint64_t content_left_ = 0;
  std::uint64_t padding_left_ = 0;
  int empty_blocks_ = 0;  // two end the archive
};

// Unpacks below a folder, never through a link. A file that is there already is refused. `durable`: every file and
// folder is synced when finish() returns, for content that must outlive a power cut.
class TarExtractor {
 public:
  TarExtractor(const fs::path& folder, std::string where, TarLimits limits = {}, bool durable = true);
  ~TarExtractor();
  void add(std::string_view bytes);
  void finish();

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace gyre
