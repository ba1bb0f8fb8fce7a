#pragma once
// The points of metrics. A log is the truth: what a request brings is one row, appended. The table of each curve's last
// point follows it when somebody asks, or after every thousand rows, so that logging costs one insert whatever it
// holds.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/workspace.hpp"

namespace gyre {

struct Point {
  std::string key;
  double value = 0;  // may be NaN; infinities are kept as the largest numbers
  std::int64_t at = 0;
  std::int64_t step = 0;
};

// A row of the log; Error{invalid} names a key that cannot be. Costs more than writing it: not within a transaction.
std::string pack_points(std::vector<Point> points);
void append_points(Workspace& workspace, std::int64_t run, const std::string& packed);  // within a transaction
// Brings latest_metric up to date and folds the runs' small rows into larger ones.
void settle_points(Workspace& workspace);
// The last point of each of a run's curves, by key; nothing is written.
std::vector<Point> last_points(Workspace& workspace, std::int64_t run);
// A whole curve by step, time and value; a point that was sent twice is there once.
std::vector<Point> curve_of(Workspace& workspace, std::int64_t run, std::string_view key);

// A row of the log: for each key its length and name, the number of its points, and these with steps and times as
// differences.
std::string encode_points(const std::vector<Point>& points);  // sorted by key
std::vector<Point> decode_points(std::string_view bytes);

}  // namespace gyre
