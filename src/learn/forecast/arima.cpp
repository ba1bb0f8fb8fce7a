#include "learn/forecast/arima.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "learn/forecast/decompose.hpp"
#include "learn/forecast/linear_system.hpp"

namespace gyre {

std::string ArimaOrder::words() const {
  auto three = [](int a, int b, int c) {
    return "(" + std::to_string(a) + "," + std::to_string(b) + "," + std::to_string(c) + ")";
  };
  std::string text = "ARIMA" + three(p, d, q);
  if (season > 1) text += three(sp, sd, sq) + std::to_string(season);
  return text + (constant ? ", constant" : "");
}

std::vector<double> stationary(std::span<const double> numbers) {
  std::vector<double> result(numbers.size()), former;
  for (std::size_t k = 0; k < numbers.size(); k++) {
    double partial = std::tanh(numbers[k]);
    former.assign(result.begin(), result.begin() + std::ptrdiff_t(k));
    for (std::size_t j = 0; j < k; j++) result[j] = former[j] - partial * former[k - 1 - j];
    result[k] = partial;
  }
  return result;
}

std::vector<Tap> multiplied_taps(const std::vector<double>& near, const std::vector<double>& seasonal,
                                 std::size_t season, double sign) {
  std::vector<Tap> taps;
  for (std::size_t i = 0; i < near.size(); i++) taps.push_back({i + 1, near[i]});
  for (std::size_t s = 0; s < seasonal.size(); s++) {
    std::size_t lag = (s + 1) * season;
    taps.push_back({lag, seasonal[s]});
    for (std::size_t i = 0; i < near.size(); i++) taps.push_back({lag + i + 1, sign * near[i] * seasonal[s]});
  }
  return taps;
}

namespace {

double reach(const std::vector<Tap>& taps, const std::vector<double>& values, std::size_t at) {
  double sum = 0;
  for (auto& tap : taps)
    if (tap.lag <= at) sum += tap.weight * values[at - tap.lag];
  return sum;
}

std::vector<double> differenced(const ArimaOrder& order, std::span<const double> values) {
  std::vector<double> result(values.begin(), values.end());
  for (int i = 0; i < order.sd; i++) result = differences(result, order.season);
  for (int i = 0; i < order.d; i++) result = differences(result, 1);
  return result;
}

// The errors of one step ahead as the parameters move, and their sum of squares behind a run-in.
class Errors {
 public:
  Errors(const ArimaOrder& order, std::vector<double> values) : order_(order), values_(std::move(values)) {
    for (double value : values_) mean_ += value / double(values_.size());
    for (double value : values_) deviation_ += (value - mean_) * (value - mean_) / double(values_.size());
    deviation_ = std::sqrt(deviation_);
    run_in_ = std::min(values_.size() / 4, (order.season > 1 ? order.season : 0) + 5);
  }

  std::size_t parameters() const { return std::size_t(order_.coefficients()) + order_.constant; }
  std::size_t counted() const { return values_.size() - run_in_; }
  double deviation() const { return deviation_; }

  ArimaFit at(const std::vector<double>& x) const {
    ArimaFit fit{.order = order_};
    const double* next = x.data();
    auto part = [&](int count, double sign) {
      auto numbers = stationary({next, std::size_t(count)});
      next += count;
      for (double& number : numbers) number *= sign;
      return numbers;
    };
    fit.ar = part(order_.p, 1);
    fit.ma = part(order_.q, -1);
    fit.seasonal_ar = part(order_.sp, 1);
    fit.seasonal_ma = part(order_.sq, -1);
    fit.constant = order_.constant ? mean_ + *next * deviation_ : 0;
    return fit;
  }

  double fill(const std::vector<double>& x, std::vector<double>& errors) {
    ArimaFit fit = at(x);
    auto ar = multiplied_taps(fit.ar, fit.seasonal_ar, order_.season, -1);
    auto ma = multiplied_taps(fit.ma, fit.seasonal_ma, order_.season, 1);
    std::size_t count = values_.size(), deepest = 0;
    centred_.resize(count);
    for (std::size_t i = 0; i < count; i++) centred_[i] = values_[i] - fit.constant;
    errors.resize(count);
    for (auto& tap : ar) deepest = std::max(deepest, tap.lag);
    for (auto& tap : ma) deepest = std::max(deepest, tap.lag);
    deepest = std::min(deepest, count);
    double sum = 0;
    for (std::size_t i = 0; i < deepest; i++) errors[i] = centred_[i] - reach(ar, centred_, i) - reach(ma, errors, i);
    for (std::size_t i = deepest; i < count; i++) {
      double error = centred_[i];
      for (auto& tap : ar) error -= tap.weight * centred_[i - tap.lag];
      for (auto& tap : ma) error -= tap.weight * errors[i - tap.lag];
      errors[i] = error;
    }
    for (std::size_t i = run_in_; i < count; i++) sum += errors[i] * errors[i];
    return sum;
  }

  // Least squares by Levenberg and Marquardt.
  double minimise(std::vector<double>& x) {
    std::size_t n = parameters(), count = values_.size();
    std::vector<double> errors, moved;
    double best = fill(x, errors), damping = 1e-2;
    std::vector<std::vector<double>> slopes(n);
    for (int round = 0; round < 25 && n > 0; round++) {
      for (std::size_t k = 0; k < n; k++) {
        auto there = x;
        there[k] += 1e-4;
        fill(there, moved);
        slopes[k].resize(count);
        for (std::size_t i = 0; i < count; i++) slopes[k][i] = (moved[i] - errors[i]) * 1e4;
      }
      std::vector<double> square(n * n), slope(n);
      for (std::size_t a = 0; a < n; a++) {
        for (std::size_t i = run_in_; i < count; i++) slope[a] -= slopes[a][i] * errors[i];
        for (std::size_t b = 0; b <= a; b++)
          for (std::size_t i = run_in_; i < count; i++) square[a * n + b] += slopes[a][i] * slopes[b][i];
      }
      double former = best;
      for (int tries = 0; tries < 6; tries++) {
        auto system = square;
        auto step = slope;
        for (std::size_t a = 0; a < n; a++) system[a * n + a] += damping * (square[a * n + a] + 1e-9 * best + 1e-300);
        auto there = x;
        if (solve_positive(system, step))
          for (std::size_t a = 0; a < n; a++) there[a] = std::clamp(x[a] + step[a], -3.0, 3.0);
        double value = fill(there, moved);
        if (value < best) {
          x = there;
          errors.swap(moved);
          best = value;
          damping = std::max(damping / 5, 1e-8);
          break;
        }
        damping *= 8;
      }
      if (!(best < former * (1 - 1e-5))) break;
    }
    return best;
  }

 private:
  ArimaOrder order_;
  std::vector<double> values_, centred_;
  double mean_ = 0, deviation_ = 0;
  std::size_t run_in_ = 0;
};

class Arima : public Forecaster {
 public:
  Arima(ArimaFit fit, std::span<const double> values) : fit_(std::move(fit)) {
    // The differences are part of what is told by own values: all in the values as they are.
    std::vector<double> own{1};
    for (auto& tap : multiplied_taps(fit_.ar, fit_.seasonal_ar, fit_.order.season, -1)) {
      own.resize(std::max(own.size(), tap.lag + 1));
      own[tap.lag] -= tap.weight;
    }
    double sum = 0;
    for (double weight : own) sum += weight;
    constant_ = fit_.constant * sum;
    for (int i = 0; i < fit_.order.sd; i++) own = difference(own, fit_.order.season);
    for (int i = 0; i < fit_.order.d; i++) own = difference(own, 1);
    for (std::size_t lag = 1; lag < own.size(); lag++)
      if (own[lag] != 0) own_.push_back({lag, -own[lag]});
    errors_ = multiplied_taps(fit_.ma, fit_.seasonal_ma, fit_.order.season, 1);
    deepest_ = own.size() - 1;
    for (auto& tap : errors_) deepest_error_ = std::max(deepest_error_, tap.lag);
    std::size_t run_in = errors_.empty() ? 0 : std::max<std::size_t>(4 * deepest_error_, 30);
    window_ = std::min(values.size(), std::max<std::size_t>(1, deepest_ + run_in));
    // The same errors as those of the fit: before the first difference there are none.
    std::vector<double> past(values.begin(), values.end()), error(values.size(), 0.0);
    auto left = differenced(fit_.order, values);
    std::size_t lost = values.size() - left.size();
    auto ar = multiplied_taps(fit_.ar, fit_.seasonal_ar, fit_.order.season, -1);
    for (double& value : left) value -= fit_.constant;
    for (std::size_t i = 0; i < left.size(); i++)
      error[i + lost] = left[i] - reach(ar, left, i) - reach(errors_, error, i + lost);
    last_.assign(values.end() - std::ptrdiff_t(window_), values.end());
    // Errors that lie before those which the window can tell.
    std::size_t told = values.size() - window_ + deepest_;
    for (std::size_t i = 0; i < deepest_error_; i++) before_.push_back(i < told ? error[told - 1 - i] : 0);
  }

  std::string words() const override { return fit_.order.words(); }

  std::vector<double> forecast(std::size_t horizon, std::span<const double>) const override {
    return go_on(last_, before_, constant_, horizon);
  }

  std::optional<ForecastForm> form(std::size_t horizon) const override {
    ForecastForm form{.window = window_, .horizon = horizon};
    form.weights.reserve(form.inputs() * horizon);
    std::vector<double> impulse(window_, 0.0), silence(before_.size(), 0.0);
    auto append = [&](const std::vector<double>& row) {
      form.weights.insert(form.weights.end(), row.begin(), row.end());
    };
    for (double& value : impulse) {
      value = 1;
      append(go_on(impulse, silence, 0, horizon));
      value = 0;
    }
    append(go_on(impulse, before_, constant_, horizon));
    append(std::vector<double>(horizon, 0.0));
    return form;
  }

 private:
  static std::vector<double> difference(const std::vector<double>& taps, std::size_t lag) {
    auto result = taps;
    result.resize(taps.size() + lag);
    for (std::size_t i = 0; i < taps.size(); i++) result[i + lag] -= taps[i];
    return result;
  }

  // `before`: the errors before the first that the window tells, the latest first.
  std::vector<double> go_on(std::span<const double> window, const std::vector<double>& before, double constant,
                            std::size_t horizon) const {
    std::vector<double> values(window.begin(), window.end()), error(before.rbegin(), before.rend());
    error.resize(before.size() + values.size() - std::min(values.size(), deepest_) + horizon);
    std::size_t at = before.size();
    auto expected = [&](std::size_t i) {
      double value = constant;
      for (auto& tap : own_)
        if (tap.lag <= i) value += tap.weight * values[i - tap.lag];
      for (auto& tap : errors_)
        if (tap.lag <= at) value += tap.weight * error[at - tap.lag];
      return value;
    };
    for (std::size_t i = deepest_; i < window.size(); i++, at++) error[at] = values[i] - expected(i);
    for (std::size_t h = 0; h < horizon; h++, at++) values.push_back(expected(window.size() + h));
    return {values.end() - std::ptrdiff_t(horizon), values.end()};
  }

  ArimaFit fit_;
  double constant_ = 0;
  std::vector<Tap> own_, errors_;
  std::size_t deepest_ = 0, deepest_error_ = 0, window_ = 0;
  std::vector<double> last_, before_;
};

}  // namespace

std::optional<ArimaFit> fit_arima_order(const ArimaOrder& order, std::span<const double> values) {
  std::size_t lost = std::size_t(order.d) + std::size_t(order.sd) * order.season;
  std::size_t deepest = std::max(std::size_t(order.p) + std::size_t(order.sp) * order.season,
                                 std::size_t(order.q) + std::size_t(order.sq) * order.season);
  if (values.size() < lost + std::max<std::size_t>(deepest + 5, 3 * std::size_t(order.coefficients()) + 8)) return {};
  Errors errors(order, differenced(order, values));
  if (!(errors.deviation() > 0)) return {};
  std::vector<double> x(errors.parameters(), 0.0);
  // Own values and errors begin apart: where they cancel each other there is no slope.
  for (int i = 0; i < order.p; i++) x[std::size_t(i)] = 0.2;
  for (int i = 0; i < order.q; i++) x[std::size_t(order.p + i)] = 0.05;
  for (int i = 0; i < order.sp; i++) x[std::size_t(order.p + order.q + i)] = 0.2;
  for (int i = 0; i < order.sq; i++) x[std::size_t(order.p + order.q + order.sp + i)] = order.sd ? 0.4 : 0.05;
  double sum = errors.minimise(x);
  if (!std::isfinite(sum)) return {};
  ArimaFit fit = errors.at(x);
  fit.squared_errors = sum;
  auto n = double(errors.counted()), k = double(errors.parameters() + 1);
  fit.aicc = n * std::log(std::max(sum, 1e-300) / n) + 2 * k + 2 * k * (k + 1) / std::max(n - k - 1, 0.5);
  return fit;
}

namespace {

// From the best so far to its neighbours, as long as one is better (Hyndman and Khandakar).
class OrderSearch {
 public:
  OrderSearch(std::span<const double> values, std::size_t season) : values_(values) {
    start_.season = season;
    if (season > 1 && values.size() >= 3 * season && seasonal_strength(values, season) > 0.64) start_.sd = 1;
    auto left = differenced(start_, values);
    while (start_.d + start_.sd < 2 && level_wanders(left)) {
      start_.d++;
      left = differences(left, 1);
    }
    may_constant_ = start_.d + start_.sd < 2;
  }

  std::optional<ArimaFit> best() {
    int s = start_.season > 1 ? 1 : 0;
    for (auto [p, q, sp, sq] : {std::array{2, 2, s, s}, {0, 0, 0, 0}, {1, 0, s, 0}, {0, 1, 0, s}})
      attempt(with(start_, p, q, sp, sq, may_constant_));
    for (bool better = best_.has_value(); better && tried_.size() < 40;) {
      ArimaOrder from = best_->order;
      better = false;
      for (auto [p, q, sp, sq] : {std::array{0, 0, -s, 0},
                                  {0, 0, s, 0},
                                  {0, 0, 0, -s},
                                  {0, 0, 0, s},
                                  {0, 0, -s, -s},
                                  {0, 0, s, s},
                                  {-1, 0, 0, 0},
                                  {1, 0, 0, 0},
                                  {0, -1, 0, 0},
                                  {0, 1, 0, 0},
                                  {-1, -1, 0, 0},
                                  {1, 1, 0, 0},
                                  {-1, 1, 0, 0},
                                  {1, -1, 0, 0}})
        if (attempt(with(start_, from.p + p, from.q + q, from.sp + sp, from.sq + sq, from.constant))) {
          better = true;
          break;
        }
      if (!better && may_constant_) better = attempt(with(start_, from.p, from.q, from.sp, from.sq, !from.constant));
    }
    return best_;
  }

 private:
  static ArimaOrder with(ArimaOrder order, int p, int q, int sp, int sq, bool constant) {
    order.p = p, order.q = q, order.sp = sp, order.sq = sq, order.constant = constant;
    return order;
  }
  bool attempt(const ArimaOrder& order) {
    if (order.p < 0 || order.q < 0 || order.sp < 0 || order.sq < 0 || order.p > 5 || order.q > 5 || order.sp > 2 ||
        order.sq > 2 || order.coefficients() > 6 || std::find(tried_.begin(), tried_.end(), order) != tried_.end())
      return false;
    tried_.push_back(order);
    auto fit = fit_arima_order(order, values_);
    if (!fit || (best_ && fit->aicc >= best_->aicc)) return false;
    best_ = std::move(fit);
    return true;
  }

  std::span<const double> values_;
  ArimaOrder start_;
  bool may_constant_ = true;
  std::optional<ArimaFit> best_;
  std::vector<ArimaOrder> tried_;
};

}  // namespace

std::unique_ptr<Forecaster> fit_arima(const History& history, const Calendar& calendar) {
  std::size_t season = calendar.season <= 31 ? calendar.season : 1;
  auto best = OrderSearch(history.values, season).best();
  if (!best) return nullptr;
  return std::make_unique<Arima>(std::move(*best), history.values);
}

}  // namespace gyre
