// The optimised Theta method: a smoothed level beside a straight line through all of the history, after the season was
// taken out where there is one.
#include <cmath>

#include "learn/forecast/decompose.hpp"
#include "learn/forecast/forecaster.hpp"
#include "learn/forecast/minimise.hpp"

namespace gyre {

namespace {

struct Line {
  double constant = 0, slope = 0;  // of steps counted from 1
};

Line line_through(std::span<const double> values) {
  double n = double(values.size()), sum = 0, sum_xy = 0;
  for (std::size_t i = 0; i < values.size(); i++) sum += values[i], sum_xy += double(i + 1) * values[i];
  double slope = values.size() < 2 ? 0 : 6 / (n * n - 1) * (2 / n * sum_xy - (n + 1) / n * sum);
  return {sum / n - slope * (n + 1) / 2, slope};
}

struct Parameters {
  double alpha = 0.5, theta = 2, first = 0;
};

class Theta : public Forecaster {
 public:
  Theta(std::vector<double> adjusted, ForecastForm::Season season, std::vector<double> factors)
      : season_(season), factors_(std::move(factors)), points_(adjusted.size()), line_(line_through(adjusted)) {
    fit(adjusted);
    window_ = std::min<std::size_t>(points_, 60);
    before_ = parameters_.first;
    level_ = before_;
    for (std::size_t i = 0; i < points_; i++) {
      if (i == points_ - window_) before_ = level_;
      level_ += parameters_.alpha * (adjusted[i] - level_);
    }
  }

  std::string words() const override { return factors_.empty() ? "Theta" : "Theta, season taken out"; }

  std::vector<double> forecast(std::size_t horizon, std::span<const double>) const override {
    std::vector<double> result(horizon);
    for (std::size_t h = 0; h < horizon; h++) {
      result[h] = level_ + drift(h + 1);
      if (factors_.empty()) continue;
      double factor = factors_[(points_ + h) % factors_.size()];
      result[h] = season_ == ForecastForm::Season::added ? result[h] + factor : result[h] * factor;
    }
    return result;
  }

  std::optional<ForecastForm> form(std::size_t horizon) const override {
    ForecastForm form{.window = window_, .horizon = horizon, .season = season_};
    for (std::size_t i = 0; i < factors_.size(); i++)
      form.factors.push_back(factors_[(points_ + factors_.size() - 1 + i) % factors_.size()]);
    double keep = 1 - parameters_.alpha;
    form.weights.reserve(form.inputs() * horizon);
    for (std::size_t i = 0; i < window_; i++)
      form.weights.insert(form.weights.end(), horizon, parameters_.alpha * std::pow(keep, double(window_ - 1 - i)));
    double left = std::pow(keep, double(window_));
    for (std::size_t h = 1; h <= horizon; h++) form.weights.push_back(left * before_ + drift(h));
    form.weights.insert(form.weights.end(), horizon, left * line_.slope);
    return form;
  }

 private:
  // What the line adds `ahead` steps after the history.
  double drift(std::size_t ahead) const { return drift_of(parameters_, points_, ahead); }
  double drift_of(const Parameters& p, std::size_t known, std::size_t ahead) const {
    double keep = 1 - p.alpha, left = std::pow(keep, double(known));
    double share = 1 - 1 / p.theta;
    return share * (left * line_.constant + (double(ahead - 1) + (1 - left * keep) / p.alpha) * line_.slope);
  }

  double squared_errors(const Parameters& p, std::span<const double> values) const {
    double level = p.first, sum = 0, left = 1, keep = 1 - p.alpha, share = 1 - 1 / p.theta;
    for (double value : values) {
      double error = value - level - share * (left * line_.constant + (1 - left * keep) / p.alpha * line_.slope);
      sum += error * error;
      level += p.alpha * (value - level);
      left *= keep;
    }
    return sum;
  }

  void fit(std::span<const double> values) {
    double unit = std::abs(values[0]) + 1e-9, start = values[0] / 2;
    auto at = [&](const std::vector<double>& x) {
      return Parameters{
          .alpha = 0.01 + 0.98 / (1 + std::exp(-x[0])), .theta = 1 + std::exp(x[1]), .first = start + unit * x[2]};
    };
    std::vector<double> x{0, 0, 0};
    minimise(x, {1, 0.7, 0.3}, 200, 1e-8,
             [&](const std::vector<double>& here) { return squared_errors(at(here), values); });
    parameters_ = at(x);
  }

  ForecastForm::Season season_;
  std::vector<double> factors_;  // from the history's first step on
  std::size_t points_ = 0, window_ = 0;
  Line line_;
  Parameters parameters_;
  double level_ = 0, before_ = 0;  // after the last value; before the window
};

}  // namespace

std::unique_ptr<Forecaster> fit_theta(const History& history, const Calendar& calendar) {
  if (history.values.size() < 4) return nullptr;
  std::vector<double> adjusted(history.values.begin(), history.values.end()), factors;
  auto season = ForecastForm::Season::none;
  if (is_seasonal(history.values, calendar.season)) {
    bool multiplied = true;
    for (double value : history.values) multiplied &= value > 0;
    factors = seasonal_factors(history.values, calendar.season, multiplied);
    for (double factor : factors) multiplied &= factor > 0.01;
    if (!multiplied) factors = seasonal_factors(history.values, calendar.season, false);
    season = multiplied ? ForecastForm::Season::multiplied : ForecastForm::Season::added;
    for (std::size_t i = 0; i < adjusted.size(); i++) {
      double factor = factors[i % factors.size()];
      adjusted[i] = multiplied ? adjusted[i] / factor : adjusted[i] - factor;
    }
  }
  return std::make_unique<Theta>(std::move(adjusted), season, std::move(factors));
}

}  // namespace gyre
