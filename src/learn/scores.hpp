#pragma once
// How good answers about tables are: the numbers of scikit-learn's functions of these names. Probabilities and answers
// as the learners give them; weights may be empty.
#include <span>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "learn/metrics.hpp"

namespace gyre {

using Numbers = std::span<const double>;

// Of a classification: labels' places and, row by row, a probability for each label.
struct Judged {
  Numbers truth;
  Numbers probabilities;
  std::size_t classes = 0;
  Numbers weights{};
  std::size_t rows() const { return truth.size(); }
  double weight(std::size_t row) const { return weights.empty() ? 1 : weights[row]; }
};
std::vector<std::size_t> answers_of(
    const Judged& judged);  // the label with the largest probability, the first of equal

double accuracy(const Judged& judged);
double balanced_accuracy(const Judged& judged);
enum class Average { macro, micro, weighted };
double f1(const Judged& judged, Average average);
double precision(const Judged& judged, Average average);
double recall(const Judged& judged, Average average);
double matthews(const Judged& judged);
double kappa(const Judged& judged);
double log_loss(const Judged& judged);
double brier(const Judged& judged);  // of two classes
// Two classes: of the second one. More: each against the rest (macro or weighted), or each pair.
enum class Several { one_against_rest, one_against_rest_weighted, one_against_one };
double auc(const Judged& judged, Several several = Several::one_against_rest);
double average_precision(const Judged& judged, std::size_t label);

// Of numbers.
double r2(Numbers truth, Numbers answer, Numbers weights = {});
double explained_variance(Numbers truth, Numbers answer);
double rmse(Numbers truth, Numbers answer, Numbers weights);
double mean_absolute_percentage_error(Numbers truth, Numbers answer);
double median_absolute_error(Numbers truth, Numbers answer);
double max_error(Numbers truth, Numbers answer);
double root_mean_squared_log_error(Numbers truth, Numbers answer);  // NaN where one is not above -1
double pinball(Numbers truth, Numbers answer, double level);
double poisson_deviance(Numbers truth, Numbers answer);  // NaN where an answer is not positive
double gamma_deviance(Numbers truth, Numbers answer);    // NaN where one is not positive
double spearman(Numbers a, Numbers b);
double pearson(Numbers a, Numbers b);

// All that have a meaning for these answers, by name: for reports. NaN becomes null.
json::object classification_scores(const Judged& judged);
json::object regression_scores(Numbers truth, Numbers answer);

// One of them by its name, for choosing: larger is better (errors are given as negative numbers).
double score_named(const std::string& name, const Judged& judged);
double score_named(const std::string& name, Numbers truth, Numbers answer);
bool larger_is_better(const std::string& name, bool of_labels);

}  // namespace gyre
