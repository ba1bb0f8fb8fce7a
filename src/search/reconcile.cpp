#include "search/reconcile.hpp"

#include <map>

namespace gyre {

std::vector<TotalGroup> total_groups(const std::vector<std::vector<std::string>>& keys) {
  std::vector<TotalGroup> groups;
  if (keys.empty()) return groups;
  std::size_t former = 0;  // groups of the level above
  for (std::size_t depth = 0; depth < keys[0].size(); depth++) {
    std::map<std::vector<std::string>, std::vector<std::size_t>> level;
    for (std::size_t i = 0; i < keys.size(); i++)
      level[{keys[i].begin(), keys[i].begin() + std::ptrdiff_t(depth)}].push_back(i);
    if (level.size() == former || level.size() == keys.size()) continue;
    former = level.size();
    for (auto& [common, members] : level)
      if (members.size() > 1) groups.push_back({common, std::move(members)});
  }
  return groups;
}

static double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); i++) sum += a[i] * b[i];
  return sum;
}

// The normal equations (S'S) b = S'y, where S stacks the partitions and their sums, by conjugate gradients: S'S has as
// many different eigenvalues as the tree has kinds of branches, and needs about as many rounds.
std::vector<double> reconciled(std::span<const double> partitions, std::span<const double> totals,
                               const std::vector<TotalGroup>& groups) {
  auto summed = [&](const std::vector<double>& values) {
    std::vector<double> result = values;
    for (auto& group : groups) {
      double sum = 0;
      for (auto member : group.members) sum += values[member];
      for (auto member : group.members) result[member] += sum;
    }
    return result;
  };
  std::vector<double> answer(partitions.begin(), partitions.end());
  // What is missing of S'y when the partitions' own forecasts are the answer.
  std::vector<double> rest(answer.size(), 0.0);
  for (std::size_t g = 0; g < groups.size(); g++) {
    double gap = totals[g];
    for (auto member : groups[g].members) gap -= answer[member];
    for (auto member : groups[g].members) rest[member] += gap;
  }
  auto direction = rest;
  double size = dot(rest, rest), enough = size * 1e-24;
  for (int round = 0; round < 200 && size > enough; round++) {
    auto image = summed(direction);
    double step = size / dot(direction, image);
    for (std::size_t i = 0; i < answer.size(); i++) {
      answer[i] += step * direction[i];
      rest[i] -= step * image[i];
    }
    double next = dot(rest, rest);
    for (std::size_t i = 0; i < answer.size(); i++) direction[i] = rest[i] + next / size * direction[i];
    size = next;
  }
  return answer;
}

}  // namespace gyre
