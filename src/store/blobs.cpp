#include "store/blobs.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.hpp"
#include "base/hash.hpp"

namespace gyre {

// A tree's blob starts with this line, which tells it from a file's.
static constexpr std::string_view tree_mark = "gyre-tree-1\n";

Blobs::Blobs(std::filesystem::path root) : root_(std::move(root)) {
  make_folders(root_ / "sha256");
  make_folders(root_ / "staging");
  make_folders(root_ / "trees");
}

static fs::path place(const fs::path& root, std::string_view digest) {
  if (!is_digest(digest))
    throw Error(Code::invalid, "\"" + std::string(digest) + "\" is no digest", "a digest is sha256: and 64 hex digits");
  return root / "sha256" / digest.substr(7, 2) / digest.substr(9);
}

// Everything written on this file system so far is on the disk afterwards: one call for a folder of thousands of files.
static void sync_all(const fs::path& root) {
  FileHandle handle = open_file(root, O_RDONLY | O_DIRECTORY);
  if (::syncfs(handle.get()) != 0) throw system_error(errno, root.string());
}

// Brings a file to where it can be renamed from: itself when it may be moved on the same file system, else a copy.
static fs::path staged(const fs::path& file, const fs::path& staging, bool move) {
  fs::path copy = staging / std::to_string(fs::hash_value(file));
  if (move && ::rename(file.c_str(), copy.c_str()) == 0) {
    ::chmod(copy.c_str(), 0444);
    return copy;
  }
  FileHandle from = open_file(file, O_RDONLY), to = open_file(copy, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  std::string buffer(1 << 20, '\0');
  while (true) {
    ssize_t n = ::read(from.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(errno, file.string());
    if (n == 0) break;
    write_all(to.get(), {buffer.data(), static_cast<std::size_t>(n)}, copy);
  }
  ::fchmod(to.get(), 0444);
  return copy;
}

static void publish(const fs::path& staged_file, const fs::path& place) {
  if (fs::exists(place)) return;
  make_folders(place.parent_path());
  if (::rename(staged_file.c_str(), place.c_str()) != 0) throw system_error(errno, place.string());
}

std::string Blobs::put_bytes(std::string_view bytes) {
  std::string digest = digest_of(bytes);
  fs::path to = place(root_, digest);
  if (!fs::exists(to)) {
    make_folders(to.parent_path());
    write_file(to, bytes, 0444);
  }
  return digest;
}

std::string Blobs::put_file(const std::filesystem::path& file, bool move) {
  TemporaryFolder staging(root_ / "staging");
  // Hashed after staging: what was hashed is what is kept, whatever happens to the user's file.
  fs::path copy = staged(file, staging.path(), move);
  std::string digest = digest_of_file(copy);
  fs::path to = place(root_, digest);
  if (fs::exists(to)) return digest;
  sync_file(copy);
  publish(copy, to);
  sync_folder(to.parent_path());
  return digest;
}

std::string Blobs::put_folder(const std::filesystem::path& folder, bool move) {
  TemporaryFolder staging(root_ / "staging");
  struct Part {
    fs::path file;
    std::string digest;
  };
  std::vector<Part> parts;
  json::array files;
  for (auto& file : files_below(folder)) {
    fs::path copy = staged(folder / file, staging.path(), move);
    std::string digest = digest_of_file(copy);
    files.push_back({{"path", file.generic_string()}, {"size", fs::file_size(copy)}, {"digest", digest}});
    parts.push_back({copy, digest});
  }
  sync_all(root_);
  for (auto& part : parts) publish(part.file, place(root_, part.digest));
  sync_all(root_);
  return put_bytes(std::string(tree_mark) + canonical(files));
}

std::string Blobs::put(const std::filesystem::path& path, bool move) {
  std::error_code error;
  auto status = fs::status(path, error);
  if (fs::is_directory(status)) return put_folder(path, move);
  if (!fs::exists(status)) throw Error(Code::not_found, path.string() + " does not exist");
  return put_file(path, move);
}

std::string digest_of_content(const std::filesystem::path& path) {
  if (!fs::is_directory(path)) return digest_of_file(path);
  json::array files;
  for (auto& file : files_below(path))
    files.push_back({{"path", file.generic_string()},
                     {"size", fs::file_size(path / file)},
                     {"digest", digest_of_file(path / file)}});
  return digest_of(std::string(tree_mark) + canonical(files));
}

bool Blobs::is_tree(std::string_view digest) const {
  FileHandle file = open_file(path(digest), O_RDONLY);
  char head[tree_mark.size()];
  return ::read(file.get(), head, sizeof head) == sizeof head && std::string_view(head, sizeof head) == tree_mark;
}

static json::array tree_files(const fs::path& blob) {
  return parse_json(std::string_view(read_file(blob)).substr(tree_mark.size()), blob.string()).as_array();
}

bool Blobs::has(std::string_view digest) const {
  fs::path blob = place(root_, digest);
  if (!fs::exists(blob)) return false;
  if (!is_tree(digest)) return true;
  for (auto& file : tree_files(blob))
    if (!fs::exists(place(root_, get_string(file, "digest")))) return false;
  return true;
}

std::filesystem::path Blobs::path(std::string_view digest) const {
  fs::path blob = place(root_, digest);
  if (!fs::exists(blob)) throw Error(Code::not_found, "no content with digest " + std::string(digest));
  return blob;
}

std::string Blobs::read(std::string_view digest) const { return read_file(path(digest)); }

std::uint64_t Blobs::size(std::string_view digest) const {
  if (!is_tree(digest)) return fs::file_size(path(digest));
  std::uint64_t total = 0;
  for (auto& file : tree_files(path(digest))) total += static_cast<std::uint64_t>(get_int(file, "size"));
  return total;
}

std::filesystem::path Blobs::open(std::string_view digest) {
  if (!is_tree(digest)) return path(digest);
  fs::path tree = root_ / "trees" / digest.substr(7);
  if (fs::exists(tree)) return tree;
  TemporaryFolder staging(root_ / "staging");
  fs::path made = staging.path() / "tree";
  make_folders(made);
  for (auto& file : tree_files(path(digest))) {
    fs::path relative = get_string(file, "path");
    if (relative.is_absolute() || relative.lexically_normal() != relative || *relative.begin() == "..")
      throw Error(Code::invalid,
                  std::string(digest) + " names a file outside its folder: \"" + relative.string() + "\"");
    fs::path to = made / relative;
    make_folders(to.parent_path());
    fs::create_hard_link(path(get_string(file, "digest")), to);
  }
  if (::rename(made.c_str(), tree.c_str()) != 0 && errno != EEXIST && errno != ENOTEMPTY)
    throw system_error(errno, tree.string());
  return tree;
}

}  // namespace gyre
