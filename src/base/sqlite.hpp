#pragma once
// A thin SQLite wrapper: statements prepared once, values as JSON scalars, errors as Error. Shared by store and the
// agent. One Sqlite may be used from several threads. What several threads write at once is committed together; reads
// outside of a transaction have connections of their own and wait for no commit.
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/json.hpp"

struct sqlite3;
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

using Row = json::object;  // column name -> null, bool-less scalars: int64, double, string (blobs as strings)

// The row that a statement stands on: what is read of it lives until the next row.
class SqlColumns {
 public:
  explicit SqlColumns(sqlite3_stmt* statement) : statement_(statement) {}
  int count() const;
  const char* name(int column) const;
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double number(int column) const;
  std::string_view text(int column) const;  // and blobs
  json::value value(int column) const;
  Row row() const;

 private:
  sqlite3_stmt* statement_;
};

class Sqlite {
 public:
  // WAL, synchronous=FULL (an answered write survives power loss), foreign keys on, 10 s busy timeout.
  explicit Sqlite(const std::filesystem::path& path);  // ":memory:" too
  ~Sqlite();
  Sqlite(const Sqlite&) = delete;

  // Parameters are $1, $2 ... or ?. Gives the rows of SELECT or RETURNING.
  std::vector<Row> query(std::string_view sql, const SqlValues& parameters = {});
  void run(std::string_view sql, const SqlValues& parameters = {});
  std::optional<Row> one(std::string_view sql, const SqlValues& parameters = {});  // first row
  // The same row by row, for what is read by the thousand.
  void each(std::string_view sql, const SqlValues& parameters, const std::function<void(const SqlColumns&)>& take);
  void script(std::string_view sql);  // several statements
  std::int64_t changes() const;
  std::int64_t last_id() const;
  // All or nothing, and durable when it returns; nested calls join the outer one. Bodies that wait while a commit is on
  // its way go into the next one together, each still all or nothing: a body may run on the thread of another caller.
  void transaction(const std::function<void()>& body);
  // What others are told of a change once they can see it: called when the transaction that runs is committed, and not
  // at all when it fails.
  void after_commit(std::function<void()> then);
  sqlite3* handle() const;

 private:
  class Connection;
  class Borrowed;
  struct Waiting;
  bool inside() const { return owner_ == std::this_thread::get_id(); }
  void commit(const std::vector<std::shared_ptr<Waiting>>& group);
  void run_group(const std::vector<std::shared_ptr<Waiting>>& group);

  std::filesystem::path path_;
  std::unique_ptr<Connection> writer_;
  std::recursive_mutex mutex_;                        // guards writer_
  std::atomic<std::thread::id> owner_;                // who is within a transaction
  std::vector<std::function<void()>> after_;          // of the transaction that runs
  std::mutex queue_mutex_;                            // guards the queue
  std::vector<std::shared_ptr<Waiting>> queue_;       // transactions that wait
  bool leading_ = false;                              // a group is being committed
  std::mutex readers_mutex_;                          // guards readers_
  std::vector<std::unique_ptr<Connection>> readers_;  // idle ones
};

}  // namespace gyre
