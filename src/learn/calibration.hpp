#pragma once
// Probabilities that are as often right as they say: a curve for each label from what a model says to what came true on
// rows that it had not learned from.
#include "learn/learner.hpp"

namespace gyre {

// Rises (or, of a bad model, falls) from log-odds to a probability; straight between its knots, level beyond them.
struct Curve {
  std::vector<double> odds{};           // log-odds of the knots, rising
  std::vector<double> probabilities{};  // at the knots
  double at(double log_odds) const;
};

// What curves are made over. Near 1 a probability in floats knows its distance from 1 badly: there it is cut off.
double calibration_odds(double probability);

// `how`: "sigmoid" (Platt) or "isotonic". `probabilities`: [rows][classes], of rows that `targets` tell the labels of.
std::vector<Curve> fit_curves(const std::string& how, std::span<const double> probabilities,
                              std::span<const double> targets, std::span<const double> weights, std::size_t classes);

// The model with its probabilities put right.
std::unique_ptr<Fitted> calibrated(std::unique_ptr<Fitted> inner, std::vector<Curve> curves);

}  // namespace gyre
