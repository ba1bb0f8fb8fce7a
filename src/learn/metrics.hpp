#pragma once
// How good answers are. Exact: ties, empty classes and missing sides are decided here once, for every step that
// reports.
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace gyre {

// Counts of [truth][answer]. A class that never occurs has no recall and takes no part in the macro averages.
class Confusion {
 public:
  explicit Confusion(std::vector<std::string> labels);
  void add(std::size_t truth, std::size_t answer);
  const std::vector<std::string>& labels() const { return labels_; }
  std::int64_t count(std::size_t truth, std::size_t answer) const { return counts_[truth * labels_.size() + answer]; }
  std::int64_t total() const;
  double accuracy() const;                // 0 when nothing was added
  double precision(std::size_t c) const;  // 0 when never answered
  double recall(std::size_t c) const;     // 0 when it never occurs
  double f1(std::size_t c) const;
  double macro_f1() const;           // over the classes that occur
  double balanced_accuracy() const;  // mean recall of the classes that occur
  // {"accuracy","macro_f1","classes":[{"label","count","precision","recall","f1"}],"confusion":[[..]]}
  json::object to_json() const;

 private:
  std::int64_t occurs(std::size_t c) const;
  std::vector<std::string> labels_;
  std::vector<std::int64_t> counts_;
};

// Area under the ROC curve: the chance that a positive scores above a negative, ties counting half.
// Error{invalid} when one side is empty.
double roc_auc(std::span<const double> positive, std::span<const double> negative);

double rmse(std::span<const double> truth, std::span<const double> answer);
double mean_absolute_error(std::span<const double> truth, std::span<const double> answer);
double mean(std::span<const double> values);
// The value below which a share of the values lies, interpolated between neighbours (R's type 7). Values in any order.
double quantile(std::vector<double> values, double share);

// Mean of -ln(probability of the truth); probabilities are [samples][classes] in one row-major array, clipped at 1e-15.
double log_loss(std::span<const std::size_t> truth, std::span<const double> probabilities, std::size_t classes);

struct Binary {
  std::int64_t true_positive = 0, false_positive = 0, false_negative = 0, true_negative = 0;
  double precision() const;
  double recall() const;
  double f1() const;
};

}  // namespace gyre
