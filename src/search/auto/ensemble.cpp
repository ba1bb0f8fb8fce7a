#include "search/auto/ensemble.hpp"

#include <algorithm>
#include <cmath>

namespace gyre {

Ensemble select_ensemble(const std::vector<std::span<const double>>& members,
                         const std::function<double(std::span<const double>)>& score, std::size_t steps,
                         const std::function<bool()>& stop) {
  Ensemble best{std::vector<double>(members.size()), -HUGE_VAL};
  if (members.empty()) return best;
  std::vector<double> sum(members[0].size()), mean(sum.size());
  std::vector<std::size_t> counts(members.size());
  std::size_t since_better = 0;
  for (std::size_t step = 1; step <= steps && since_better < 10; step++) {
    std::size_t chosen = members.size();
    double chosen_score = -HUGE_VAL;
    for (std::size_t m = 0; m < members.size(); m++) {
      if (step > 1 && stop()) break;
      for (std::size_t i = 0; i < sum.size(); i++) mean[i] = (sum[i] + members[m][i]) / static_cast<double>(step);
      double with = score(mean);
      if (chosen == members.size() || with > chosen_score) chosen_score = with, chosen = m;
    }
    if (chosen == members.size() || (step > 1 && stop())) break;
    for (std::size_t i = 0; i < sum.size(); i++) sum[i] += members[chosen][i];
    counts[chosen]++;
    since_better++;
    if (chosen_score > best.score || step == 1) {
      best.score = chosen_score;
      since_better = 0;
      for (std::size_t m = 0; m < members.size(); m++)
        best.weights[m] = static_cast<double>(counts[m]) / static_cast<double>(step);
    }
  }
  return best;
}

}  // namespace gyre
