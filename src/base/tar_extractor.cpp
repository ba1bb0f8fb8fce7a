#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "base/tar.hpp"

namespace gyre {

struct TarExtractor::Body {
  fs::path folder;
  std::string where;
  bool durable;
  std::set<fs::path> folders;  // touched, relative
  FileHandle root;
  FileHandle file;  // being written
  fs::path file_path;
  TarReader reader;

  Body(const fs::path& into, std::string name, TarLimits limits, bool synced)
      : folder(into),
        where(std::move(name)),
        durable(synced),
        root(open_file(into, O_RDONLY | O_DIRECTORY)),
        reader([this](const TarEntry& entry) { make(entry); },
               [this](std::string_view bytes) { write_all(file.get(), bytes, file_path); }, where, limits) {}

  [[noreturn]] void fail(const std::string& path) const {
    if (errno == EEXIST) throw Error(Code::invalid, where + ": " + path + " comes twice");
    if (errno == ELOOP || errno == ENOTDIR)
      throw Error(Code::invalid, where + ": " + path + " leads through a link or a file");
    throw system_error(errno, (folder / path).string());
  }

  void end_file() {
    if (file && durable && ::fsync(file.get()) != 0) throw system_error(errno, file_path.string());
    file.reset();
  }

  // Opens a folder below the root part by part, making what is absent; a link on the way ends it (O_NOFOLLOW).
  FileHandle open_folder(const fs::path& path) {
    for (fs::path p = path; durable && !folders.count(p); p = p.parent_path()) folders.insert(p);
    FileHandle at(::fcntl(root.get(), F_DUPFD_CLOEXEC, 0));
    if (!at) fail(path.string());
    for (auto& part : path) {
      if (::mkdirat(at.get(), part.c_str(), 0755) != 0 && errno != EEXIST) fail(path.string());
      FileHandle next(::openat(at.get(), part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!next) fail(path.string());
      at = std::move(next);
    }
    return at;
  }

  void make(const TarEntry& entry) {
    end_file();
    fs::path path = entry.path;
    std::string name = path.filename().string();
    if (entry.kind == TarEntry::Kind::folder) {
      FileHandle made = open_folder(path);
      if (::fchmod(made.get(), entry.mode) != 0) fail(entry.path);
      return;
    }
    FileHandle parent = open_folder(path.parent_path());
    if (entry.kind == TarEntry::Kind::link) {
      if (::symlinkat(entry.target.c_str(), parent.get(), name.c_str()) != 0) fail(entry.path);
      return;
    }
    file = FileHandle(::openat(parent.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file || ::fchmod(file.get(), entry.mode) != 0) fail(entry.path);
    file_path = folder / path;
  }
};

TarExtractor::TarExtractor(const fs::path& folder, std::string where, TarLimits limits, bool durable)
    : body_(std::make_unique<Body>(folder, std::move(where), limits, durable)) {}
TarExtractor::~TarExtractor() = default;

void TarExtractor::add(std::string_view bytes) { body_->reader.add(bytes); }

void TarExtractor::finish() {
  body_->reader.finish();
  body_->end_file();
  for (auto& folder : body_->folders) sync_folder(body_->folder / folder);
}

}  // namespace gyre
