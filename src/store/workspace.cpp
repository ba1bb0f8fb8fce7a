#include "store/workspace.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/sqlite.hpp"
#include "store/audit.hpp"
#include "store/move_rows.hpp"
#include "store/postgres.hpp"
#include "store/remote_blobs.hpp"

namespace gyre {

std::filesystem::path Workspace::init(const std::filesystem::path& folder) {
  fs::path root = folder / ".gyre";
  bool fresh = !fs::exists(root);
  for (auto part : {"blobs", "run", "keys"}) make_folders(root / part);
  ::chmod((root / "keys").c_str(), 0700);
  if (const char* rows = std::getenv("GYRE_ROWS"); rows && *rows && fresh) keep_rows_in(root, rows);
  return root;
}

std::filesystem::path Workspace::find(const std::filesystem::path& from) {
  if (const char* home = std::getenv("GYRE_HOME"); home && *home) {
    if (fs::is_directory(home)) return home;
    throw Error(Code::not_found, std::string("GYRE_HOME is ") + home + ", which is no folder");
  }
  for (fs::path folder = fs::absolute(from);; folder = folder.parent_path()) {
    if (fs::is_directory(folder / ".gyre")) return folder / ".gyre";
    if (folder == folder.root_path()) break;
  }
  throw Error(Code::not_found, "there is no workspace in " + fs::absolute(from).string() + " or above it",
              "make one with: gyre init");
}

void Workspace::keep(const std::filesystem::path& root, std::string_view name, const json::value& value) {
  fs::path file = root / "config.json";
  json::value config = fs::exists(file) ? read_json_file(file) : json::value(json::object());
  config.as_object()[name] = value;
  write_file(file, pretty(config), 0600);  // a URL may have a password in it
}

void Workspace::keep_rows_in(const std::filesystem::path& root, std::string url) {
  constexpr std::string_view own = "{workspace}";
  if (auto at = url.find(own); at != std::string::npos)
    url.replace(at, own.size(), "w" + digest_of(fs::absolute(root).string()).substr(7, 16));
  parse_postgres_url(url);
  keep(root, "rows", json::string(url));
}

static int take_lock(const fs::path& path) {
  FileHandle lock = open_file(path, O_RDWR | O_CREAT);
  // Who is just ending, and short commands, are waited for.
  for (int i = 0; i < 300 && ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0; i++)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    std::string holder = read_file(path);
    throw Error(Code::conflict,
                "another gyre (process " + holder + ") is working in " + path.parent_path().parent_path().string(),
                "wait for it, or run `gyre up`: a server lets many commands work at once");
  }
  std::string self = std::to_string(::getpid());
  if (::ftruncate(lock.get(), 0) != 0 || ::pwrite(lock.get(), self.data(), self.size(), 0) < 0)
    throw system_error(errno, path.string());
  return lock.release();
}

static void migrate(Rows& rows) {
  rows.script(
      "CREATE TABLE IF NOT EXISTS migration (module TEXT NOT NULL, number INTEGER NOT NULL, title TEXT NOT NULL,"
      " digest TEXT NOT NULL, applied_at INTEGER NOT NULL, PRIMARY KEY (module, number)) STRICT");
  auto known = [](const Row& row) {
    for (auto& migration : all_migrations())
      if (migration.module == row.at("module").as_string() && migration.number == row.at("number").as_int64())
        return true;
    return false;
  };
  for (auto& row : rows.query("SELECT module, number, title FROM migration"))
    if (!known(row))
      throw Error(Code::unsupported,
                  "this workspace was written by a newer gyre (it has " + get_string(row, "module") + " migration " +
                      std::to_string(get_int(row, "number")) + ", \"" + get_string(row, "title") + "\")",
                  "use that version; nothing was changed");
  for (auto& migration : all_migrations()) {
    std::string digest = digest_of(migration.sql);
    auto row = rows.one("SELECT digest FROM migration WHERE module = $1 AND number = $2",
                        {migration.module, migration.number});
    if (row) {
      if (get_string(*row, "digest") != digest)
        throw Error(Code::unsupported,
                    "migration " + std::string(migration.module) + "/" + std::to_string(migration.number) +
                        " differs from the one this workspace was made with",
                    "use the gyre that made it");
      continue;
    }
    rows.transaction([&] {
      rows.script(migration.sql);
      rows.run("INSERT INTO migration VALUES ($1, $2, $3, $4, $5)",
               {migration.module, migration.number, migration.title, digest, now_ms()});
    });
  }
}

// Rows that are in gyre.db still go to where they are wanted; the file stays, under another name.
static void bring_rows(const fs::path& root, Rows& to) {
  fs::path file = root / "gyre.db";
  if (!fs::exists(file)) return;
  {
    Sqlite from(file);
    migrate(from);
    move_rows(from, to);
  }
  fs::rename(file, root / "gyre.db.moved");
  sync_folder(root);
}

static std::unique_ptr<Rows> open_rows(const fs::path& root, const json::value& config) {
  std::unique_ptr<Rows> rows;
  auto url = find_string(config, "rows");
  bool elsewhere = url && !url->empty();
  if (elsewhere)
    rows = std::make_unique<Postgres>(parse_postgres_url(*url));
  else
    rows = std::make_unique<Sqlite>(root / "gyre.db");
  migrate(*rows);
  if (elsewhere) bring_rows(root, *rows);
  return rows;
}

Workspace::Workspace(std::filesystem::path dot_gyre)
    : root_(fs::absolute(dot_gyre)),
      lock_((make_folders(root_ / "run"), take_lock(root_ / "run" / "lock"))),
      blobs_(root_ / "blobs") {
  try {
    make_folders(keys());
    rows_ = open_rows(root_, config());
    if (auto url = find_string(config(), "blobs"); url && !url->empty()) {
      blobs_.attach(*url, open_remote_blobs(*url));
      if (auto gb = find_number(config(), "blobs_here_gb"); gb && *gb > 0)
        blobs_.keep_here_at_most(static_cast<std::uint64_t>(*gb * 1e9));
    }
    audit_log_ = std::make_unique<AuditLog>(*rows_, keys());
    // What a killed process left half staged is nobody's.
    for (auto& entry : fs::directory_iterator(root_ / "blobs" / "staging")) remove_tree(entry.path());
  } catch (...) {
    ::close(lock_);
    throw;
  }
}

Workspace::~Workspace() {
  audit_log_.reset();
  rows_.reset();
  ::close(lock_);  // last: who waits for it may open the rows
}

json::value Workspace::config() const {
  fs::path file = root_ / "config.json";
  return fs::exists(file) ? read_json_file(file) : json::value(json::object());
}

void Workspace::audit(std::string_view who, std::string_view action, std::string_view subject,
                      const json::value& before, const json::value& after) {
  audit_log_->append(who, action, subject, before, after);
}

}  // namespace gyre
