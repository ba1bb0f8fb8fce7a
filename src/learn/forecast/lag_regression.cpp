// Regression on lagged values, the calendar and columns that are known ahead; forecast step by step, each answer
// taken for the value of its step.
#include <algorithm>
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

  std::size_t columns() const { return lags.size() + 1 + 2 * frequencies.size(); }
  std::size_t longest() const { return lags.empty() ? 0 : lags.back(); }
};

// Short seasons are told by their lags, long ones (weeks of a year) by four lags and waves. As much as the history can
// carry: at least three rows for each column.
Shape shape_for(const History& history, const Calendar& calendar) {
  std::size_t points = history.values.size();
  Shape shape;
  bool short_season = calendar.season > 1 && calendar.season <= 31;
  std::size_t near = short_season ? calendar.season : 4;
  auto room = [&](std::size_t lag, std::size_t more) {
    return lag < points && points - lag >= 3 * (shape.columns() + history.covariate_count + more + 1);
  };
  for (std::size_t lag = 1; lag <= near && room(lag, 1); lag++) shape.lags.push_back(lag);
  if (short_season && room(2 * calendar.season, 1)) shape.lags.push_back(2 * calendar.season);
  for (double cycle : calendar.cycles) {
    auto whole = static_cast<std::size_t>(std::llround(cycle));
    bool lagged = cycle == double(whole) && whole > shape.longest() && whole <= 400;
    if (lagged && room(whole + 1, 2) && points >= 3 * whole) {
      shape.lags.push_back(whole);
      shape.lags.push_back(whole + 1);
    }
    if (double(points) < 1.1 * cycle) continue;  // a wave seen once and a bit more
    for (int wave = 1; wave <= 3 && 2.0 * wave < cycle && room(shape.longest(), 2); wave++)
      shape.frequencies.push_back(2 * std::numbers::pi * wave / cycle);
  }
  return shape;
}

// The columns of one step beside its lags; `ahead` counts from the end of the history.
double* fill_calendar(const std::vector<double>& frequencies, double ahead, double* to) {
  *to++ = ahead;
  for (double frequency : frequencies) *to++ = std::sin(frequency * ahead);
  for (double frequency : frequencies) *to++ = std::cos(frequency * ahead);
  return to;
}

// The same for one step after another: each wave is turned on from the step before, which costs no sine.
class CalendarRows {
 public:
  CalendarRows(const std::vector<double>& frequencies, double first)
      : ahead_(first), columns_(1 + 2 * frequencies.size()), turns_(2 * frequencies.size()) {
    fill_calendar(frequencies, first, columns_.data());
    for (std::size_t i = 0; i < frequencies.size(); i++) {
      turns_[2 * i] = std::sin(frequencies[i]);
      turns_[2 * i + 1] = std::cos(frequencies[i]);
    }
  }
  double* next(double* to) {
    to = std::copy(columns_.begin(), columns_.end(), to);
    columns_[0] = ++ahead_;
    std::size_t waves = turns_.size() / 2;
    for (std::size_t i = 0; i < waves; i++) {
      double &sine = columns_[1 + i], &cosine = columns_[1 + waves + i], was = sine;
      sine = was * turns_[2 * i + 1] + cosine * turns_[2 * i];
      cosine = cosine * turns_[2 * i + 1] - was * turns_[2 * i];
    }
    return to;
  }

 private:
  double ahead_;
  std::vector<double> columns_, turns_;
};

// What a unit of each column known ahead does to a value, beside trend and waves. It is taken out before the lags are
// learned: yesterday's promotion says nothing of today.
std::vector<double> covariate_effects(const History& history, const std::vector<double>& frequencies) {
  std::size_t count = history.covariate_count, points = history.values.size();
  if (count == 0) return {};
  std::size_t columns = 1 + 2 * frequencies.size() + count;
  std::vector<double> x(points * columns);
  CalendarRows rows(frequencies, 1 - double(points));
  for (std::size_t step = 0; step < points; step++) {
    double* to = rows.next(&x[step * columns]);
    auto known = history.covariates.subspan(step * count, count);
    std::copy(known.begin(), known.end(), to);
  }
  auto weights = least_squares(x, history.values, 1e-9);
  if (weights.empty()) return std::vector<double>(count, 0.0);
  return {weights.end() - 1 - std::ptrdiff_t(count), weights.end() - 1};
}

class LagRegression : public Forecaster {
 public:
  // `values`: what the effects leave over.
  LagRegression(Shape shape, std::vector<double> weights, std::vector<double> effects, std::span<const double> values)
      : shape_(std::move(shape)),
        weights_(std::move(weights)),
        effects_(std::move(effects)),
        last_(values.end() - std::ptrdiff_t(shape_.longest()), values.end()) {}

  std::string words() const override {
    std::string text = "linear on lags";
    for (auto lag : shape_.lags) text += " " + std::to_string(lag);
    return text + (shape_.frequencies.empty() ? "" : ", calendar") + (effects_.empty() ? "" : ", columns known ahead");
  }

  std::vector<double> forecast(std::size_t horizon, std::span<const double> covariates) const override {
    std::vector<double> push(horizon), row(1 + 2 * shape_.frequencies.size());
    CalendarRows rows(shape_.frequencies, 1);
    for (std::size_t h = 0; h < horizon; h++) {
      rows.next(row.data());
      push[h] = weights_.back();
      for (std::size_t c = 0; c < row.size(); c++) push[h] += weights_[shape_.lags.size() + c] * row[c];
    }
    auto result = driven(last_, push);
    for (std::size_t h = 0; h < horizon; h++)
      for (std::size_t c = 0; c < effects_.size(); c++) result[h] += effects_[c] * covariates[h * effects_.size() + c];
    return result;
  }

  // Linear in all that it takes: each weight is what a single 1 among the inputs makes of the answer.
  std::optional<ForecastForm> form(std::size_t horizon) const override {
    ForecastForm form{.window = shape_.longest(),
                      .horizon = horizon,
                      .covariate_count = effects_.size(),
                      .frequencies = shape_.frequencies};
    form.weights.reserve(form.inputs() * horizon);
    auto take = [&](const std::vector<double>& answer) {
      form.weights.insert(form.weights.end(), answer.begin(), answer.end());
    };
    std::vector<double> impulse(form.window, 0.0), nothing(horizon, 0.0);
    for (double& value : impulse) {
      value = 1;
      take(driven(impulse, nothing));
      value = 0;
    }
    for (std::size_t row = 0; row < form.window; row++)
      for (double effect : effects_)
        for (std::size_t h = 0; h < horizon; h++) form.weights.push_back(-effect * form.weights[row * horizon + h]);
    for (std::size_t row = 0; row < horizon; row++)
      for (double effect : effects_)
        for (std::size_t h = 0; h < horizon; h++) form.weights.push_back(h == row ? effect : 0);

    std::size_t trend_at = shape_.lags.size(), waves = shape_.frequencies.size();
    double trend = weights_[trend_at];
    std::vector<double> push(horizon);
    for (std::size_t h = 0; h < horizon; h++) push[h] = weights_.back() + trend * double(h + 1);
    take(driven(impulse, push));
    take(driven(impulse, std::vector<double>(horizon, trend)));
    // The sine of a sum: the waves of `ahead` and of the step.
    std::size_t width = 1 + 2 * waves;
    std::vector<double> steps(horizon * width);
    CalendarRows rows(shape_.frequencies, 1);
    for (std::size_t h = 0; h < horizon; h++) rows.next(&steps[h * width]);
    for (bool cosine : {false, true})
      for (std::size_t i = 0; i < waves; i++) {
        double a = weights_[trend_at + 1 + i], b = weights_[trend_at + 1 + waves + i];
        for (std::size_t h = 0; h < horizon; h++) {
          double sine = steps[h * width + 1 + i], cosine_of_step = steps[h * width + 1 + waves + i];
          push[h] = cosine ? a * sine + b * cosine_of_step : a * cosine_of_step - b * sine;
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

  Shape shape_;
  std::vector<double> weights_;  // of lags, trend and waves; the constant last
  std::vector<double> effects_;  // of the columns known ahead
  std::vector<double> last_;
};

}  // namespace

std::unique_ptr<Forecaster> fit_lag_regression(const History& history, const Calendar& calendar) {
  Shape shape = shape_for(history, calendar);
  if (shape.lags.empty()) return nullptr;
  std::size_t points = history.values.size(), columns = shape.columns(), first = shape.longest();
  auto effects = covariate_effects(history, shape.frequencies);
  std::vector<double> values(history.values.begin(), history.values.end());
  for (std::size_t step = 0; step < points; step++)
    for (std::size_t c = 0; c < effects.size(); c++)
      values[step] -= effects[c] * history.covariates[step * effects.size() + c];
  std::vector<double> x((points - first) * columns);
  CalendarRows rows(shape.frequencies, double(first + 1) - double(points));
  for (std::size_t step = first; step < points; step++) {
    double* to = &x[(step - first) * columns];
    for (auto lag : shape.lags) *to++ = values[step - lag];
    rows.next(to);
  }
  auto weights = least_squares(x, std::span(values).subspan(first), 1e-9);
  if (weights.empty()) return nullptr;
  return std::make_unique<LagRegression>(std::move(shape), std::move(weights), std::move(effects), values);
}

}  // namespace gyre
