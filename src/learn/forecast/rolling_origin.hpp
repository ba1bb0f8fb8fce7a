#pragma once
// How good forecasts are, and how good a learner's would have been: fitted again and again to the first part of a
// history and judged on what came next. No value that is judged was seen.
#include <string>

#include "learn/forecast/forecaster.hpp"

namespace gyre {

// The mean step that a seasonal naive forecast is off within a history: what errors are measured against. With less
// than two seasons, from one value to the next.
double naive_scale(std::span<const double> history, std::size_t season);
// Mean absolute error by that scale. Of a history that never moves: 0 when all is right, else infinite.
double mase(std::span<const double> truth, std::span<const double> forecast, double scale);
// Mean of 200 |error| / (|truth| + |forecast|), in per cent; where both are 0 there is no error.
double smape(std::span<const double> truth, std::span<const double> forecast);
// Mean of what a forecast of a quantile costs (pinball loss): share above, 1 - share below.
double quantile_loss(std::span<const double> truth, std::span<const double> forecast, double share);

struct BackTest {
  std::size_t folds = 0;  // 0: the history is too short to judge by
  double mase = 0, smape = 0, rmse = 0, mae = 0;
  std::vector<double> squared;  // mean squared error of each step ahead
};

struct BackTestPlan {
  std::size_t horizon = 1;
  std::size_t folds = 3;
};

// How much history each fold learns from, the shortest first. The last fold is judged on the last `horizon` values,
// those before on as many earlier ones; half of the history at least stays to learn from.
std::vector<std::size_t> fold_ends(std::size_t points, const BackTestPlan& plan);

// Nothing when the learner cannot take one of the folds.
std::optional<BackTest> back_test(const ForecastLearner& learner, const History& history, const Calendar& calendar,
                                  const BackTestPlan& plan);

// Half the width of the band that holds a share of 90 % of what comes, for each step ahead: the errors of the back-test
// as a line over the steps, since few folds say little of one step.
std::vector<double> band_of(const BackTest& test, std::size_t horizon);

}  // namespace gyre
