#pragma once
// Each step ahead told by trees, from what was seen last: one row of features for each step of the horizon.
#include <span>

#include "learn/boosting/trees.hpp"

namespace gyre {

struct TreeForm {
  std::size_t window = 0;  // values that it takes
  std::size_t horizon = 0;
  std::size_t near = 4;   // of the last values, each a feature
  std::size_t level = 4;  // last values whose mean is taken out, and put back in
  // Of each, the step's place in it is a feature, and, where the window is that long, the value one cycle before.
  std::vector<std::size_t> cycles{};
  std::size_t covariate_count = 0;
  TreeEnsemble trees{0, 1, Link::none};

  std::size_t features() const;
  // The rows of all steps ahead of the values' end. `last`: the number of the last value's step, which gives places in
  // cycles; `covariates` of the steps ahead.
  Matrix rows(std::span<const double> values, std::span<const double> covariates, std::int64_t last) const;
  double level_of(std::span<const double> values) const;
  std::vector<double> forecast(std::span<const double> values, std::span<const double> covariates,
                               std::int64_t last) const;
  // The same as nodes: `values` [1, window], `covariates` [horizon, count] or "", `last` [1, 1]; gives [1, horizon].
  std::string export_to(GraphBuilder& graph, const std::string& values, const std::string& covariates,
                        const std::string& last) const;
};

}  // namespace gyre
