#pragma once
// Greedy selection with replacement (Caruana and others, 2004): members are added one at a time, whichever makes the
// mean of the answers best on rows that none of them saw.
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

}  // namespace gyre
