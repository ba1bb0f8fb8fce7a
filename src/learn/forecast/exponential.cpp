#include "learn/forecast/exponential.hpp"

#include <cmath>
#include <limits>

#include "learn/forecast/decompose.hpp"
#include "learn/forecast/minimise.hpp"

namespace gyre {

using Trend = ExponentialShape::Trend;
using Season = ExponentialShape::Season;

std::string ExponentialShape::words() const {
  std::string text = relative_error ? "ETS(M," : "ETS(A,";
  text += trend == Trend::none ? "N," : trend == Trend::linear ? "A," : "Ad,";
  return text + (season == Season::none ? "N)" : season == Season::added ? "A)" : "M)");
}

double expected(const ExponentialFit& fit, const ExponentialState& state, std::size_t phase) {
  double base = state.level + fit.phi * state.slope;
  if (fit.shape.season == Season::added) return base + state.season[phase];
  return fit.shape.season == Season::multiplied ? base * state.season[phase] : base;
}

void take(const ExponentialFit& fit, ExponentialState& state, std::size_t phase, double value) {
  double base = state.level + fit.phi * state.slope;
  double error = value - expected(fit, state, phase);
  double factor = fit.shape.season == Season::multiplied ? state.season[phase] : 1;
  state.level = base + fit.alpha * error / factor;
  state.slope = fit.phi * state.slope + fit.beta * error / factor;
  if (fit.shape.season == Season::added) state.season[phase] += fit.gamma * error;
  if (fit.shape.season == Season::multiplied) state.season[phase] += fit.gamma * error / base;
}

namespace {

// -2 log likelihood but for constants, of a run from `state` on; infinity where it breaks.
double run(const ExponentialFit& fit, std::span<const double> values, ExponentialState& state, double& squared) {
  double logs = 0;
  squared = 0;
  std::size_t season = std::max<std::size_t>(1, state.season.size()), phase = 0;
  bool relative = fit.shape.relative_error;
  for (double value : values) {
    double before = expected(fit, state, phase), error = value - before;
    if (relative) {
      if (!(before > 0)) return std::numeric_limits<double>::infinity();
      error /= before;
      logs += std::log(before);
    }
    squared += error * error;
    take(fit, state, phase, value);
    if (++phase == season) phase = 0;
  }
  auto count = double(values.size());
  return count * std::log(std::max(squared, 1e-300) / count) + 2 * logs;
}

// Where to begin: the season of the first cycles, and a line through the first values without it.
ExponentialState first_state(const ExponentialShape& shape, std::span<const double> values, std::size_t season) {
  ExponentialState state;
  bool multiplied = shape.season == Season::multiplied;
  if (shape.season != Season::none)
    state.season = seasonal_factors(values.first(std::min(values.size(), 4 * season + 1)), season, multiplied);
  std::size_t count = std::min(values.size(), std::max<std::size_t>(10, shape.season == Season::none ? 0 : 2 * season));
  double sum = 0, sum_x = 0, sum_xx = 0, sum_xy = 0;
  for (std::size_t i = 0; i < count; i++) {
    double value = values[i], x = double(i + 1);
    if (shape.season == Season::added) value -= state.season[i % season];
    if (multiplied) value /= std::max(state.season[i % season], 1e-2);
    sum += value, sum_x += x, sum_xx += x * x, sum_xy += x * value;
  }
  auto n = double(count);
  state.level = sum / n;
  if (shape.trend == Trend::none) return state;
  state.slope = (n * sum_xy - sum_x * sum) / (n * sum_xx - sum_x * sum_x);
  state.level = (sum - state.slope * sum_x) / n;
  return state;
}

double between(double low, double high, double x) { return low + (high - low) / (1 + std::exp(-x)); }

// The free parameters as the search moves them, any real numbers.
void set_parameters(ExponentialFit& fit, const std::vector<double>& x, const ExponentialState& guess, double unit) {
  std::size_t i = 0;
  bool trend = fit.shape.trend != Trend::none;
  fit.alpha = between(1e-4, 0.9999, x[i++]);
  fit.beta = trend ? between(1e-4, fit.alpha, x[i++]) : 0;
  fit.gamma = fit.shape.season != Season::none ? between(1e-4, 1 - fit.alpha, x[i++]) : 0;
  fit.phi = fit.shape.trend == Trend::damped ? between(0.8, 0.98, x[i++]) : 1;
  fit.first = guess;
  fit.first.level += unit * x[i++];
  if (trend) fit.first.slope += 0.1 * unit * x[i++];
}

class Exponential : public Forecaster {
 public:
  Exponential(ExponentialFit fit, std::span<const double> values) : fit_(std::move(fit)) {
    season_ = std::max<std::size_t>(1, fit_.last.season.size());
    // As far back as values still tell: the state before the window is kept, whatever comes.
    std::size_t window = std::min<std::size_t>(values.size(), std::max<std::size_t>(3 * season_, 40));
    window -= window % season_;
    phase_ = values.size() % season_;
    before_ = fit_.first;
    for (std::size_t i = 0; i + window < values.size(); i++) take(fit_, before_, i % season_, values[i]);
    window_ = window;
  }

  std::string words() const override { return fit_.shape.words(); }

  std::vector<double> forecast(std::size_t horizon, std::span<const double>) const override {
    return from(fit_.last, phase_, horizon);
  }

  // Without a multiplied season all is linear in the values and in the state before the window.
  std::optional<ForecastForm> form(std::size_t horizon) const override {
    if (fit_.shape.season == Season::multiplied) return {};
    ForecastForm form{.window = window_, .horizon = horizon};
    auto season_before = before_.season;
    if (!season_before.empty()) {
      form.season = ForecastForm::Season::added;
      // The window is whole seasons long: the state before it stands at the phase of the history's end, whose next
      // step has the first factor.
      for (std::size_t i = 0; i < season_; i++)
        form.factors.push_back(season_before[(phase_ + i + season_ - 1) % season_]);
    }
    auto answer = [&](double level, double slope, std::size_t one) {
      ExponentialState state{level, slope, std::vector<double>(season_before.size(), 0.0)};
      for (std::size_t i = 0; i < window_; i++) take(fit_, state, (phase_ + i) % season_, i == one ? 1 : 0);
      return from(state, (phase_ + window_) % season_, horizon);
    };
    auto append = [&](const std::vector<double>& row) {
      form.weights.insert(form.weights.end(), row.begin(), row.end());
    };
    for (std::size_t i = 0; i < window_; i++) append(answer(0, 0, i));
    append(answer(before_.level, before_.slope, window_));
    // A window further on begins where the trend then known would have led.
    append(answer(fit_.shape.trend == Trend::linear ? before_.slope : 0, 0, window_));
    return form;
  }

 private:
  std::vector<double> from(ExponentialState state, std::size_t phase, std::size_t horizon) const {
    std::vector<double> result(horizon);
    for (double& value : result) {
      value = expected(fit_, state, phase);
      state.level += fit_.phi * state.slope;
      state.slope *= fit_.phi;
      phase = (phase + 1) % season_;
    }
    return result;
  }

  ExponentialFit fit_;
  ExponentialState before_;  // the window
  std::size_t season_ = 1, phase_ = 0, window_ = 0;
};

}  // namespace

ExponentialFit run_exponential(ExponentialFit fit, std::span<const double> values) {
  fit.last = fit.first;
  run(fit, values, fit.last, fit.squared_errors);
  return fit;
}

std::optional<ExponentialFit> fit_exponential_shape(const ExponentialShape& shape, std::span<const double> values,
                                                    std::size_t season) {
  bool trend = shape.trend != Trend::none, seasonal = shape.season != Season::none;
  std::size_t moving = 1 + trend + seasonal + (shape.trend == Trend::damped);
  std::size_t parameters = moving + 1 + trend + (seasonal ? season - 1 : 0) + 1;
  if (values.size() < parameters + 3 || (seasonal && values.size() < 2 * season + 1)) return {};
  ExponentialFit fit{.shape = shape};
  ExponentialState guess = first_state(shape, values, season);
  if (shape.season == Season::multiplied)
    for (double factor : guess.season)
      if (!(factor > 1e-2)) return {};
  double deviation = 0;
  for (std::size_t i = 1; i < values.size(); i++) deviation += std::abs(values[i] - values[i - 1]);
  double unit = std::max(deviation / double(values.size() - 1), 1e-12 * (1 + std::abs(guess.level)));
  // alpha .3 or so, little trend, little season, phi .93
  std::vector<double> x{-0.8}, steps{1.2};
  if (trend) x.push_back(-2.2), steps.push_back(1);
  if (seasonal) x.push_back(-2.5), steps.push_back(1.2);
  if (shape.trend == Trend::damped) x.push_back(0.7), steps.push_back(1);
  for (std::size_t i = 0; i < 1u + trend; i++) x.push_back(0), steps.push_back(1);
  ExponentialState state;
  double squared = 0;
  auto objective = [&](const std::vector<double>& at) {
    set_parameters(fit, at, guess, unit);
    state = fit.first;
    return run(fit, values, state, squared);
  };
  double best = minimise(x, steps, 60 * x.size(), 1e-7, objective);
  if (best >= 1e299) return {};
  set_parameters(fit, x, guess, unit);
  fit = run_exponential(std::move(fit), values);
  auto n = double(values.size()), k = double(parameters);
  fit.aicc = best + 2 * k + 2 * k * (k + 1) / std::max(n - k - 1, 0.5);
  return fit;
}

std::unique_ptr<Forecaster> fit_exponential(const History& history, const Calendar& calendar) {
  bool positive = true;
  for (double value : history.values) positive &= value > 0;
  // Long seasons have more factors than a history of a few of them can tell.
  bool seasonal = calendar.season > 1 && calendar.season <= 24;
  std::optional<ExponentialFit> best;
  for (bool relative : {false, true})
    for (Trend trend : {Trend::none, Trend::linear, Trend::damped})
      for (Season season : {Season::none, Season::added, Season::multiplied}) {
        if (relative && !positive) continue;
        if (season != Season::none && !seasonal) continue;
        // Where the season multiplies, the model is not linear in what it has seen, and has no graph.
        if (season == Season::multiplied) continue;
        auto fit = fit_exponential_shape({relative, trend, season}, history.values, calendar.season);
        if (fit && (!best || fit->aicc < best->aicc)) best = std::move(fit);
      }
  if (!best) return nullptr;
  return std::make_unique<Exponential>(std::move(*best), history.values);
}

}  // namespace gyre
