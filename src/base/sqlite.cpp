#include "base/sqlite.hpp"

#include <sqlite3.h>
#include <sys/statvfs.h>

#include <cstdlib>
#include <unordered_map>
#include <utility>

#include "base/acting_from.hpp"
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

int SqlColumns::count() const { return sqlite3_column_count(statement_); }
const char* SqlColumns::name(int column) const { return sqlite3_column_name(statement_, column); }
bool SqlColumns::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
std::int64_t SqlColumns::integer(int column) const { return sqlite3_column_int64(statement_, column); }
double SqlColumns::number(int column) const { return sqlite3_column_double(statement_, column); }

std::string_view SqlColumns::text(int column) const {
  auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  if (!bytes) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

json::value SqlColumns::value(int column) const {
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

Row SqlColumns::row() const {
  Row row;
  for (int i = 0, columns = count(); i < columns; i++) row[name(i)] = value(i);
  return row;
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
  void each(std::string_view sql, const SqlValues& parameters, Take&& take) {
    Statement statement = taken(sql);
    try {
      bind_all(statement, sql, parameters);
      int code;
      while ((code = sqlite3_step(statement.get())) == SQLITE_ROW) take(SqlColumns(statement.get()));
      if (code != SQLITE_DONE) throw failure(db_, sql);
    } catch (...) {
      sqlite3_reset(statement.get());
      throw;
    }
    sqlite3_reset(statement.get());
    sqlite3_clear_bindings(statement.get());
    // Searches are written anew for each filter: what was asked long ago need not be kept.
    if (statements_.size() > 300) statements_.clear();
    statements_[std::string(sql)] = std::move(statement);
  }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  struct Statement {
    std::unique_ptr<sqlite3_stmt, Finalize> handle{};
    std::vector<std::size_t> numbers{};  // of the parameters: SQLite counts "$2" by where it first stands in the text
    sqlite3_stmt* get() const { return handle.get(); }
  };

  // Taken out while it is used: a query inside a query gets its own.
  Statement taken(std::string_view sql) {
    if (auto it = statements_.find(std::string(sql)); it != statements_.end() && it->second.get())
      return std::move(it->second);
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

  void bind_all(const Statement& statement, std::string_view sql, const SqlValues& parameters) {
    for (std::size_t i = 0; i < statement.numbers.size(); i++) {
      std::size_t number = statement.numbers[i];
      if (number < 1 || number > parameters.size())
        throw Error(Code::internal,
                    "a query with no value for its parameter " + std::to_string(number) + ": " + std::string(sql));
      bind(db_, statement.get(), static_cast<int>(i + 1), parameters[number - 1]);
    }
  }

  sqlite3* db_ = nullptr;
  std::unordered_map<std::string, Statement> statements_;
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

// A body whose caller waits. Shared: the caller may be gone before the one who woke it is done with that.
struct Sqlite::Waiting {
  enum State { queued, leads, done };
  const std::function<void()>* body;
  std::string origin = ActingFrom::now();
  std::exception_ptr failure{};
  std::atomic<State> state = queued;

  void become(State next) {
    state = next;
    state.notify_one();
  }
};

Sqlite::Sqlite(const std::filesystem::path& path)
    : path_(path), writer_(std::make_unique<Connection>(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) {
  script("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;");
}

Sqlite::~Sqlite() {
  readers_.clear();  // the last to close folds the log in, which a reader cannot
}

sqlite3* Sqlite::handle() const { return writer_->handle(); }
std::int64_t Sqlite::changes() const { return sqlite3_changes64(handle()); }
std::int64_t Sqlite::last_id() const { return sqlite3_last_insert_rowid(handle()); }

void Sqlite::each(std::string_view sql, const SqlValues& parameters,
                  const std::function<void(const SqlColumns&)>& take) {
  if (sql.starts_with("SELECT") && !inside() && path_ != ":memory:") {
    Borrowed reader(*this);
    reader->each(sql, parameters, take);
    return;
  }
  std::lock_guard lock(mutex_);
  writer_->each(sql, parameters, take);
}

std::vector<Row> Sqlite::query(std::string_view sql, const SqlValues& parameters) {
  std::vector<Row> rows;
  each(sql, parameters, [&](const SqlColumns& columns) { rows.push_back(columns.row()); });
  return rows;
}

void Sqlite::run(std::string_view sql, const SqlValues& parameters) {
  each(sql, parameters, [](const SqlColumns&) {});
}

std::optional<Row> Sqlite::one(std::string_view sql, const SqlValues& parameters) {
  auto rows = query(sql, parameters);
  if (rows.empty()) return {};
  return std::move(rows.front());
}

void Sqlite::script(std::string_view sql) {
  std::lock_guard lock(mutex_);
  writer_->script(sql);
}

void Sqlite::transaction(const std::function<void()>& body) {
  if (inside()) return body();
  auto self = std::make_shared<Waiting>();
  self->body = &body;
  {
    std::lock_guard lock(queue_mutex_);
    queue_.push_back(self);
    if (!std::exchange(leading_, true)) self->state = Waiting::leads;
  }
  self->state.wait(Waiting::queued);
  if (self->state == Waiting::leads) {
    std::vector<std::shared_ptr<Waiting>> group;
    {
      std::lock_guard lock(queue_mutex_);
      group = std::exchange(queue_, {});
    }
    commit(group);
    {  // who came meanwhile goes next, led by the first
      std::lock_guard lock(queue_mutex_);
      leading_ = !queue_.empty();
      if (leading_) queue_.front()->become(Waiting::leads);
    }
    for (auto& waiting : group)
      if (waiting != self) waiting->become(Waiting::done);
  }
  if (self->failure) std::rethrow_exception(self->failure);
}

void Sqlite::after_commit(std::function<void()> then) {
  if (inside())
    after_.push_back(std::move(then));
  else
    then();
}

void Sqlite::run_group(const std::vector<std::shared_ptr<Waiting>>& group) {
  bool alone = group.size() == 1;
  run("BEGIN IMMEDIATE");
  for (auto& waiting : group) {
    if (!alone) run("SAVEPOINT body");
    auto told_before = after_.size();
    try {
      ActingFrom there(waiting->origin);
      (*waiting->body)();
    } catch (...) {
      waiting->failure = std::current_exception();
      if (alone || sqlite3_get_autocommit(handle())) throw;  // a full disk ends the whole transaction
      run("ROLLBACK TO body");
      after_.resize(told_before);
    }
    if (!alone) run("RELEASE body");
  }
  run("COMMIT");
}

void Sqlite::commit(const std::vector<std::shared_ptr<Waiting>>& group) {
  std::vector<std::function<void()>> after;
  {
    std::lock_guard lock(mutex_);
    owner_ = std::this_thread::get_id();
    try {
      run_group(group);
      after = std::exchange(after_, {});
    } catch (...) {  // nothing of it was written
      for (auto& waiting : group)
        if (!waiting->failure) waiting->failure = std::current_exception();
      // Whatever this says, the first failure is what is told.
      if (!sqlite3_get_autocommit(handle())) sqlite3_exec(handle(), "ROLLBACK", nullptr, nullptr, nullptr);
      after_.clear();
    }
    owner_ = std::thread::id();
  }
  for (auto& then : after) then();
}

}  // namespace gyre
