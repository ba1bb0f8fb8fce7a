#include "store/blobs.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <exception>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "store/pack_file.hpp"
#include "store/remote_blobs.hpp"
#include "store/tree.hpp"

namespace gyre {

Blobs::Blobs(std::filesystem::path root) : root_(std::move(root)) {
  make_folders(root_ / "sha256");
  make_folders(root_ / "staging");
  make_folders(root_ / "trees");
  make_folders(root_ / "packs");
  for (auto& mark : fs::directory_iterator(root_ / "packs")) {
    std::string digest = "sha256:" + mark.path().filename().string();
    if (fs::path blob = root_ / "sha256" / digest.substr(7, 2) / digest.substr(9);
        is_digest(digest) && fs::exists(blob))
      packs_[digest] = std::make_unique<PackReader>(blob);
  }
}

Blobs::~Blobs() = default;

// Somebody is about to refer to it: it is as good as new.
static void touch(const fs::path& blob) {
  if (::utimensat(AT_FDCWD, blob.c_str(), nullptr, 0) != 0 && errno != ENOENT) throw system_error(errno, blob.string());
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

struct Staged {
  fs::path file;
  std::string digest;  // of what was written, whatever happens to the user's file
};

static Staged copied(const fs::path& file, const fs::path& copy) {
  FileHandle from = open_file(file, O_RDONLY), to = open_file(copy, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  std::string buffer(1 << 20, '\0');
  Sha256 hash;
  while (true) {
    ssize_t n = ::read(from.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(errno, file.string());
    if (n == 0) break;
    std::string_view piece(buffer.data(), static_cast<std::size_t>(n));
    auto hashing = std::async(std::launch::async, [&] { hash.add(piece); });
    write_all(to.get(), piece, copy);
  }
  ::fchmod(to.get(), 0444);
  return {copy, hash.digest()};
}

// Brings a file to where it can be renamed from: itself when it may be moved on the same file system, else a copy.
// `digest`: where it is known.
static Staged staged(const fs::path& file, const fs::path& staging, bool move, const std::string& digest = {}) {
  fs::path copy = staging / std::to_string(fs::hash_value(file));
  if (!move || ::rename(file.c_str(), copy.c_str()) != 0) return copied(file, copy);
  ::chmod(copy.c_str(), 0444);
  return {copy, digest.empty() ? digest_of_file(copy) : digest};
}

constexpr std::uint64_t small_file = 1 << 20;

// Not yet synced.
static fs::path written(std::string_view bytes, const fs::path& file) {
  FileHandle to = open_file(file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  write_all(to.get(), bytes, file);
  ::fchmod(to.get(), 0444);
  return file;
}

static void publish(const fs::path& staged_file, const fs::path& place) {
  touch(staged_file);  // one that was moved in is as old as its writer left it
  make_folders(place.parent_path());
  if (::rename(staged_file.c_str(), place.c_str()) != 0) throw system_error(errno, place.string());
}

// Makes a synced file of the staging folder the blob of this digest.
void Blobs::keep(const std::filesystem::path& staged_file, const std::string& digest) {
  fs::path to = place(root_, digest);
  std::uint64_t bytes = fs::file_size(staged_file);
  {
    std::shared_lock lock(coming_);
    if (fs::exists(to)) return touch(to);
    if (remote_) remote_->put(digest, staged_file);
    publish(staged_file, to);
  }
  came(bytes);
}

bool Blobs::is_here(const std::string& digest) {
  fs::path blob = place(root_, digest);
  std::shared_lock lock(coming_);
  if (!fs::exists(blob)) return false;
  touch(blob);
  return true;
}

std::string Blobs::put_bytes(std::string_view bytes) {
  std::string digest = digest_of(bytes);
  fs::path to = place(root_, digest);
  if (is_here(digest)) return digest;
  TemporaryFolder staging(root_ / "staging");
  fs::path file = staging.path() / "bytes";
  write_file(file, bytes, 0444);
  keep(file, digest);
  sync_folder(to.parent_path());
  return digest;
}

// A file of gigabytes that is used again is read, not written again.
std::optional<std::string> Blobs::digest_if_here(const std::filesystem::path& file) {
  std::string digest = digest_of_file(file);
  return is_here(digest) ? std::optional(digest) : std::nullopt;
}

std::string Blobs::put_file(const std::filesystem::path& file, bool move, const std::string& digest) {
  if (!move)
    if (auto found = digest_if_here(file)) return *found;
  TemporaryFolder staging(root_ / "staging");
  Staged copy = staged(file, staging.path(), move, digest);
  fs::path to = place(root_, copy.digest);
  bool known = fs::exists(to);
  if (!known) sync_file(copy.file);
  keep(copy.file, copy.digest);
  if (!known) sync_folder(to.parent_path());
  return copy.digest;
}

// Calls work(i) for every i below count, a few at a time; the first failure is thrown when all have ended.
static void for_each_of(std::size_t count, std::size_t threads, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;  // guards failure
  std::exception_ptr failure;
  auto run = [&] {
    for (std::size_t i = next++; i < count; i = next++) try {
        work(i);
      } catch (...) {
        std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        next = count;
      }
  };
  std::vector<std::jthread> helpers;
  for (std::size_t i = 1; i < std::min(threads, count); i++) helpers.emplace_back(run);
  run();
  helpers.clear();
  if (failure) std::rethrow_exception(failure);
}

static constexpr std::size_t at_once = 8;  // requests to a remote store

std::string Blobs::put_folder(const std::filesystem::path& folder, bool move) {
  TemporaryFolder staging(root_ / "staging");
  struct Part {
    fs::path file;
    std::string digest;
  };
  std::vector<Part> parts;
  json::array files;
  std::set<std::string> known;  // the same content twice is kept once
  for (auto& file : files_below(folder)) {
    fs::path from = folder / file, copy;
    std::string digest;
    std::uint64_t size = fs::file_size(from);
    if (size <= small_file) {
      // Read once: what is here already is not written again.
      std::string bytes = read_file(from);
      size = bytes.size();
      digest = digest_of(bytes);
      if (known.insert(digest).second && !is_here(digest)) copy = written(bytes, staging.path() / digest.substr(7));
    } else if (auto found = move ? std::nullopt : digest_if_here(from)) {
      digest = *found;
      size = fs::file_size(place(root_, digest));
    } else {
      Staged fresh = staged(from, staging.path(), move);
      copy = fresh.file;
      size = fs::file_size(copy);
      digest = fresh.digest;
      if (!known.insert(digest).second) copy.clear();
    }
    files.push_back({{"path", file.generic_string()}, {"size", size}, {"digest", digest}});
    if (!copy.empty()) parts.push_back({copy, digest});
  }
  if (!parts.empty()) sync_all(root_);
  for_each_of(parts.size(), remote_ ? at_once : 1, [&](std::size_t i) { keep(parts[i].file, parts[i].digest); });
  if (!parts.empty()) sync_all(root_);
  return put_bytes(tree_text(files));
}

std::string Blobs::put(const std::filesystem::path& path, bool move) {
  std::error_code error;
  auto status = fs::status(path, error);
  if (fs::is_directory(status)) return put_folder(path, move);
  if (!fs::exists(status)) throw Error(Code::not_found, path.string() + " does not exist");
  return put_file(path, move);
}

json::array files_of_folder(const std::filesystem::path& folder) {
  json::array files;
  for (auto& file : files_below(folder))
    files.push_back({{"path", file.generic_string()},
                     {"size", fs::file_size(folder / file)},
                     {"digest", digest_of_file(folder / file)}});
  return files;
}

std::string digest_of_content(const std::filesystem::path& path) {
  return fs::is_directory(path) ? digest_of(tree_text(files_of_folder(path))) : digest_of_file(path);
}

bool Blobs::is_tree(std::string_view digest) const {
  {
    std::shared_lock lock(coming_);  // a pack holds no trees
    if (!fs::exists(place(root_, digest)) && pack_of(digest)) return false;
  }
  FileHandle file = open_file(path(digest), O_RDONLY);
  char head[tree_mark.size()];
  return ::read(file.get(), head, sizeof head) == sizeof head && std::string_view(head, sizeof head) == tree_mark;
}

static json::array tree_files(const fs::path& blob) {
  return parse_json(std::string_view(read_file(blob)).substr(tree_mark.size()), blob.string()).as_array();
}

std::vector<std::string> Blobs::files_of(std::string_view tree) const {
  std::vector<std::string> digests;
  for (auto& file : tree_files(path(tree))) digests.push_back(get_string(file, "digest"));
  return digests;
}

// Brings a blob from the remote store; false when there is none.
bool Blobs::fetch(const std::string& digest) const {
  if (!remote_) return false;
  TemporaryFolder staging(root_ / "staging");
  fs::path file = staging.path() / "fetched";
  if (!remote_->get(digest, file)) return false;
  if (digest_of_file(file) != digest)
    throw Error(Code::internal, "the remote store's content of " + digest + " is something else", "restore it there");
  ::chmod(file.c_str(), 0444);
  sync_file(file);
  publish(file, place(root_, digest));
  return true;
}

void Blobs::adopt_pack(const std::string& digest) {
  auto pack = std::make_unique<PackReader>(path(digest));
  write_file(root_ / "packs" / digest.substr(7), "");
  std::lock_guard lock(coming_);
  packs_[digest] = std::move(pack);
}

const PackReader* Blobs::pack_of(std::string_view digest) const {
  for (auto& [name, pack] : packs_)
    if (pack->has(digest)) {
      touch(place(root_, name));
      return pack.get();
    }
  return nullptr;
}

// Makes a content of a pack a file of its own. It need not last: the pack does.
bool Blobs::unpack(const std::string& digest) const {
  auto* pack = pack_of(digest);
  if (!pack) return false;
  TemporaryFolder staging(root_ / "staging");
  publish(written(pack->read(digest), staging.path() / "unpacked"), place(root_, digest));
  return true;
}

std::optional<std::filesystem::path> Blobs::find(std::string_view digest) const {
  fs::path blob = place(root_, digest);
  bool came_in = false;
  {
    std::shared_lock lock(coming_);
    if (!fs::exists(blob)) {
      if (!unpack(std::string(digest)) && !fetch(std::string(digest))) return {};
      came_in = true;
    }
    touch(blob);
  }
  if (came_in) came(fs::file_size(blob));
  return blob;
}

bool Blobs::has(std::string_view digest) const {
  {
    std::shared_lock lock(coming_);
    if (!fs::exists(place(root_, digest)) && pack_of(digest)) return true;
  }
  if (!find(digest)) return false;
  if (!is_tree(digest)) return true;
  for (auto& file : files_of(digest)) {
    fs::path blob = place(root_, file);
    std::shared_lock lock(coming_);
    if (fs::exists(blob))
      touch(blob);
    else if (!remote_ || !remote_->has(file))
      return false;
  }
  return true;
}

std::filesystem::path Blobs::path(std::string_view digest) const {
  auto blob = find(digest);
  if (!blob) throw Error(Code::not_found, "no content with digest " + std::string(digest));
  return *blob;
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
  if (fs::exists(tree)) return touch(tree), tree;
  TemporaryFolder staging(root_ / "staging");
  fs::path made = staging.path() / "tree";
  make_folders(made);
  json::array files = tree_files(path(digest));
  if (remote_) for_each_of(files.size(), at_once, [&](std::size_t i) { path(get_string(files[i], "digest")); });
  for (auto& file : files) {
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

void Blobs::attach(const std::string& url, std::unique_ptr<RemoteBlobs> remote) {
  fs::path mark = root_ / "remote";  // says where everything that is here has arrived
  if (!fs::exists(mark) || read_file(mark) != url) {
    auto here = stored();
    for_each_of(here.size(), at_once, [&](std::size_t i) {
      if (!remote->has(here[i].digest)) remote->put(here[i].digest, place(root_, here[i].digest));
    });
    write_file(mark, url);
  }
  remote_ = std::move(remote);
}

static std::int64_t written_at(const fs::path& file, std::uint64_t* bytes) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return -1;
  if (bytes) *bytes = static_cast<std::uint64_t>(info.st_size);
  return info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1'000'000;
}

std::vector<Blobs::Stored> Blobs::stored() const {
  std::vector<Stored> all;
  std::set<std::string> here;
  for (auto& folder : fs::directory_iterator(root_ / "sha256"))
    for (auto& file : fs::directory_iterator(folder)) {
      Stored blob{.digest = "sha256:" + folder.path().filename().string() + file.path().filename().string()};
      blob.used_at = written_at(file, &blob.bytes);
      if (!is_digest(blob.digest) || blob.used_at < 0) continue;
      if (remote_) here.insert(blob.digest);
      all.push_back(std::move(blob));
    }
  if (remote_)
    remote_->list([&](const RemoteBlobs::Stored& blob) {
      if (!here.contains(blob.digest)) all.push_back({blob.digest, blob.bytes, blob.written_at});
    });
  return all;
}

bool Blobs::remove(std::string_view digest, std::int64_t unused_since) {
  fs::path blob = place(root_, digest);
  std::lock_guard lock(coming_);
  if (written_at(blob, nullptr) >= unused_since) return false;
  remove_tree(root_ / "trees" / digest.substr(7));
  packs_.erase(std::string(digest));
  fs::remove(root_ / "packs" / digest.substr(7));
  fs::remove(blob);  // here first: what is here must be there
  if (remote_) remote_->remove(std::string(digest));
  return true;
}

}  // namespace gyre
