#pragma once
// A table cut into series: one for each combination of the columns it is partitioned by, in one pass over the file.
#include <filesystem>
#include <string>
#include <vector>

#include "search/many_time.hpp"

namespace gyre {

struct SeriesColumns {
  std::vector<std::string> by;
  std::string time;
  std::string target;
  std::vector<std::string> ahead;  // known ahead: rows behind the last value give what they will be
  std::string fill = "between";    // what a step without a value has: see fill_choices
};
// On the line between its neighbours; nothing happened: 0; what was before.
inline const std::vector<std::string> fill_choices{"between", "zero", "last"};

struct Partition {
  std::vector<std::string> keys;  // beside `by`
  double first_time = 0;
  std::vector<double> values;  // one a step, holes filled
  std::vector<double> ahead;   // [values and what follows][columns known ahead]
  std::size_t filled = 0;      // holes that were filled between their neighbours
  std::string digest;          // of all that was read of it
  std::string trouble;         // why there can be no model of it; empty: none
};

struct SeriesTable {
  TimeGrid grid;
  std::vector<Partition> partitions;  // sorted by keys
  std::size_t rows = 0;
};

// `name`: what the user calls the file. A cell that is no number, or no time, is an Error{invalid} naming file, line
// and column; what is wrong with one partition alone (two rows of one time, a time between two steps) is its trouble.
// `grid`: where it is known already.
SeriesTable load_series_table(const std::filesystem::path& file, const std::string& name, const SeriesColumns& columns,
                              int threads, const std::optional<TimeGrid>& grid = {});

}  // namespace gyre
