#include "search/auto/ensemble.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.hpp"

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

Ensemble select_bagged_ensemble(const std::vector<std::span<const double>>& members,
                                const std::function<double(std::span<const double>)>& score, std::size_t steps,
                                std::size_t bags, std::uint64_t seed, const std::function<bool()>& stop) {
  Ensemble sum = select_ensemble(members, score, steps, stop);
  constexpr std::size_t few = 8;  // their halves would be too small
  if (members.size() < few) return sum;
  Ensemble all = sum;
  double count = 1;
  for (std::size_t bag = 0; bag < bags && !stop(); bag++) {
    std::vector<std::size_t> drawn(members.size() - 1);
    std::iota(drawn.begin(), drawn.end(), 1);
    Random random = Random(seed).split(bag);
    random.shuffle(drawn);
    drawn.resize(members.size() / 2);
    drawn.push_back(0);  // the best: without it a half may have nothing good
    std::vector<std::span<const double>> some;
    for (auto m : drawn) some.push_back(members[m]);
    Ensemble one = select_ensemble(some, score, steps, stop);
    if (stop()) break;  // cut short: it would be worse than the others
    for (std::size_t i = 0; i < drawn.size(); i++) sum.weights[drawn[i]] += one.weights[i];
    count++;
  }
  for (double& weight : sum.weights) weight /= count;
  std::vector<double> mean(members[0].size());
  for (std::size_t m = 0; m < members.size(); m++)
    if (sum.weights[m] > 0)
      for (std::size_t i = 0; i < mean.size(); i++) mean[i] += sum.weights[m] * members[m][i];
  sum.score = score(mean);
  double best_alone = score(members[0]);
  return sum.score >= best_alone ? sum : all;
}

}  // namespace gyre
