#pragma once
// Wide tables: of tens of thousands of columns the few thousand that tell most of the target are what pipelines see,
// as training on all of them would take any budget. What is chosen rests on the rows that it is chosen by alone: a
// column that goes with the target by luck would make scores of rows that had a say in it too good.
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "learn/target.hpp"

namespace gyre {

inline constexpr std::size_t most_screened_columns = 2'000;

class ColumnScreen {
 public:
  // Looks at each column once, without the target; a table that is not wide costs nothing.
  ColumnScreen(const Table& table, int threads);

  bool leaves_out() const { return table_.columns.size() > most_screened_columns; }
  std::size_t seen() const { return std::min(table_.columns.size(), most_screened_columns); }
  // The places of the columns that tell most of the target in these rows of the table, rising. Dates and sentences are
  // always among them: what they tell shows in what is made of them.
  std::vector<std::size_t> choose(const Target& target, std::span<const std::size_t> rows) const;

 private:
  std::vector<std::uint8_t> groups_of(std::size_t column) const;
  double evidence(std::size_t column, const Target& target, std::span<const std::size_t> rows) const;

  const Table& table_;
  int threads_;
  std::vector<std::vector<std::uint8_t>> groups_;  // by column: each row's, of quantiles or frequent words
};

// Some rows of some columns.
Table cut_out(const Table& table, std::span<const std::size_t> columns, std::span<const std::size_t> rows);

}  // namespace gyre
