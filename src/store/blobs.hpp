#pragma once
// Content-addressed blobs: `.gyre/blobs/sha256/<2>/<62>`. A blob is a file's bytes, or a tree: a folder as canonical
// JSON
// [{"path","size","digest"}...] sorted by path. A digest is "sha256:<64 hex>". Nothing is visible before it is whole
// and durable; blobs are read-only and never change. With a remote store (attach) this disk is its cache.
#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace gyre {

class PackReader;
class RemoteBlobs;

class Blobs {
 public:
  explicit Blobs(std::filesystem::path root);
  ~Blobs();
  std::string put_bytes(std::string_view bytes);
  // `digest` when it is known: of a file that nobody else has.
  std::string put_file(const std::filesystem::path& file, bool move = false, const std::string& digest = {});
  std::string put_folder(const std::filesystem::path& folder, bool move = false);  // digest of its tree
  std::string put(const std::filesystem::path& file_or_folder, bool move = false);
  bool has(std::string_view digest) const;                    // and, for a tree, every file in it
  std::filesystem::path path(std::string_view digest) const;  // Error{not_found} when absent
  std::string read(std::string_view digest) const;
  std::uint64_t size(std::string_view digest) const;
  // A tree as a real folder of hard links, made once: `.gyre/trees/<hex>/`. For a file: its blob.
  std::filesystem::path open(std::string_view digest);
  bool is_tree(std::string_view digest) const;
  std::vector<std::string> files_of(std::string_view tree) const;  // digests
  const std::filesystem::path& root() const { return root_; }
  // What a pack (store/pack_file.hpp) among the blobs holds are blobs from now on; each becomes a file when it is first
  // asked for. Error{invalid} when it is no pack.
  void adopt_pack(const std::string& digest);

  // From now on every blob goes there too, those that are here already first; what is missing here comes from there.
  void attach(const std::string& url, std::unique_ptr<RemoteBlobs> remote);
  // What is there too and was not used for longest leaves this disk when more than this is here. Nothing that was put
  // or asked for within a day goes, and no folder that was opened within a week: somebody may be reading it.
  void keep_here_at_most(std::uint64_t bytes);

  struct Stored {
    std::string digest;
    std::uint64_t bytes = 0;
    std::int64_t used_at = 0;  // when it was put or asked for last, milliseconds
  };
  std::vector<Stored> stored() const;  // here and there
  // Unless it was put or asked for since `unused_since`: whoever is about to refer to a blob has asked for it.
  bool remove(std::string_view digest, std::int64_t unused_since);

 private:
  // Whether it is in the folder; who asks is about to refer to it.
  bool is_here(const std::string& digest);
  std::optional<std::string> digest_if_here(const std::filesystem::path& file);  // of its content
  void keep(const std::filesystem::path& staged, const std::string& digest);
  bool fetch(const std::string& digest) const;
  void came(std::uint64_t bytes) const;
  void leave_here(std::uint64_t most) const;
  bool unpack(const std::string& digest) const;
  const PackReader* pack_of(std::string_view digest) const;  // whoever asks holds coming_
  std::optional<std::filesystem::path> find(std::string_view digest) const;

  std::filesystem::path root_;
  std::unique_ptr<RemoteBlobs> remote_;
  std::uint64_t most_here_ = 0;                               // 0: all may stay
  mutable std::atomic<std::uint64_t> came_{0};                // bytes since that was looked at
  mutable std::mutex leaving_;                                // held by who looks
  std::map<std::string, std::unique_ptr<PackReader>> packs_;  // by digest; guarded by coming_
  mutable std::shared_mutex coming_;  // shared while a blob comes in or is asked for, alone while one is removed
};

// What put() would give a file or folder, without keeping it.
std::string digest_of_content(const std::filesystem::path& file_or_folder);

}  // namespace gyre
