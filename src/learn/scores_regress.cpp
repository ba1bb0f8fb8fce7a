#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.hpp"
#include "learn/scores.hpp"

namespace gyre {

namespace {

constexpr double no_score = std::numeric_limits<double>::quiet_NaN();

double weight(Numbers weights, std::size_t i) { return weights.empty() ? 1 : weights[i]; }

template <class Of>
double mean_of(std::size_t count, Of of) {
  double sum = 0;
  for (std::size_t i = 0; i < count; i++) sum += of(i);
  return sum / static_cast<double>(count);
}

// Places in order, equal ones sharing the mean of theirs.
std::vector<double> ranks(Numbers values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return values[a] < values[b]; });
  std::vector<double> result(values.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i;
    while (end < order.size() && values[order[end]] == values[order[i]]) end++;
    for (std::size_t j = i; j < end; j++) result[order[j]] = static_cast<double>(i + end - 1) / 2;
    i = end;
  }
  return result;
}

}  // namespace

double r2(Numbers truth, Numbers answer, Numbers weights) {
  double total = 0, middle = 0, left = 0, spread = 0;
  for (std::size_t i = 0; i < truth.size(); i++) total += weight(weights, i), middle += weight(weights, i) * truth[i];
  middle /= total;
  for (std::size_t i = 0; i < truth.size(); i++) {
    left += weight(weights, i) * (truth[i] - answer[i]) * (truth[i] - answer[i]);
    spread += weight(weights, i) * (truth[i] - middle) * (truth[i] - middle);
  }
  return spread > 0 ? 1 - left / spread : left > 0 ? 0 : 1;
}

double explained_variance(Numbers truth, Numbers answer) {
  double off = mean_of(truth.size(), [&](std::size_t i) { return truth[i] - answer[i]; });
  double middle = mean(truth), left = 0, spread = 0;
  for (std::size_t i = 0; i < truth.size(); i++) {
    left += (truth[i] - answer[i] - off) * (truth[i] - answer[i] - off);
    spread += (truth[i] - middle) * (truth[i] - middle);
  }
  return spread > 0 ? 1 - left / spread : left > 0 ? 0 : 1;
}

double rmse(Numbers truth, Numbers answer, Numbers weights) {
  double sum = 0, total = 0;
  for (std::size_t i = 0; i < truth.size(); i++) {
    sum += weight(weights, i) * (truth[i] - answer[i]) * (truth[i] - answer[i]);
    total += weight(weights, i);
  }
  return std::sqrt(sum / total);
}

double mean_absolute_percentage_error(Numbers truth, Numbers answer) {
  return mean_of(truth.size(), [&](std::size_t i) {
    return std::abs(truth[i] - answer[i]) / std::max(std::numeric_limits<double>::epsilon(), std::abs(truth[i]));
  });
}

double median_absolute_error(Numbers truth, Numbers answer) {
  std::vector<double> off;
  for (std::size_t i = 0; i < truth.size(); i++) off.push_back(std::abs(truth[i] - answer[i]));
  return quantile(std::move(off), 0.5);
}

double max_error(Numbers truth, Numbers answer) {
  double most = 0;
  for (std::size_t i = 0; i < truth.size(); i++) most = std::max(most, std::abs(truth[i] - answer[i]));
  return most;
}

double root_mean_squared_log_error(Numbers truth, Numbers answer) {
  return std::sqrt(mean_of(truth.size(), [&](std::size_t i) {
    if (!(truth[i] > -1 && answer[i] > -1)) return no_score;
    double off = std::log1p(truth[i]) - std::log1p(answer[i]);
    return off * off;
  }));
}

double pinball(Numbers truth, Numbers answer, double level) {
  return mean_of(truth.size(), [&](std::size_t i) {
    double off = truth[i] - answer[i];
    return off >= 0 ? level * off : (level - 1) * off;
  });
}

double poisson_deviance(Numbers truth, Numbers answer) {
  return mean_of(truth.size(), [&](std::size_t i) {
    if (!(answer[i] > 0 && truth[i] >= 0)) return no_score;
    double logarithm = truth[i] > 0 ? truth[i] * std::log(truth[i] / answer[i]) : 0;
    return 2 * (logarithm - truth[i] + answer[i]);
  });
}

double gamma_deviance(Numbers truth, Numbers answer) {
  return mean_of(truth.size(), [&](std::size_t i) {
    if (!(answer[i] > 0 && truth[i] > 0)) return no_score;
    return 2 * (std::log(answer[i] / truth[i]) + truth[i] / answer[i] - 1);
  });
}

double pearson(Numbers a, Numbers b) {
  double mean_a = mean(a), mean_b = mean(b), both = 0, of_a = 0, of_b = 0;
  for (std::size_t i = 0; i < a.size(); i++) {
    double x = a[i] - mean_a, y = b[i] - mean_b;
    both += x * y, of_a += x * x, of_b += y * y;
  }
  return of_a > 0 && of_b > 0 ? both / std::sqrt(of_a * of_b) : no_score;
}

double spearman(Numbers a, Numbers b) {
  auto ranks_a = ranks(a), ranks_b = ranks(b);
  return pearson(ranks_a, ranks_b);
}

json::object regression_scores(Numbers truth, Numbers answer) {
  json::object scores;
  auto put = [&](const char* name, double value) {
    scores[name] = std::isfinite(value) ? json::value(value) : json::value(nullptr);
  };
  put("r2", r2(truth, answer));
  put("rmse", rmse(truth, answer, {}));
  put("mae", mean_absolute_error(truth, answer));
  put("mape", mean_absolute_percentage_error(truth, answer));
  put("median_absolute_error", median_absolute_error(truth, answer));
  put("max_error", max_error(truth, answer));
  put("explained_variance", explained_variance(truth, answer));
  put("rmsle", root_mean_squared_log_error(truth, answer));
  put("poisson_deviance", poisson_deviance(truth, answer));
  put("gamma_deviance", gamma_deviance(truth, answer));
  put("spearman", spearman(truth, answer));
  return scores;
}

double score_named(const std::string& name, Numbers truth, Numbers answer) {
  auto scores = regression_scores(truth, answer);
  auto* found = scores.if_contains(name);
  if (!found) {
    std::string list;
    for (auto& score : scores) list += (list.empty() ? "" : ", ") + std::string(score.key());
    throw Error(Code::invalid, "there is no score \"" + name + "\" of regressions", "there are: " + list);
  }
  if (found->is_null()) return no_score;
  bool larger_is_better = name == "r2" || name == "explained_variance" || name == "spearman";
  return (larger_is_better ? 1 : -1) * found->to_number<double>();
}

}  // namespace gyre
