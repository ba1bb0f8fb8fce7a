#pragma once
// Pipelines near one that is good already.
#include <cstdint>

#include "search/auto/candidate.hpp"

namespace gyre {

// Some of its options moved a little, for trial `number`. It is the same pipeline again where it has none to move.
Candidate varied_candidate(const Candidate& good, const Shape& shape, std::uint64_t seed, std::size_t number);

}  // namespace gyre
