// Regression on lagged values, the calendar and columns that are known ahead; forecast step by step, each answer
// taken for the value of its step.
#include <cmath>
#include <numbers>

#include "learn/forecast/forecaster.hpp"
#include "learn/forecast/linear_system.hpp"

namespace gyre {

namespace {

// Which values before a step, and which waves, it is told by.
struct Shape {
  std::vector<std::size_t> lags;
  std::vector<double> frequencies;
  std::size_t covariate_count = 0;

  std::size_t columns() const { return lags.size() + 1 + 2 * frequencies.size() + covariate_count; }
  std::size_t longest() const { return lags.empty() ? 0 : lags.back(); }
};

// Short seasons are told by their lags, long ones (weeks of a year) by four lags and waves. As much as the history can
// carry: at least three rows for each column.
Shape shape_for(const History& history, const Calendar& calendar) {
  std::size_t points = history.values.size();
  Shape shape{.covariate_count = history.covariate_count};
  bool short_season = calendar.season > 1 && calendar.season <= 31;
  std::size_t near = short_season ? calendar.season : 4;
  auto room = [&](std::size_t lag, std::size_t more) {
    return lag < points && points - lag >= 3 * (shape.columns() + more + 1);
  };
  for (std::size_t lag = 1; lag <= near && room(lag, 1); lag++) shape.lags.push_back(lag);
  if (short_season)
    for (std::size_t lag = 2 * calendar.season; lag <= 2 * calendar.season && room(lag, 1); lag++)
      shape.lags.push_back(lag);
  for (double cycle : calendar.cycles) {
    auto whole = static_cast<std::size_t>(std::llround(cycle));
    bool lagged = cycle == double(whole) && whole > shape.longest() && whole <= 400;
    if (lagged && room(whole + 1, 2) && points >= 3 * whole) {
      shape.lags.push_back(whole);
      shape.lags.push_back(whole + 1);
    }
    if (double(points) < 1.5 * cycle) continue;
    for (int wave = 1; wave <= 3 && 2.0 * wave < cycle && room(shape.longest(), 2); wave++)
      shape.frequencies.push_back(2 * std::numbers::pi * wave / cycle);
  }
  return shape;
}

// The columns of one step. `values` ends where the step begins; `ahead` counts from the end of the history.
void fill_row(const Shape& shape, std::span<const double> values, std::span<const double> covariates, double ahead,
              double* to) {
  for (auto lag : shape.lags) *to++ = values[values.size() - lag];
  *to++ = ahead;
  for (double frequency : shape.frequencies) *to++ = std::sin(frequency * ahead);
  for (double frequency : shape.frequencies) *to++ = std::cos(frequency * ahead);
  for (double value : covariates) *to++ = value;
}

class LagRegression : public Forecaster {
 public:
  LagRegression(Shape shape, std::vector<double> weights, std::span<const double> values)
      : shape_(std::move(shape)),
        weights_(std::move(weights)),
        last_(values.end() - std::ptrdiff_t(shape_.longest()), values.end()) {}

  std::string words() const override {
    std::string text = "linear on lags";
    for (auto lag : shape_.lags) text += " " + std::to_string(lag);
    return text + (shape_.frequencies.empty() ? "" : ", calendar") +
           (shape_.covariate_count ? ", columns known ahead" : "");
  }

  std::vector<double> forecast(std::size_t horizon, std::span<const double> covariates) const override {
    return go_on(last_, horizon, covariates, 0);
  }

  // Linear in all that it takes: each weight is what a single 1 among the inputs makes of the answer.
  std::optional<ForecastForm> form(std::size_t horizon) const override {
    ForecastForm form{.window = shape_.longest(),
                      .horizon = horizon,
                      .covariate_count = shape_.covariate_count,
                      .frequencies = shape_.frequencies};
    form.weights.reserve(form.inputs() * horizon);
    auto take = [&](const std::vector<double>& answer) {
      form.weights.insert(form.weights.end(), answer.begin(), answer.end());
    };
    std::vector<double> impulse(form.window, 0.0), own(horizon * shape_.covariate_count, 0.0), nothing(horizon, 0.0);
    for (double& value : impulse) {
      value = 1;
      take(driven(impulse, nothing));
      value = 0;
    }
    std::size_t covariates_at = shape_.columns() - shape_.covariate_count;
    for (std::size_t i = 0; i < own.size(); i++) {
      std::vector<double> push = nothing;
      push[i / shape_.covariate_count] = weights_[covariates_at + i % shape_.covariate_count];
      take(driven(impulse, push));
    }
    std::size_t trend_at = shape_.lags.size(), waves = shape_.frequencies.size();
    double trend = weights_[trend_at];
    std::vector<double> push(horizon);
    for (std::size_t h = 0; h < horizon; h++) push[h] = weights_.back() + trend * double(h + 1);
    take(driven(impulse, push));
    take(driven(impulse, std::vector<double>(horizon, trend)));
    for (bool cosine : {false, true})
      for (std::size_t i = 0; i < waves; i++) {
        double a = weights_[trend_at + 1 + i], b = weights_[trend_at + 1 + waves + i], w = shape_.frequencies[i];
        for (std::size_t h = 0; h < horizon; h++) {
          double angle = w * double(h + 1);
          push[h] = cosine ? a * std::sin(angle) + b * std::cos(angle) : a * std::cos(angle) - b * std::sin(angle);
        }
        take(driven(impulse, push));
      }
    return form;
  }

 private:
  // The answer to a window when each step is pushed by what is not lags.
  std::vector<double> driven(std::span<const double> window, std::span<const double> push) const {
    std::vector<double> values(window.begin(), window.end());
    values.reserve(window.size() + push.size());
    for (double force : push) {
      double value = force;
      for (std::size_t i = 0; i < shape_.lags.size(); i++)
        value += weights_[i] * values[values.size() - shape_.lags[i]];
      values.push_back(value);
    }
    return {values.begin() + std::ptrdiff_t(window.size()), values.end()};
  }

  std::vector<double> go_on(std::span<const double> window, std::size_t horizon, std::span<const double> covariates,
                            std::int64_t ahead) const {
    std::vector<double> push(horizon), row(shape_.columns());
    std::vector<double> none(shape_.longest(), 0.0);
    for (std::size_t h = 0; h < horizon; h++) {
      fill_row(shape_, none, covariates.subspan(h * shape_.covariate_count, shape_.covariate_count),
               double(ahead + 1 + std::int64_t(h)), row.data());
      push[h] = weights_.back();
      for (std::size_t c = shape_.lags.size(); c < row.size(); c++) push[h] += weights_[c] * row[c];
    }
    return driven(window, push);
  }

  Shape shape_;
  std::vector<double> weights_;  // of the columns; the constant last
  std::vector<double> last_;
};

}  // namespace

std::unique_ptr<Forecaster> fit_lag_regression(const History& history, const Calendar& calendar) {
  Shape shape = shape_for(history, calendar);
  if (shape.lags.empty()) return nullptr;
  std::size_t points = history.values.size(), columns = shape.columns(), first = shape.longest();
  std::vector<double> x((points - first) * columns);
  for (std::size_t step = first; step < points; step++)
    fill_row(shape, history.values.first(step),
             history.covariates.subspan(step * shape.covariate_count, shape.covariate_count),
             double(step + 1) - double(points), &x[(step - first) * columns]);
  auto weights = least_squares(x, history.values.subspan(first), 1e-9);
  if (weights.empty()) return nullptr;
  return std::make_unique<LagRegression>(std::move(shape), std::move(weights), history.values);
}

}  // namespace gyre
