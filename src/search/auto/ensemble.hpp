#pragma once
// Greedy selection with replacement (Caruana and others, 2004): members are added one at a time, whichever makes the
// mean of the answers best on rows that none of them saw.
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace gyre {

struct Ensemble {
  std::vector<double> weights;  // beside the members; they sum to 1
  double score = 0;
};

// `members`: each one's answers, alike in size. Each step looks at all of them.
Ensemble select_ensemble(const std::vector<std::span<const double>>& members,
                         const std::function<double(std::span<const double>)>& score, std::size_t steps,
                         const std::function<bool()>& stop);

// The mean of several selections, each from a half of the members drawn by chance, and of one from all: a member that
// is good by luck then weighs less. As many as there is time for. The first of the members is the best of them, and
// what is selected is never worse than it alone.
Ensemble select_bagged_ensemble(const std::vector<std::span<const double>>& members,
                                const std::function<double(std::span<const double>)>& score, std::size_t steps,
                                std::size_t bags, std::uint64_t seed, const std::function<bool()>& stop);

}  // namespace gyre
