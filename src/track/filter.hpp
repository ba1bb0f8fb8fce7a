#pragma once
// The filters and orders of searches, as MLflow's clients write them:
//   metrics.loss < 0.1 and params."learning rate" = '0.01' and tags.kind != 'test' and attributes.status in
//   ('FINISHED')
#include <string>
#include <string_view>
#include <vector>

#include "base/rows.hpp"

namespace gyre {

struct Clause {
  std::string group;  // metric | param | tag | attribute | dataset
  std::string key;
  std::string comparison;           // = != < <= > >= LIKE ILIKE IN, NOT IN, IS NULL, IS NOT NULL
  std::vector<json::value> values;  // one; for IN one or more texts, for IS none
};
std::vector<Clause> parse_filter(std::string_view text);  // Error{invalid} says where; an empty text gives none

struct Order {
  std::string group;
  std::string key;
  bool descending = false;
};
Order parse_order(std::string_view text);

// SQL that grows with its parameters.
class SqlText {
 public:
  std::string text{};
  SqlValues values{};
  Dialect dialect = Dialect::sqlite;
  std::string bind(SqlValue value);  // "$3"
  // "column >= $4", for text or number columns; LIKE minds case, ILIKE does not.
  void compare(const std::string& column, const Clause& clause);
};

}  // namespace gyre
