#pragma once
// How rows are parted to judge pipelines by rows that they did not see.
#include <span>
#include <vector>

#include "learn/target.hpp"

namespace gyre {

struct Fold {
  std::vector<std::size_t> learn, judge;
};

// Labels (of regression: sizes of the target) are spread alike over the folds. As few as one fold: a share is held
// back. Fewer than `count` where a label is too rare is no error: then some fold lacks it. `groups`: each row's; rows
// of one group are never parted. Empty: each row is one.
std::vector<Fold> make_folds(const Target& target, std::size_t count, std::uint64_t seed,
                             std::span<const std::size_t> groups = {});

// Below, luck is a large part of what any part of the rows says.
inline constexpr std::size_t few_rows = 1'000;

// 10 of few rows, 5 below 20,000, else one part held back.
std::size_t usual_folds(std::size_t rows);

}  // namespace gyre
