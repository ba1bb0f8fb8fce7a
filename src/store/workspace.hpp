#pragma once
// A workspace: the folder `.gyre/` and what it holds. Rows in gyre.db or in PostgreSQL (migrated forward on opening; a
// newer one is refused), blobs, keys, run/ (sockets, logs, locks). One process owns it at a time.
#include <filesystem>
#include <memory>
#include <span>

#include "base/rows.hpp"
#include "store/blobs.hpp"

namespace gyre {

class AuditLog;

class Workspace {
 public:
  // Makes `.gyre/` in a folder; nothing happens when it is there. $GYRE_ROWS: where a new one keeps its rows.
  static std::filesystem::path init(const std::filesystem::path& folder);
  // The nearest `.gyre/` upwards, or $GYRE_HOME. Error{not_found} with the hint `gyre init`.
  static std::filesystem::path find(const std::filesystem::path& from);

  // For every later start and command too: a value in config.json; rows in PostgreSQL, where "{workspace}" in the URL
  // stands for a name of this workspace's own. Rows that are in gyre.db go there when the workspace is opened next.
  static void keep(const std::filesystem::path& root, std::string_view name, const json::value& value);
  static void keep_rows_in(const std::filesystem::path& root, std::string url);

  // Takes the lock; Error{conflict} names the process that holds it.
  explicit Workspace(std::filesystem::path dot_gyre);
  ~Workspace();

  Rows& rows() { return *rows_; }
  Blobs& blobs() { return blobs_; }
  const std::filesystem::path& root() const { return root_; }  // the `.gyre` folder
  std::filesystem::path run_folder() const { return root_ / "run"; }
  std::filesystem::path keys() const { return root_ / "keys"; }  // mode 700
  json::value config() const;                                    // config.yaml / config.json, defaults filled in

  // Who did what to what: an entry of the append-only log (store/audit.hpp), in the caller's transaction.
  void audit(std::string_view who, std::string_view action, std::string_view subject, const json::value& before,
             const json::value& after);
  AuditLog& audit_log() { return *audit_log_; }

 private:
  std::filesystem::path root_;
  int lock_ = -1;
  Blobs blobs_;
  std::unique_ptr<Rows> rows_;
  std::unique_ptr<AuditLog> audit_log_;
};

// Migrations: src/<module>/migrations/NNNN-title.sql, applied per module in order, each in a transaction; the table is
// written by CMake. A file that was applied must never change (its hash is recorded).
struct Migration {
  std::string_view module;
  int number;
  std::string_view title;
  std::string_view sql;
};
std::span<const Migration> all_migrations();

}  // namespace gyre
