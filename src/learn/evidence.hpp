#pragma once
// What one column tells about a target, alone.
#include <optional>
#include <string>
#include <vector>

#include "learn/target.hpp"

namespace gyre {

std::vector<double> present(const Column& column);  // numbers that are there, sorted
double at_share(const std::vector<double>& sorted, double share);
std::vector<std::size_t> counts_of(const Column& column);  // of each word

// Which of few groups each row is in: quantiles of numbers, frequent words; holes are a group.
inline constexpr std::size_t column_bins = 20;
struct Groups {
  std::vector<std::size_t> of_row;
  std::size_t count = 0;
};
Groups groups_of(const Column& column);

// The share of the target's uncertainty (labels) or variance (numbers) that goes away when the column's group is known.
double power_of(const Column& column, const Target& target);

// "power"; "pearson" and "spearman": the size of the correlation; "f" of an analysis of variance; "chi2" and "mutual"
// (information, in nats) of the groups of both. Nothing where it has no meaning for this column and target.
std::optional<double> evidence_of(const std::string& how, const Column& column, const Target& target);

}  // namespace gyre
