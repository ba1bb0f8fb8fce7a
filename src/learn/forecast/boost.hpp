#pragma once
// Boosted regression trees for fits by the thousand: small, of one thread, the same answer every time.
#include <span>

#include "learn/boosting/trees.hpp"

namespace gyre {

struct BoostPlan {
  std::size_t rounds = 60;
  std::size_t depth = 4;
  std::size_t min_rows = 8;  // in a leaf
  double rate = 0.1;
};

// Squared error. Features without holes.
TreeEnsemble boost(const Matrix& features, std::span<const double> targets, const BoostPlan& plan = {});

}  // namespace gyre
