#pragma once
// A user's query on a PostgreSQL of theirs, read as it comes: no more of the answer is in memory than a row.
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct pg_conn;

namespace gyre {

class PostgresQuery {
 public:
  struct Column {
    std::string name;
    unsigned type;  // as PostgreSQL numbers it (pg_type.oid)
  };
  // Nothing can be changed over it. Error{unavailable} when PostgreSQL cannot be reached, Error{invalid} with its own
  // words for a query that it does not take.
  PostgresQuery(const std::string& url, std::string sql);
  const std::vector<Column>& columns() const { return columns_; }
  // Rows as CSV without a header, one line after the other; a hole is an empty cell, an empty text is "". Times are
  // UTC.
  void each_line(const std::function<void(std::string_view line)>& take);

 private:
  struct Close {
    void operator()(pg_conn* connection) const;
  };
  std::unique_ptr<pg_conn, Close> connection_;
  std::string sql_;
  std::vector<Column> columns_;
};

}  // namespace gyre
