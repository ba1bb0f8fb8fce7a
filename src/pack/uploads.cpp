#include "pack/uploads.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.hpp"
#include "base/hash.hpp"

namespace gyre {

static constexpr auto kept_for = std::chrono::hours(24);

Uploads::Uploads(Registry& registry) : registry_(registry), root_(registry.workspace().root() / "uploads") {
  make_folders(root_);
}

// An id is a random folder name that mkdtemp made; anything else that a client sends is no upload.
fs::path Uploads::folder_of(const std::string& repository, const std::string& id) const {
  fs::path folder = root_ / id;
  bool plain = id.starts_with("gyre-") && id.find_first_of("/.") == id.npos;
  if (!plain || !fs::exists(folder / "repository") || read_file(folder / "repository") != repository)
    throw RegistryError(Code::not_found, 404, "BLOB_UPLOAD_UNKNOWN", "no upload " + id + " to " + repository,
                        "start again with POST");
  return folder;
}

void Uploads::clear_old() {
  for (auto& entry : fs::directory_iterator(root_)) {
    std::error_code gone;  // another request may be clearing it at the same time
    fs::path data = entry.path() / "data";
    auto touched = fs::last_write_time(fs::exists(data) ? data : entry.path(), gone);
    if (!gone && fs::file_time_type::clock::now() - touched > kept_for) remove_tree(entry.path());
  }
}

std::string Uploads::start(const std::string& repository) {
  clear_old();
  std::string folder = (root_ / "gyre-XXXXXX").string();
  if (!::mkdtemp(folder.data())) throw system_error(errno, folder);
  FileHandle data = open_file(fs::path(folder) / "data", O_WRONLY | O_CREAT);
  write_file(fs::path(folder) / "repository", repository);
  return fs::path(folder).filename().string();
}

std::uint64_t Uploads::size(const std::string& repository, const std::string& id) {
  return fs::file_size(folder_of(repository, id) / "data");
}

static void append_file(int to, const fs::path& from, const fs::path& where) {
  FileHandle file = open_file(from, O_RDONLY);
  std::string buffer(1 << 18, '\0');
  while (true) {
    ssize_t n = ::read(file.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(errno, from.string());
    if (n == 0) return;
    write_all(to, {buffer.data(), static_cast<std::size_t>(n)}, where);
  }
}

std::uint64_t Uploads::append(const std::string& repository, const std::string& id, const Request& body,
                              std::optional<std::uint64_t> first) {
  fs::path data = folder_of(repository, id) / "data";
  FileHandle file = open_file(data, O_WRONLY | O_APPEND);
  if (::flock(file.get(), LOCK_EX) != 0) throw system_error(errno, data.string());  // one piece after the other
  std::uint64_t before = fs::file_size(data);
  if (first && *first != before)
    throw RegistryError(
        Code::conflict, 416, "BLOB_UPLOAD_INVALID",
        "the piece begins at " + std::to_string(*first) + ", the upload has " + std::to_string(before) + " bytes",
        "ask with GET where to go on");
  try {
    if (body.body_file)
      append_file(file.get(), *body.body_file, data);
    else
      write_all(file.get(), body.body, data);
  } catch (...) {
    // A full disk: back to where the client believes it is, so that it can go on later.
    if (::ftruncate(file.get(), static_cast<off_t>(before)) != 0) remove_tree(data.parent_path());
    throw;
  }
  return fs::file_size(data);
}

void Uploads::finish(const std::string& repository, const std::string& id, const Request& body,
                     const std::string& digest) {
  if (!is_digest(digest)) throw digest_invalid("\"" + digest + "\" is no digest of the form sha256:<64 hex digits>");
  fs::path folder = folder_of(repository, id);
  append(repository, id, body);
  std::string made = digest_of_file(folder / "data");
  if (made != digest) {
    remove_tree(folder);
    throw digest_invalid("the content that was sent has digest " + made + ", not " + digest);
  }
  registry_.workspace().blobs().put_file(folder / "data", true);
  registry_.link_blob(repository, digest);
  remove_tree(folder);
}

void Uploads::cancel(const std::string& repository, const std::string& id) { remove_tree(folder_of(repository, id)); }

}  // namespace gyre
