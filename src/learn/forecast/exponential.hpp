#pragma once
// Exponential smoothing as state space models: level, trend and season, each new value moving all of them a little.
#include "learn/forecast/forecaster.hpp"

namespace gyre {

struct ExponentialShape {
  enum class Trend { none, linear, damped };
  enum class Season { none, added, multiplied };
  bool relative_error = false;  // errors grow with the level
  Trend trend = Trend::none;
  Season season = Season::none;
  std::string words() const;  // "ETS(M,Ad,A)"
};

struct ExponentialState {
  double level = 0, slope = 0;
  std::vector<double> season;  // the factor of the next step first
};

struct ExponentialFit {
  ExponentialShape shape;
  double alpha = 0, beta = 0, gamma = 0, phi = 1;
  ExponentialState first, last;  // before the first value, after the last
  double squared_errors = 0;     // of one step ahead, relative ones where errors are
  double aicc = 0;
};

// The expected next value, and the state after the one that came.
double expected(const ExponentialFit& fit, const ExponentialState& state, std::size_t phase);
void take(const ExponentialFit& fit, ExponentialState& state, std::size_t phase, double value);

// One shape with its best parameters; nothing where the history cannot carry it.
std::optional<ExponentialFit> fit_exponential_shape(const ExponentialShape& shape, std::span<const double> values,
                                                    std::size_t season);
// The same with given parameters and first state: for tests against figures worked out by hand.
ExponentialFit run_exponential(ExponentialFit fit, std::span<const double> values);

}  // namespace gyre
