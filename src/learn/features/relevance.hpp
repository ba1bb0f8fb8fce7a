#pragma once
// How much of a target goes with one feature alone. Where features are weighed by it, what is only noise hardly counts
// in distances between rows: learners that rest on those stand many more features then.
#include <span>

#include "learn/target.hpp"

namespace gyre {

// 0 .. 1: of numbers the size of the correlation, of labels the correlation ratio. 1 where it cannot be said: the
// target or the feature is the same everywhere. A hole (NaN) says nothing.
double relevance_of(std::span<const float> values, const Target& target);

}  // namespace gyre
