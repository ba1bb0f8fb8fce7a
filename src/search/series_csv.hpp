#pragma once
// Series out of a CSV file, read on every core: each row goes to the partition that it is of.
#include <filesystem>
#include <string>
#include <vector>

#include "search/many_table.hpp"

namespace gyre {

// The rows of one partition, as they came.
struct SeriesRows {
  std::vector<std::string> keys;
  std::vector<double> time, target, ahead, line;
};

struct SeriesFile {
  std::filesystem::path path;
  std::string name;  // as the user calls it
  char delimiter = ',';
  std::vector<std::string> header;
};

// Error{invalid} where the first line names no columns, or one twice.
SeriesFile series_csv_header(const std::filesystem::path& file, const std::string& name);

struct SeriesRead {
  std::vector<SeriesRows> partitions;  // sorted by keys
  bool numbers = false;                // times are numbers, not dates
};
// Error{invalid} names the first cell that is no number or no time, and the first line that has too few or too many.
SeriesRead read_series_csv(const SeriesFile& file, const SeriesColumns& columns, int threads);

}  // namespace gyre
