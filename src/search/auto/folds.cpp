#include "search/auto/folds.hpp"

#include <algorithm>
#include <numeric>
#include <set>

#include "base/random.hpp"

namespace gyre {

std::size_t usual_folds(std::size_t rows) { return rows < few_rows ? 10 : rows < 20'000 ? 5 : 1; }

static constexpr std::size_t held_back = 6;  // one part of so many, where there is but one fold

// Dealing out sorted rows one by one spreads them alike; which of equal ones comes first is chance.
static std::vector<std::size_t> deal_rows(const Target& target, std::size_t parts, Random& random) {
  std::size_t rows = target.values.size();
  std::vector<std::size_t> order(rows), part(rows), seats(parts);
  std::iota(order.begin(), order.end(), 0);
  random.shuffle(order);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return target.values[a] < target.values[b]; });
  for (std::size_t start = 0; start < rows; start += parts) {
    std::iota(seats.begin(), seats.end(), 0);
    random.shuffle(seats);
    for (std::size_t i = start; i < std::min(rows, start + parts); i++) part[order[i]] = seats[i - start];
  }
  return part;
}

// Whole groups, the largest first, each to the part with the fewest rows.
static std::vector<std::size_t> deal_groups(std::span<const std::size_t> groups, std::size_t parts, Random& random) {
  std::vector<std::size_t> sizes(*std::max_element(groups.begin(), groups.end()) + 1);
  for (auto group : groups) sizes[group]++;
  std::vector<std::size_t> order(sizes.size()), part_of(sizes.size()), filled(parts), part;
  std::iota(order.begin(), order.end(), 0);
  random.shuffle(order);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return sizes[a] > sizes[b]; });
  for (auto group : order) {
    auto least = std::min_element(filled.begin(), filled.end());
    part_of[group] = static_cast<std::size_t>(least - filled.begin());
    *least += sizes[group];
  }
  for (auto group : groups) part.push_back(part_of[group]);
  return part;
}

std::vector<Fold> make_folds(const Target& target, std::size_t count, std::uint64_t seed,
                             std::span<const std::size_t> groups) {
  std::size_t rows = target.values.size(), most = rows;
  if (!groups.empty()) most = std::set<std::size_t>(groups.begin(), groups.end()).size();
  std::size_t parts = std::min(count == 1 ? held_back : count, most);
  Random random(seed);
  auto part = groups.empty() ? deal_rows(target, parts, random) : deal_groups(groups, parts, random);
  std::vector<Fold> folds(count == 1 ? 1 : parts);
  for (std::size_t f = 0; f < folds.size(); f++)
    for (std::size_t row = 0; row < rows; row++) (part[row] == f ? folds[f].judge : folds[f].learn).push_back(row);
  return folds;
}

}  // namespace gyre
