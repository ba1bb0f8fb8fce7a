#pragma once
// Many labels by a learner's models of two: each label against the rest, or each pair of labels.
#include "learn/learner.hpp"

namespace gyre {

// `how`: "one-vs-rest" or "one-vs-one".
std::unique_ptr<Fitted> train_several(const std::string& how, const Learner& learner, const json::object& options,
                                      std::size_t classes, const Examples& examples, const TrainingContext& context);

}  // namespace gyre
