#pragma once
// Rows of a database, SQLite's (base/sqlite.hpp) or PostgreSQL's (store/postgres.hpp): the same statements, values as
// JSON scalars, errors as Error. One Rows may be used from several threads. What several threads write at once is
// committed together; reads outside of a transaction have connections of their own and wait for no commit.
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/json.hpp"
#include "base/later.hpp"

struct sqlite3_stmt;

namespace gyre {

// A parameter of a statement: anything that a column can hold; objects and arrays become JSON text.
struct SqlValue : json::value {
  template <class T>
  SqlValue(T&& given) : json::value(made(std::forward<T>(given))) {}

 private:
  template <class T>
  static json::value made(T&& given) {
    if constexpr (std::is_convertible_v<T, std::string_view>)
      return json::string(std::string_view(given));
    else
      return json::value(std::forward<T>(given));
  }
};
using SqlValues = std::vector<SqlValue>;

// The parameters of one call, where they lie: a braced list would be copied into a vector.
class SqlParameters {
 public:
  SqlParameters() = default;
  SqlParameters(std::initializer_list<SqlValue> values) : first_(std::data(values)), count_(values.size()) {}
  SqlParameters(const SqlValues& values) : first_(values.data()), count_(values.size()) {}
  std::size_t size() const { return count_; }
  const SqlValue& operator[](std::size_t i) const { return first_[i]; }

 private:
  const SqlValue* first_ = nullptr;
  std::size_t count_ = 0;
};

using Row = json::object;  // column name -> null, bool-less scalars: int64, double, string (blobs as strings)

// A row of another database than SQLite, whose own statement is read without this.
class SqlCells {
 public:
  virtual ~SqlCells() = default;
  virtual int count() const = 0;
  virtual const char* name(int column) const = 0;
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;
  virtual double number(int column) const = 0;
  virtual std::string_view text(int column) const = 0;
  virtual json::value value(int column) const = 0;
};

// The row that a statement stands on: what is read of it lives until the next row.
class SqlColumns {
 public:
  explicit SqlColumns(sqlite3_stmt* statement) : statement_(statement) {}
  explicit SqlColumns(const SqlCells& cells) : cells_(&cells) {}
  int count() const;
  const char* name(int column) const;
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double number(int column) const;
  std::string_view text(int column) const;  // and blobs
  json::value value(int column) const;
  Row row() const;

 private:
  sqlite3_stmt* statement_ = nullptr;
  const SqlCells* cells_ = nullptr;
};

enum class Dialect { sqlite, postgresql };

class Rows {
 public:
  using Take = std::function<void(const SqlColumns&)>;

  Rows() = default;
  virtual ~Rows() = default;
  Rows(const Rows&) = delete;

  // Parameters are $1, $2 ... Gives the rows of SELECT or RETURNING.
  std::vector<Row> query(std::string_view sql, SqlParameters parameters = {});
  void run(std::string_view sql, SqlParameters parameters = {});
  std::optional<Row> one(std::string_view sql, SqlParameters parameters = {});  // first row
  // The same row by row, for what is read by the thousand.
  virtual void each(std::string_view sql, SqlParameters parameters, const Take& take) = 0;
  // Inserts one row; gives what the column that numbers itself became.
  virtual std::int64_t insert(std::string_view sql, SqlParameters parameters, std::string_view number) = 0;
  virtual void script(std::string_view sql) = 0;  // several statements
  // All or nothing, and durable when it returns; nested calls join the outer one. Bodies that wait while a commit is on
  // its way go into the next one together, each still all or nothing: a body may run on the thread of another caller.
  void transaction(const std::function<void()>& body);
  // The same for who need not wait on a thread of his own: begun later, it ends when the body is durable. The body may
  // be called again after it was rolled back.
  Later later(std::function<void()> body);
  // What others are told of a change once they can see it: called when the transaction that runs is committed, and not
  // at all when it fails.
  void after_commit(std::function<void()> then);

  virtual Dialect dialect() const = 0;
  struct Column {
    std::string table, name;
  };
  virtual std::vector<Column> text_columns() = 0;  // of every table, in its order

 protected:
  bool inside() const { return owner_ == std::this_thread::get_id(); }
  std::recursive_mutex mutex_;  // guards the connection that writes

 private:
  struct Waiting;
  // Of the connection that writes, with mutex_ held.
  virtual void begin() = 0;
  virtual void commit() = 0;
  virtual void roll_back() noexcept = 0;  // whatever is open
  virtual bool is_open() const = 0;       // a failure may have ended the transaction
  void lead(const std::shared_ptr<Waiting>& self);
  void commit_group(const std::vector<std::shared_ptr<Waiting>>& group);
  bool run_at_once(const std::vector<std::shared_ptr<Waiting>>& group);
  void run_group(const std::vector<std::shared_ptr<Waiting>>& group);

  std::atomic<std::thread::id> owner_;           // who is within a transaction
  std::vector<std::function<void()>> after_;     // of the transaction that runs
  std::mutex queue_mutex_;                       // guards the queue
  std::vector<std::shared_ptr<Waiting>> queue_;  // transactions that wait
  bool leading_ = false;                         // a group is being committed
};

}  // namespace gyre
