#include "search/auto/folds.hpp"

#include <algorithm>
#include <numeric>

#include "base/random.hpp"

namespace gyre {

std::size_t usual_folds(std::size_t rows) { return rows < 1'000 ? 10 : rows < 20'000 ? 5 : 1; }

std::vector<Fold> make_folds(const Target& target, std::size_t count, std::uint64_t seed) {
  std::size_t rows = target.values.size();
  std::vector<std::size_t> order(rows);
  std::iota(order.begin(), order.end(), 0);
  Random random(seed);
  random.shuffle(order);
  // Dealing out sorted rows one by one spreads them alike; which of equal ones comes first is chance.
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return target.values[a] < target.values[b]; });
  std::size_t dealt = count == 1 ? 6 : std::min(count, rows);
  std::vector<std::size_t> part(rows);
  for (std::size_t start = 0; start < rows; start += dealt) {
    std::vector<std::size_t> seats(dealt);
    std::iota(seats.begin(), seats.end(), 0);
    random.shuffle(seats);
    for (std::size_t i = start; i < std::min(rows, start + dealt); i++) part[order[i]] = seats[i - start];
  }
  std::vector<Fold> folds(count == 1 ? 1 : dealt);
  for (std::size_t f = 0; f < folds.size(); f++)
    for (std::size_t row = 0; row < rows; row++) (part[row] == f ? folds[f].judge : folds[f].learn).push_back(row);
  return folds;
}

}  // namespace gyre
