#pragma once
// Learners of what is usual, and how good their scores of oddness are.
#include <algorithm>
#include <span>

#include "learn/learner.hpp"
#include "learn/table.hpp"

namespace gyre {

// Their Fitted gives one number for each row: the larger the odder. They look at no targets.
extern const Learner anomaly_isolation_forest, anomaly_principal_components, anomaly_nearest_centre;
inline const std::vector<std::string> anomaly_learner_names{"isolation-forest", "principal-components",
                                                            "nearest-centre"};
const Learner& anomaly_learner(const std::string& name);

// Which rows are odd by a column that says so: those of the label `odd`; when it is empty, of the rarer of two.
// Error{invalid} where that cannot be told.
struct OddRows {
  std::string label;
  std::vector<bool> odd;
  std::size_t count() const { return static_cast<std::size_t>(std::count(odd.begin(), odd.end(), true)); }
};
OddRows odd_rows(const Table& table, const std::string& column, const std::string& odd);

// {"alarms": share of rows at or above the threshold, "median_score"} and, where odd rows are known (`odd` may be
// null), "auc", "average_precision", "precision", "recall", "f1".
json::object anomaly_scores(std::span<const double> scores, double threshold, const OddRows* odd);

}  // namespace gyre
