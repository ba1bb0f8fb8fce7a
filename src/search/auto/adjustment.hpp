#pragma once
// What is done to an ensemble's probabilities when all members are chosen.
#include <cstddef>
#include <span>

namespace gyre {

struct Adjustment {
  double cut_odds = 1;   // of two labels, the odds of the second from which on it is the answer (search/auto/cut.hpp)
  double sharpness = 1;  // the power that probabilities are raised to, before they are made to sum to 1
};

// `answers`: [rows][labels].
void adjust(std::span<double> answers, std::size_t labels, const Adjustment& adjustment);

// The sharpness that makes the log loss of these answers least. The mean of many models is seldom as sure as it could
// be: where they disagree, some are wrong, and they are not alike. Of few rows it stays near 1.
double best_sharpness(std::span<const double> truth, std::span<const double> answers, std::size_t labels);

}  // namespace gyre
