#pragma once
// Forecasts that add up: those of partitions, and those of the totals above them.
#include <span>
#include <string>
#include <vector>

namespace gyre {

// A total over partitions, by the first columns that tell them apart: none of them for the sum of all.
struct TotalGroup {
  std::vector<std::string> keys;     // the common values; fewer than the partitions have
  std::vector<std::size_t> members;  // partitions, by their place
};

// Of partitions with these keys: the sum of all, then by the first column, by the first two ... Groups that are a
// single partition, and columns that tell nothing apart, are left out.
std::vector<TotalGroup> total_groups(const std::vector<std::vector<std::string>>& keys);

// The forecasts of the partitions that add up and lie nearest (least squares, every series weighing alike) to what was
// forecast for the partitions and for the totals: MinT with the identity. `totals` beside `groups`.
std::vector<double> reconciled(std::span<const double> partitions, std::span<const double> totals,
                               const std::vector<TotalGroup>& groups);

}  // namespace gyre
