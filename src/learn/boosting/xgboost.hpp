#pragma once
// XGBoost by its C interface: loaded when first used.
#include "learn/boosting/trees.hpp"

namespace gyre {

using XgboostParameters = std::map<std::string, std::string>;

struct XgboostRounds {
  std::int64_t most = 100;
  std::int64_t patience = 50;
};

// `sums`: how many the model has; `base`: what they begin with.
std::unique_ptr<TreeEnsemble> train_xgboost(const XgboostParameters& parameters, const XgboostRounds& rounds,
                                            const Examples& examples, const TrainingContext& context, std::size_t sums,
                                            double base, Link link);

}  // namespace gyre
