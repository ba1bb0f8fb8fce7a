#pragma once
// Series in memory and their files: CSV with a header, a row for each moment, numbers only; an empty cell is a missing
// reading. This is the form in which series flow between steps, to models and from devices (docs/formats/series.md).
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gyre {

struct Series {
  std::vector<std::string> columns;
  std::vector<double> values;  // row by row; NaN: missing

  std::size_t rows() const { return columns.empty() ? 0 : values.size() / columns.size(); }
  double at(std::size_t row, std::size_t column) const { return values[row * columns.size() + column]; }
  std::optional<std::size_t> find_column(std::string_view name) const;
  std::size_t get_column(std::string_view name, std::string_view where) const;  // Error{invalid} lists those there are
};

// Error{invalid} names the line and the column: `line.csv:214: column "temp": "hot" is no number`.
Series decode_series(std::string_view csv, std::string_view where);
std::string encode_series(const Series& series);  // shortest digits that read back the same

}  // namespace gyre
