#include "track/part_uploads.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "track/artifacts.hpp"

namespace gyre {

static constexpr auto kept_for = std::chrono::hours(24);

PartUploads::PartUploads(Workspace& workspace) : workspace_(workspace), root_(workspace.root() / "parts") {}

// An id is a random folder name that mkdtemp made; anything else that a client sends is no upload.
fs::path PartUploads::folder_of(const std::string& path, const std::string& id) const {
  fs::path folder = root_ / id;
  bool plain = id.starts_with("parts-") && id.find_first_of("/.") == id.npos;
  if (!plain || !fs::exists(folder / "path") || read_file(folder / "path") != path)
    throw Error(Code::not_found, "there is no upload " + id.substr(0, 80) + " of " + path, "start it again");
  return folder;
}

void PartUploads::clear_old() {
  for (auto& entry : fs::directory_iterator(root_)) {
    std::error_code gone;  // another request may be clearing it at the same time
    auto touched = fs::last_write_time(entry.path(), gone);
    if (!gone && fs::file_time_type::clock::now() - touched > kept_for) remove_tree(entry.path());
  }
}

std::string PartUploads::start(const std::string& path) {
  make_folders(root_);
  clear_old();
  std::string folder = (root_ / "parts-XXXXXX").string();
  if (!::mkdtemp(folder.data())) throw system_error(errno, folder);
  write_file(fs::path(folder) / "path", path);
  return fs::path(folder).filename().string();
}

std::string PartUploads::put(const std::string& path, const std::string& id, std::int64_t number,
                             const fs::path& file) {
  fs::path folder = folder_of(path, id);
  if (number < 1 || number > most_parts)
    throw Error(Code::invalid, "parts are numbered from 1 to " + std::to_string(most_parts));
  std::string tag = digest_of_file(file).substr(7);
  fs::rename(file, folder / (std::to_string(number) + "-" + tag));
  return tag;
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

void PartUploads::finish(const std::string& path, const std::string& id, std::vector<Part> parts,
                         std::string_view who) {
  fs::path folder = folder_of(path, id), whole = folder / "whole";
  std::sort(parts.begin(), parts.end(), [](auto& a, auto& b) { return a.number < b.number; });
  if (parts.empty())
    throw Error(Code::invalid, "an upload is of one part at least", "send its parts, then complete it");
  {
    FileHandle out = open_file(whole, O_WRONLY | O_CREAT | O_TRUNC);
    for (std::size_t i = 0; i < parts.size(); i++) {
      bool plain = parts[i].tag.size() == 64 && parts[i].tag.find_first_not_of("0123456789abcdef") == std::string::npos;
      fs::path part = folder / (std::to_string(parts[i].number) + "-" + parts[i].tag);
      if (parts[i].number != static_cast<std::int64_t>(i) + 1 || !plain || !fs::exists(part))
        throw Error(Code::invalid,
                    "part " + std::to_string(i + 1) + " of " + path + " is missing, or is not what was sent",
                    "send that part again, then complete the upload");
      append_file(out.get(), part, whole);
    }
  }
  put_artifact(workspace_, path, workspace_.blobs().put_file(whole, /*move=*/true), who);
  remove_tree(folder);
}

void PartUploads::cancel(const std::string& path, const std::string& id) { remove_tree(folder_of(path, id)); }

}  // namespace gyre
