#pragma once
// A thin SQLite wrapper: statements prepared once, values as JSON scalars, errors as Error. Shared by store and the
// agent. One Sqlite may be used from several threads: a recursive mutex guards it, a Transaction holds it.
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

struct sqlite3;

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

class Sqlite {
 public:
  // WAL, synchronous=FULL (an answered write survives power loss), foreign keys on, 10 s busy timeout.
  explicit Sqlite(const std::filesystem::path& path);  // ":memory:" too
  ~Sqlite();
  Sqlite(const Sqlite&) = delete;

  // Parameters are $1, $2 ... or ?. Gives the rows of SELECT or RETURNING.
  std::vector<Row> query(std::string_view sql, SqlValues parameters = {});
  void run(std::string_view sql, SqlValues parameters = {});
  std::optional<Row> one(std::string_view sql, SqlValues parameters = {});  // first row
  void script(std::string_view sql);                                        // several statements
  std::int64_t changes() const;
  std::int64_t last_id() const;
  // All or nothing; nested calls join the outer one.
  void transaction(const std::function<void()>& body);
  sqlite3* handle() const { return db_; }

 private:
  struct Statements;
  sqlite3* db_ = nullptr;
  std::unique_ptr<Statements> statements_;
  std::recursive_mutex mutex_;
  int depth_ = 0;
};

}  // namespace gyre
