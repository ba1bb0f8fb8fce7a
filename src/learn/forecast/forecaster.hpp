#pragma once
// Learners of series. Each is fitted to the history of one series and forecasts what comes after it; thousands of them
// are fitted on as many threads as there are cores, so nothing here has shared state.
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "learn/forecast/tree_form.hpp"

namespace gyre {

// One series as learners take it: equal steps in time, no holes.
struct History {
  std::span<const double> values;
  // Known ahead, as promotions and prices are: [steps][covariate_count] of the values and of what is forecast.
  std::span<const double> covariates{};
  std::size_t covariate_count = 0;
  std::size_t horizon = 0;  // steps ahead that will be asked for; 0: not known

  History first(std::size_t count) const { return {values.first(count), covariates, covariate_count, horizon}; }
};

// What repeats, in steps.
struct Calendar {
  std::size_t season = 1;      // of seasonal learners; 1: nothing repeats
  std::vector<double> cycles;  // of regressions, as 7 and 365.25 of days; empty: the season alone
};

// A fitted model as plain numbers: what its ONNX file computes. `ahead` is how many steps the window's last row lies
// behind the end of the history that was learned from.
//   inputs   = adjusted window, covariates of window and horizon, 1, ahead, sin and cos of each frequency times ahead
//   forecast = weights . inputs, its season put back
struct ForecastForm {
  enum class Season { none, added, multiplied };
  std::size_t window = 0;  // the last values that it takes
  std::size_t horizon = 0;
  std::size_t covariate_count = 0;
  Season season = Season::none;
  std::vector<double> factors;      // of a season's steps; the first is that of the end of the history
  std::vector<double> frequencies;  // radians a step
  std::vector<double> weights;      // [inputs][horizon]
  std::optional<TreeForm> trees{};  // instead of all that is behind covariate_count

  std::size_t inputs() const { return window + (window + horizon) * covariate_count + 2 + 2 * frequencies.size(); }
  double factor(std::int64_t ahead) const;
  // `covariates` of the window's rows, and of the horizon's.
  std::vector<double> forecast(std::span<const double> last_values, std::span<const double> covariates,
                               std::int64_t ahead) const;
};

class Forecaster {
 public:
  virtual ~Forecaster() = default;
  virtual std::string words() const = 0;  // "ETS(A,Ad,A)"
  // `covariates`: [horizon][covariate_count].
  virtual std::vector<double> forecast(std::size_t horizon, std::span<const double> covariates = {}) const = 0;
  // Nothing for models that no form can tell.
  virtual std::optional<ForecastForm> form(std::size_t horizon) const = 0;
};

struct ForecastLearner {
  std::string name;
  std::string help;
  // Null when the history is too short, or of values that it cannot take.
  std::unique_ptr<Forecaster> (*fit)(const History& history, const Calendar& calendar);
};
std::span<const ForecastLearner> forecast_learners();
const ForecastLearner& forecast_learner(const std::string& name);  // Error{not_found} names those there are

std::unique_ptr<Forecaster> fit_naive(const History& history, const Calendar& calendar);
std::unique_ptr<Forecaster> fit_lag_regression(const History& history, const Calendar& calendar);
std::unique_ptr<Forecaster> fit_lag_trees(const History& history, const Calendar& calendar);
std::unique_ptr<Forecaster> fit_exponential(const History& history, const Calendar& calendar);
std::unique_ptr<Forecaster> fit_theta(const History& history, const Calendar& calendar);
std::unique_ptr<Forecaster> fit_arima(const History& history, const Calendar& calendar);

}  // namespace gyre
