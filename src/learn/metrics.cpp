#include "learn/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"

namespace gyre {

static double share(std::int64_t part, std::int64_t whole) {
  return whole ? static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

static double harmonic_mean(double a, double b) { return a + b > 0 ? 2 * a * b / (a + b) : 0.0; }

Confusion::Confusion(std::vector<std::string> labels)
    : labels_(std::move(labels)), counts_(labels_.size() * labels_.size()) {}

void Confusion::add(std::size_t truth, std::size_t answer) {
  if (truth >= labels_.size() || answer >= labels_.size())
    throw Error(Code::internal, "a confusion of " + std::to_string(labels_.size()) + " labels was given label number " +
                                    std::to_string(std::max(truth, answer)));
  counts_[truth * labels_.size() + answer]++;
}

std::int64_t Confusion::total() const { return std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0}); }

std::int64_t Confusion::occurs(std::size_t c) const {
  std::int64_t sum = 0;
  for (std::size_t answer = 0; answer < labels_.size(); answer++) sum += count(c, answer);
  return sum;
}

double Confusion::accuracy() const {
  std::int64_t right = 0;
  for (std::size_t c = 0; c < labels_.size(); c++) right += count(c, c);
  return share(right, total());
}

double Confusion::precision(std::size_t c) const {
  std::int64_t answered = 0;
  for (std::size_t truth = 0; truth < labels_.size(); truth++) answered += count(truth, c);
  return share(count(c, c), answered);
}

double Confusion::recall(std::size_t c) const { return share(count(c, c), occurs(c)); }
double Confusion::f1(std::size_t c) const { return harmonic_mean(precision(c), recall(c)); }

double Confusion::macro_f1() const {
  double sum = 0;
  int classes = 0;
  for (std::size_t c = 0; c < labels_.size(); c++)
    if (occurs(c)) sum += f1(c), classes++;
  return classes ? sum / classes : 0;
}

double Confusion::balanced_accuracy() const {
  double sum = 0;
  int classes = 0;
  for (std::size_t c = 0; c < labels_.size(); c++)
    if (occurs(c)) sum += recall(c), classes++;
  return classes ? sum / classes : 0;
}

json::object Confusion::to_json() const {
  json::array classes, rows;
  for (std::size_t c = 0; c < labels_.size(); c++) {
    classes.push_back(json::object{{"label", labels_[c]},
                                   {"count", occurs(c)},
                                   {"precision", precision(c)},
                                   {"recall", recall(c)},
                                   {"f1", f1(c)}});
    json::array row;
    for (std::size_t answer = 0; answer < labels_.size(); answer++) row.push_back(count(c, answer));
    rows.push_back(std::move(row));
  }
  return {{"accuracy", accuracy()},
          {"macro_f1", macro_f1()},
          {"count", total()},
          {"classes", std::move(classes)},
          {"confusion", std::move(rows)}};
}

double roc_auc(std::span<const double> positive, std::span<const double> negative) {
  if (positive.empty() || negative.empty())
    throw Error(Code::invalid, "a ROC curve needs positives and negatives: got " + std::to_string(positive.size()) +
                                   " and " + std::to_string(negative.size()));
  // Mann-Whitney: for every positive, the negatives below it and half of those equal to it.
  std::vector<double> sorted(negative.begin(), negative.end());
  std::sort(sorted.begin(), sorted.end());
  double wins = 0;
  for (double score : positive) {
    auto [low, high] = std::equal_range(sorted.begin(), sorted.end(), score);
    wins += static_cast<double>(low - sorted.begin()) + 0.5 * static_cast<double>(high - low);
  }
  return wins / (static_cast<double>(positive.size()) * static_cast<double>(negative.size()));
}

static void check_pairs(std::size_t truth, std::size_t answer) {
  if (truth != answer || truth == 0)
    throw Error(Code::internal, "a measure of error was given " + std::to_string(truth) + " truths and " +
                                    std::to_string(answer) + " answers");
}

double rmse(std::span<const double> truth, std::span<const double> answer) {
  check_pairs(truth.size(), answer.size());
  double sum = 0;
  for (std::size_t i = 0; i < truth.size(); i++) sum += (truth[i] - answer[i]) * (truth[i] - answer[i]);
  return std::sqrt(sum / static_cast<double>(truth.size()));
}

double mean_absolute_error(std::span<const double> truth, std::span<const double> answer) {
  check_pairs(truth.size(), answer.size());
  double sum = 0;
  for (std::size_t i = 0; i < truth.size(); i++) sum += std::abs(truth[i] - answer[i]);
  return sum / static_cast<double>(truth.size());
}

double mean(std::span<const double> values) {
  check_pairs(values.size(), values.size());
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double quantile(std::vector<double> values, double share) {
  check_pairs(values.size(), values.size());
  std::sort(values.begin(), values.end());
  double place = std::clamp(share, 0.0, 1.0) * static_cast<double>(values.size() - 1);
  auto below = static_cast<std::size_t>(place);
  std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

double log_loss(std::span<const std::size_t> truth, std::span<const double> probabilities, std::size_t classes) {
  check_pairs(truth.size() * classes, probabilities.size());
  double sum = 0;
  for (std::size_t i = 0; i < truth.size(); i++) {
    check_pairs(truth[i] < classes, 1);
    sum -= std::log(std::clamp(probabilities[i * classes + truth[i]], 1e-15, 1.0));
  }
  return sum / static_cast<double>(truth.size());
}

double Binary::precision() const { return share(true_positive, true_positive + false_positive); }
double Binary::recall() const { return share(true_positive, true_positive + false_negative); }
double Binary::f1() const { return harmonic_mean(precision(), recall()); }

}  // namespace gyre
