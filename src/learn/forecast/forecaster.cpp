#include "learn/forecast/forecaster.hpp"

#include <cmath>

#include "base/error.hpp"

namespace gyre {

double ForecastForm::factor(std::int64_t ahead) const {
  auto season = static_cast<std::int64_t>(factors.size());
  return factors[static_cast<std::size_t>(((ahead % season) + season) % season)];
}

std::vector<double> ForecastForm::forecast(std::span<const double> last_values, std::span<const double> covariates,
                                           std::int64_t ahead) const {
  if (trees) return trees->forecast(last_values, covariates.subspan(window * covariate_count), ahead);
  std::vector<double> input;
  input.reserve(inputs());
  for (std::size_t i = 0; i < window; i++) {
    double value = last_values[last_values.size() - window + i];
    std::int64_t step = ahead + 1 + static_cast<std::int64_t>(i) - static_cast<std::int64_t>(window);
    if (season == Season::added) value -= factor(step);
    if (season == Season::multiplied) value /= factor(step);
    input.push_back(value);
  }
  input.insert(input.end(), covariates.begin(),
               covariates.begin() + std::ptrdiff_t((window + horizon) * covariate_count));
  input.push_back(1);
  input.push_back(double(ahead));
  for (double frequency : frequencies) input.push_back(std::sin(frequency * double(ahead)));
  for (double frequency : frequencies) input.push_back(std::cos(frequency * double(ahead)));
  std::vector<double> result(horizon, 0.0);
  for (std::size_t i = 0; i < input.size(); i++)
    for (std::size_t h = 0; h < horizon; h++) result[h] += weights[i * horizon + h] * input[i];
  for (std::size_t h = 0; h < horizon; h++) {
    if (season == Season::added) result[h] += factor(ahead + 1 + std::int64_t(h));
    if (season == Season::multiplied) result[h] *= factor(ahead + 1 + std::int64_t(h));
  }
  return result;
}

std::span<const ForecastLearner> forecast_learners() {
  static const ForecastLearner all[] = {
      {"naive", "the last season again, or the last value where nothing repeats", fit_naive},
      {"linear", "least squares on the last values, the calendar and columns known ahead", fit_lag_regression},
      {"trees", "boosted trees on the last values, the calendar and columns known ahead", fit_lag_trees},
      {"ets", "exponential smoothing: level, trend (damped) and season, chosen by AICc", fit_exponential},
      {"theta", "the optimised Theta method on what a season leaves over", fit_theta},
      {"arima", "seasonal ARIMA, its orders chosen by AICc", fit_arima},
  };
  return all;
}

const ForecastLearner& forecast_learner(const std::string& name) {
  std::string known;
  for (auto& learner : forecast_learners()) {
    if (learner.name == name) return learner;
    known += (known.empty() ? "" : ", ") + learner.name;
  }
  throw Error(Code::not_found, "there is no learner \"" + name + "\" of series", "there are: " + known);
}

}  // namespace gyre
