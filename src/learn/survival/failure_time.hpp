#pragma once
// Accelerated failure time: the logarithm of a span is a weighted sum of features and a spread of a known shape around
// it. A span that had not ended counts by how likely it was to last at least so long.
#include <functional>

#include "learn/linear_model.hpp"
#include "learn/survival/spans.hpp"

namespace gyre {

struct FailureTime {
  std::string shape = "weibull";  // or log-normal, log-logistic
  double penalty = 1;             // on squares of weights, beside the sum of all rows' losses
  std::size_t iterations = 500;
};

// Answers the median: the time at which half of alike rows have ended. Error{invalid} where fewer than two have.
std::unique_ptr<LinearModel> fit_failure_time(const FailureTime& options, const Matrix& features, const Spans& spans,
                                              const std::function<bool()>& stop);

}  // namespace gyre
