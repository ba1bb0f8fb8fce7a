#include "base/sqlite.hpp"

#include <sqlite3.h>
#include <sys/statvfs.h>

#include <cstdlib>
#include <unordered_map>

#include "base/error.hpp"

namespace gyre {

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

struct Sqlite::Statements {
  std::unordered_map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>> by_text;
};

// SQLite calls it an I/O error when there is no room for its shared memory.
static bool no_room_at(const char* file) {
  struct statvfs disk {};
  return file && *file && ::statvfs(file, &disk) == 0 && disk.f_bavail == 0;
}

static Error failure(sqlite3* db, std::string_view what) {
  int code = sqlite3_extended_errcode(db);
  std::string text = std::string(what) + ": " + sqlite3_errmsg(db);
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {Code::full, text, "make room on this disk and try again; nothing was changed"};
    case SQLITE_CONSTRAINT:
      return {Code::conflict, text};
    case SQLITE_BUSY:
      return {Code::unavailable, text, "another process holds the database"};
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return {Code::internal, text, "restore the file from a copy"};
    case SQLITE_IOERR:
      if (no_room_at(sqlite3_db_filename(db, "main")))
        return {Code::full, text + ": the disk is full", "make room on this disk and try again; nothing was changed"};
      return {Code::internal, text};
    default:
      return {Code::internal, text};
  }
}

Sqlite::Sqlite(const std::filesystem::path& path) : statements_(std::make_unique<Statements>()) {
  if (sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr) !=
      SQLITE_OK) {
    Error error = failure(db_, path.string());
    sqlite3_close(db_);
    throw error;
  }
  sqlite3_busy_timeout(db_, 10000);
  script("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;");
}

Sqlite::~Sqlite() {
  statements_.reset();
  sqlite3_close(db_);
}

static void bind(sqlite3* db, sqlite3_stmt* statement, int index, const json::value& value) {
  int code = SQLITE_OK;
  switch (value.kind()) {
    case json::kind::null:
      code = sqlite3_bind_null(statement, index);
      break;
    case json::kind::bool_:
      code = sqlite3_bind_int(statement, index, value.get_bool());
      break;
    case json::kind::int64:
      code = sqlite3_bind_int64(statement, index, value.get_int64());
      break;
    case json::kind::uint64:
      code = sqlite3_bind_int64(statement, index, static_cast<sqlite3_int64>(value.get_uint64()));
      break;
    case json::kind::double_:
      code = sqlite3_bind_double(statement, index, value.get_double());
      break;
    case json::kind::string: {
      auto& text = value.get_string();
      code = sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
      break;
    }
    default: {
      std::string text = canonical(value);  // objects and arrays are kept as JSON text
      code = sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    }
  }
  if (code != SQLITE_OK) throw failure(db, "bind");
}

static json::value column(sqlite3_stmt* statement, int i) {
  switch (sqlite3_column_type(statement, i)) {
    case SQLITE_INTEGER:
      return sqlite3_column_int64(statement, i);
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, i);
    case SQLITE_NULL:
      return nullptr;
    default: {
      auto* text = static_cast<const char*>(sqlite3_column_blob(statement, i));
      return json::string(text ? text : "", static_cast<std::size_t>(sqlite3_column_bytes(statement, i)));
    }
  }
}

std::vector<Row> Sqlite::query(std::string_view sql, SqlValues parameters) {
  std::lock_guard lock(mutex_);
  auto& kept = statements_->by_text[std::string(sql)];
  std::unique_ptr<sqlite3_stmt, Finalize> statement = std::move(kept);  // a query inside a query gets its own
  if (!statement) {
    sqlite3_stmt* made = nullptr;
    if (sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &made, nullptr) !=
        SQLITE_OK)
      throw failure(db_, sql);
    statement.reset(made);
  }
  std::vector<Row> rows;
  try {
    // SQLite numbers "$2" by where it first stands in the text: it is bound by its name.
    for (int i = 1, count = sqlite3_bind_parameter_count(statement.get()); i <= count; i++) {
      const char* name = sqlite3_bind_parameter_name(statement.get(), i);
      std::size_t number = static_cast<std::size_t>(name ? std::atoi(name + 1) : i);
      if (number < 1 || number > parameters.size())
        throw Error(Code::internal,
                    "a query with no value for its parameter " + std::to_string(number) + ": " + std::string(sql));
      bind(db_, statement.get(), i, parameters[number - 1]);
    }
    int code;
    while ((code = sqlite3_step(statement.get())) == SQLITE_ROW) {
      Row row;
      int columns = sqlite3_column_count(statement.get());
      for (int i = 0; i < columns; i++) row[sqlite3_column_name(statement.get(), i)] = column(statement.get(), i);
      rows.push_back(std::move(row));
    }
    if (code != SQLITE_DONE) throw failure(db_, sql);
  } catch (...) {
    sqlite3_reset(statement.get());
    throw;
  }
  sqlite3_reset(statement.get());
  sqlite3_clear_bindings(statement.get());
  statements_->by_text[std::string(sql)] = std::move(statement);
  return rows;
}

void Sqlite::run(std::string_view sql, SqlValues parameters) { query(sql, std::move(parameters)); }

std::optional<Row> Sqlite::one(std::string_view sql, SqlValues parameters) {
  auto rows = query(sql, std::move(parameters));
  if (rows.empty()) return {};
  return std::move(rows.front());
}

void Sqlite::script(std::string_view sql) {
  std::lock_guard lock(mutex_);
  if (sqlite3_exec(db_, std::string(sql).c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    throw failure(db_, sql.substr(0, 200));
}

std::int64_t Sqlite::changes() const { return sqlite3_changes64(db_); }
std::int64_t Sqlite::last_id() const { return sqlite3_last_insert_rowid(db_); }

void Sqlite::transaction(const std::function<void()>& body) {
  std::lock_guard lock(mutex_);
  if (depth_ == 0) script("BEGIN IMMEDIATE");
  depth_++;
  try {
    body();
  } catch (...) {
    if (--depth_ == 0 && !sqlite3_get_autocommit(db_)) script("ROLLBACK");
    throw;
  }
  if (--depth_ == 0) {
    try {
      script("COMMIT");
    } catch (...) {
      if (!sqlite3_get_autocommit(db_)) script("ROLLBACK");
      throw;
    }
  }
}

}  // namespace gyre
