#pragma once
// Rows of one table put in together, some dozen to a statement: for those that come by the thousand.
#include <string>

#include "base/rows.hpp"

namespace gyre {

class RowBatch {
 public:
  // `insert`: "INSERT INTO model_tag"; `conflict`: what follows the values. Its rows are there after flush().
  RowBatch(Rows& rows, std::string insert, std::size_t width, std::string conflict = {})
      : rows_(rows), insert_(std::move(insert)), conflict_(std::move(conflict)), width_(width) {}
  void add(SqlValues row) {
    values_.insert(values_.end(), std::make_move_iterator(row.begin()), std::make_move_iterator(row.end()));
    if (values_.size() / width_ >= at_once) flush();
  }
  void flush() {
    if (values_.empty()) return;
    rows_.run(statement(values_.size() / width_), values_);
    values_.clear();
  }
  static constexpr std::size_t at_once = 64;

 private:
  std::string statement(std::size_t rows) {
    if (rows == at_once && !whole_.empty()) return whole_;
    std::string sql = insert_ + " VALUES ";
    for (std::size_t row = 0, place = 1; row < rows; row++) {
      sql += row ? ",(" : "(";
      for (std::size_t i = 0; i < width_; i++) sql += (i ? ",$" : "$") + std::to_string(place++);
      sql += ")";
    }
    sql += conflict_;
    if (rows == at_once) whole_ = sql;
    return sql;
  }
  Rows& rows_;
  std::string insert_, conflict_, whole_;
  std::size_t width_;
  SqlValues values_;
};

// "$3,$4,$5": as many parameters as there are of a list.
inline std::string parameters_from(std::size_t first, std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; i++) list += (i ? ",$" : "$") + std::to_string(first + i);
  return list;
}

}  // namespace gyre
