#pragma once
// One SELECT from outside, over one table in memory, and nothing else: no other table, no file, no setting, no
// function off the list, a bound on work, rows and sizes. Stream rules run in it, on devices too.
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/sqlite.hpp"

namespace gyre {

class SqlSandbox {
 public:
  // `columns` are numbers; NaN is kept as NULL. Error{invalid} starts with `where` and says what is wrong with the
  // SELECT. Beside SQLite's own functions: median(x), percentile(x, 0..100), stddev(x) and mad(x) (median distance
  // from the median), as aggregates and over windows.
  SqlSandbox(std::string where, std::string_view table, const std::vector<std::string>& columns,
             std::string_view select);
  ~SqlSandbox();
  SqlSandbox(SqlSandbox&&) noexcept;

  void insert(std::span<const double> values);
  std::vector<Row> run();  // members in the order of the SELECT; the table is empty afterwards, also after an Error
  const std::vector<std::string>& result_columns() const;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace gyre
