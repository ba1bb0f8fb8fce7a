#include "store/blob_uploads.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "base/file.hpp"
#include "base/hash.hpp"

namespace gyre {

static constexpr auto kept_for = std::chrono::hours(24);

BlobUploads::BlobUploads(Workspace& workspace) : workspace_(workspace), root_(workspace.root() / "uploads") {}

fs::path BlobUploads::part_of(const std::string& digest) const {
  if (!is_digest(digest))
    throw Error(Code::invalid, "\"" + digest.substr(0, 80) + "\" is no digest",
                "a digest is sha256: and 64 hex digits");
  return root_ / digest.substr(7);
}

// What nobody went on with for a day.
void BlobUploads::clear_old() const {
  for (auto& entry : fs::directory_iterator(root_)) {
    std::error_code gone;  // another request may be clearing it, or have finished it
    auto touched = fs::last_write_time(entry.path(), gone);
    if (!gone && fs::file_time_type::clock::now() - touched > kept_for) remove_tree(entry.path());
  }
}

std::uint64_t BlobUploads::bytes_of(const std::string& digest) const {
  std::error_code absent;
  auto bytes = fs::file_size(part_of(digest), absent);
  return absent ? 0 : bytes;
}

static void append(const FileHandle& to, const fs::path& part, const fs::path& piece) {
  FileHandle from = open_file(piece, O_RDONLY);
  std::string buffer(1 << 20, '\0');
  while (true) {
    ssize_t count = ::read(from.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error(errno, piece.string());
    if (count == 0) return;
    write_all(to.get(), {buffer.data(), static_cast<std::size_t>(count)}, part);
  }
}

// Gives false when there is more to come.
bool BlobUploads::add_piece(const fs::path& part, std::uint64_t from, std::uint64_t size, const fs::path& piece) {
  make_folders(root_);
  if (from == 0) clear_old();
  FileHandle file = open_file(part, O_WRONLY | O_CREAT | O_APPEND);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
    throw Error(Code::conflict, part.filename().string() + " is being sent by somebody else too",
                "try again in a moment");
  std::uint64_t here = fs::file_size(part);
  if (here != from)
    throw Error(
        Code::conflict,
        "of " + part.filename().string() + " " + std::to_string(here) + " bytes are here, not " + std::to_string(from),
        "go on from there");
  append(file, part, piece);
  return from + fs::file_size(piece) == size;
}

bool BlobUploads::add(const std::string& digest, std::uint64_t from, std::uint64_t size, const fs::path& piece) {
  fs::path part = part_of(digest);
  bool all_at_once = from == 0 && fs::file_size(piece) == size;
  if (!all_at_once && !add_piece(part, from, size, piece)) return false;
  const fs::path& whole = all_at_once ? piece : part;
  if (digest_of_file(whole) != digest) {
    remove_tree(whole);
    throw Error(Code::invalid, "what was sent is not " + digest, "it changed meanwhile: send it again");
  }
  workspace_.blobs().put_file(whole, /*move=*/true);
  return true;
}

}  // namespace gyre
