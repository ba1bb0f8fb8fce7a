#pragma once
// Where answers of two labels are cut. Scores of labels, F1 and its kin, rest on that, and one half is seldom the best
// place: of rare labels even a good model is seldom more than half sure.
#include <cstdint>
#include <span>
#include <string>

namespace gyre {

bool is_score_of_cut(const std::string& name);  // one of labels, that a cut makes better

// `truth`: 0 or 1; `answers`: [rows][2], probabilities. The score at the best cut.
double score_at_best_cut(const std::string& name, std::span<const double> truth, std::span<const double> answers);

// The odds of the second label from which on it is the better answer: the middle of what is best for several draws of
// the rows, since the best for these very rows is partly luck.
double odds_of_best_cut(const std::string& name, std::span<const double> truth, std::span<const double> answers,
                        std::uint64_t seed);

// Probabilities that are cut at one half, made of some that are cut at `odds`.
void move_cut(std::span<double> answers, double odds);

}  // namespace gyre
