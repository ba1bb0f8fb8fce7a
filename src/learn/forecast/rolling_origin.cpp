#include "learn/forecast/rolling_origin.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace gyre {

double naive_scale(std::span<const double> history, std::size_t season) {
  if (history.size() < 2) return 0;
  if (season < 1 || history.size() <= season) season = 1;
  double sum = 0;
  for (std::size_t i = season; i < history.size(); i++) sum += std::abs(history[i] - history[i - season]);
  return sum / double(history.size() - season);
}

double mase(std::span<const double> truth, std::span<const double> forecast, double scale) {
  double sum = 0;
  for (std::size_t i = 0; i < truth.size(); i++) sum += std::abs(truth[i] - forecast[i]);
  double error = sum / double(truth.size());
  if (scale > 0) return error / scale;
  return error == 0 ? 0 : std::numeric_limits<double>::infinity();
}

double smape(std::span<const double> truth, std::span<const double> forecast) {
  double sum = 0;
  for (std::size_t i = 0; i < truth.size(); i++) {
    double size = std::abs(truth[i]) + std::abs(forecast[i]);
    if (size > 0) sum += 200 * std::abs(truth[i] - forecast[i]) / size;
  }
  return sum / double(truth.size());
}

double quantile_loss(std::span<const double> truth, std::span<const double> forecast, double share) {
  double sum = 0;
  for (std::size_t i = 0; i < truth.size(); i++) {
    double error = truth[i] - forecast[i];
    sum += error >= 0 ? share * error : (share - 1) * error;
  }
  return sum / double(truth.size());
}

std::vector<std::size_t> fold_ends(std::size_t points, const BackTestPlan& plan) {
  std::vector<std::size_t> ends;
  std::size_t least = std::max<std::size_t>(2, points / 2);
  for (std::size_t fold = 0; fold < plan.folds; fold++) {
    std::size_t judged = (fold + 1) * plan.horizon;
    if (judged >= points || points - judged < least) break;
    ends.push_back(points - judged);
  }
  // A short history is judged on its last third.
  if (ends.empty() && plan.folds > 0 && points >= 4) ends.push_back(points - std::min(plan.horizon, points / 3));
  std::reverse(ends.begin(), ends.end());
  return ends;
}

std::optional<BackTest> back_test(const ForecastLearner& learner, const History& history, const Calendar& calendar,
                                  const BackTestPlan& plan) {
  BackTest result{.squared = std::vector<double>(plan.horizon, 0.0)};
  std::vector<double> judged(plan.horizon, 0.0);
  double squares = 0, steps = 0;
  for (auto end : fold_ends(history.values.size(), plan)) {
    History known = history.first(end);
    known.horizon = plan.horizon;
    auto fitted = learner.fit(known, calendar);
    if (!fitted) return {};
    std::size_t horizon = std::min(plan.horizon, history.values.size() - end);
    auto covariates = history.covariates.subspan(end * history.covariate_count, horizon * history.covariate_count);
    auto forecast = fitted->forecast(horizon, covariates);
    auto truth = history.values.subspan(end, horizon);
    result.folds++;
    result.mase += mase(truth, forecast, naive_scale(history.values.first(end), calendar.season));
    result.smape += smape(truth, forecast);
    for (std::size_t h = 0; h < horizon; h++) {
      double error = truth[h] - forecast[h];
      squares += error * error, steps++;
      result.mae += std::abs(error);
      result.squared[h] += error * error;
      judged[h]++;
    }
  }
  if (result.folds == 0) return result;
  result.mase /= double(result.folds);
  result.smape /= double(result.folds);
  result.mae /= steps;
  result.rmse = std::sqrt(squares / steps);
  for (std::size_t h = 0; h < plan.horizon; h++) result.squared[h] = judged[h] > 0 ? result.squared[h] / judged[h] : 0;
  while (!result.squared.empty() && judged[result.squared.size() - 1] == 0) result.squared.pop_back();
  if (!std::isfinite(result.rmse)) return {};  // it ran away
  return result;
}

std::vector<double> band_of(const BackTest& test, std::size_t horizon) {
  std::vector<double> band(horizon, std::numeric_limits<double>::quiet_NaN());
  auto n = double(test.squared.size());
  if (n == 0) return band;
  double mean = 0, mean_step = (n + 1) / 2, above = 0, below = 0;
  for (double value : test.squared) mean += value / n;
  for (std::size_t h = 0; h < test.squared.size(); h++) {
    above += (double(h + 1) - mean_step) * (test.squared[h] - mean);
    below += (double(h + 1) - mean_step) * (double(h + 1) - mean_step);
  }
  // Never narrower further ahead, and no less than half the mean at the first step.
  double slope = below > 0 ? std::clamp(above / below, 0.0, mean_step > 1 ? mean / (2 * (mean_step - 1)) : 0.0) : 0;
  for (std::size_t h = 0; h < horizon; h++)
    band[h] = 1.645 * std::sqrt(std::max(0.0, mean + slope * (double(h + 1) - mean_step)));
  return band;
}

}  // namespace gyre
