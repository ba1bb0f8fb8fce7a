#include "base/sqlite.hpp"

#include <sqlite3.h>
#include <sys/statvfs.h>

#include <cstdlib>
#include <unordered_map>
#include <utility>

#include "base/error.hpp"

namespace gyre {

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

// A statement of SQLite is read at once; only another database's row is asked by way of SqlCells.
int SqlColumns::count() const { return cells_ ? cells_->count() : sqlite3_column_count(statement_); }
const char* SqlColumns::name(int column) const {
  return cells_ ? cells_->name(column) : sqlite3_column_name(statement_, column);
}
bool SqlColumns::is_null(int column) const {
  return cells_ ? cells_->is_null(column) : sqlite3_column_type(statement_, column) == SQLITE_NULL;
}
std::int64_t SqlColumns::integer(int column) const {
  return cells_ ? cells_->integer(column) : sqlite3_column_int64(statement_, column);
}
double SqlColumns::number(int column) const {
  return cells_ ? cells_->number(column) : sqlite3_column_double(statement_, column);
}

std::string_view SqlColumns::text(int column) const {
  if (cells_) return cells_->text(column);
  auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  if (!bytes) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

json::value SqlColumns::value(int column) const {
  if (cells_) return cells_->value(column);
  switch (sqlite3_column_type(statement_, column)) {
    case SQLITE_INTEGER:
      return integer(column);
    case SQLITE_FLOAT:
      return number(column);
    case SQLITE_NULL:
      return nullptr;
    default:
      return json::string(text(column));
  }
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
      // It outlives the statement's run, and what is bound is cleared then.
      code = sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
      break;
    }
    default: {
      std::string text = canonical(value);  // objects and arrays are kept as JSON text
      code = sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    }
  }
  if (code != SQLITE_OK) throw failure(db, "bind");
}

// One database handle and its statements; used by one thread at a time.
class Sqlite::Connection {
 public:
  Connection(const std::filesystem::path& path, int flags) {
    if (sqlite3_open_v2(path.c_str(), &db_, flags | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK) {
      Error error = failure(db_, path.string());
      sqlite3_close(db_);
      throw error;
    }
    sqlite3_busy_timeout(db_, 10000);
  }
  ~Connection() {
    statements_.clear();
    sqlite3_close(db_);
  }
  Connection(const Connection&) = delete;
  sqlite3* handle() const { return db_; }

  void script(std::string_view sql) {
    if (sqlite3_exec(db_, std::string(sql).c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
      throw failure(db_, sql.substr(0, 200));
  }

  template <class Take>
  void each(std::string_view sql, SqlParameters parameters, Take&& take) {
    Run run(*this, sql);
    bind_all(*run.statement, sql, parameters);
    int code;
    while ((code = sqlite3_step(run.statement->get())) == SQLITE_ROW) take(SqlColumns(run.statement->get()));
    if (code != SQLITE_DONE) throw failure(db_, sql);
  }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  struct Statement {
    std::unique_ptr<sqlite3_stmt, Finalize> handle{};
    std::vector<std::size_t> numbers{};  // of the parameters: SQLite counts "$2" by where it first stands in the text
    bool runs = false;
    sqlite3_stmt* get() const { return handle.get(); }
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  // A statement while it runs. A query inside the same query gets one of its own.
  struct Run {
    Run(Connection& of, std::string_view sql) : connection(of) {
      auto it = of.statements_.find(sql);
      // Searches are written anew for each filter: what was asked long ago need not be kept.
      if (it == of.statements_.end() && of.running_ == 0 && of.statements_.size() > 300) of.statements_.clear();
      if (it == of.statements_.end()) it = of.statements_.emplace(std::string(sql), of.prepared(sql)).first;
      if (it->second.runs) own = of.prepared(sql);
      statement = own.get() ? &own : &it->second;
      statement->runs = true;
      of.running_++;
    }
    ~Run() {
      sqlite3_reset(statement->get());
      sqlite3_clear_bindings(statement->get());
      statement->runs = false;
      connection.running_--;
    }
    Run(const Run&) = delete;
    Connection& connection;
    Statement own{};
    Statement* statement;
  };

  Statement prepared(std::string_view sql) {
    sqlite3_stmt* made = nullptr;
    if (sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &made, nullptr) !=
        SQLITE_OK)
      throw failure(db_, sql);
    Statement statement{.handle = decltype(Statement::handle)(made)};
    for (int i = 1, count = sqlite3_bind_parameter_count(made); i <= count; i++) {
      const char* name = sqlite3_bind_parameter_name(made, i);
      statement.numbers.push_back(static_cast<std::size_t>(name ? std::atoi(name + 1) : i));
    }
    return statement;
  }

  void bind_all(const Statement& statement, std::string_view sql, SqlParameters parameters) {
    for (std::size_t i = 0; i < statement.numbers.size(); i++) {
      std::size_t number = statement.numbers[i];
      if (number < 1 || number > parameters.size())
        throw Error(Code::internal,
                    "a query with no value for its parameter " + std::to_string(number) + ": " + std::string(sql));
      bind(db_, statement.get(), static_cast<int>(i + 1), parameters[number - 1]);
    }
  }

  sqlite3* db_ = nullptr;
  std::unordered_map<std::string, Statement, Hash, std::equal_to<>> statements_;
  int running_ = 0;
};

// A reader for the time of one query.
class Sqlite::Borrowed {
 public:
  explicit Borrowed(Sqlite& owner) : owner_(owner) {
    {
      std::lock_guard lock(owner.readers_mutex_);
      if (!owner.readers_.empty()) {
        connection_ = std::move(owner.readers_.back());
        owner.readers_.pop_back();
      }
    }
    if (!connection_) connection_ = std::make_unique<Connection>(owner.path_, SQLITE_OPEN_READONLY);
  }
  ~Borrowed() {
    constexpr std::size_t most_kept = 4;
    std::lock_guard lock(owner_.readers_mutex_);
    if (owner_.readers_.size() < most_kept) owner_.readers_.push_back(std::move(connection_));
  }
  Borrowed(const Borrowed&) = delete;
  Connection* operator->() const { return connection_.get(); }

 private:
  Sqlite& owner_;
  std::unique_ptr<Connection> connection_;
};

Sqlite::Sqlite(const std::filesystem::path& path)
    : path_(path), writer_(std::make_unique<Connection>(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) {
  script("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;");
}

Sqlite::~Sqlite() {
  readers_.clear();  // the last to close folds the log in, which a reader cannot
}

void Sqlite::each(std::string_view sql, SqlParameters parameters, const Take& take) {
  if (sql.starts_with("SELECT") && !inside() && path_ != ":memory:") {
    Borrowed reader(*this);
    reader->each(sql, parameters, take);
    return;
  }
  std::lock_guard lock(mutex_);
  writer_->each(sql, parameters, take);
}

std::int64_t Sqlite::insert(std::string_view sql, SqlParameters parameters, std::string_view) {
  std::lock_guard lock(mutex_);
  writer_->each(sql, parameters, [](const SqlColumns&) {});
  return sqlite3_last_insert_rowid(writer_->handle());
}

void Sqlite::script(std::string_view sql) {
  std::lock_guard lock(mutex_);
  writer_->script(sql);
}

std::vector<Rows::Column> Sqlite::text_columns() {
  std::vector<Column> columns;
  each(
      "SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c"
      " WHERE t.type = 'table' AND c.type <> 'INTEGER' AND c.type <> 'REAL' ORDER BY t.name, c.cid",
      {}, [&](const SqlColumns& row) {
        columns.push_back({std::string(row.text(0)), std::string(row.text(1))});
      });
  return columns;
}

void Sqlite::begin() { run("BEGIN IMMEDIATE"); }
void Sqlite::commit() { run("COMMIT"); }
bool Sqlite::is_open() const { return !sqlite3_get_autocommit(writer_->handle()); }

void Sqlite::roll_back() noexcept {
  // Whatever this says, the first failure is what is told.
  if (is_open()) sqlite3_exec(writer_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

}  // namespace gyre
