#pragma once
// Seasonal ARIMA: what is left after differences is told by its own past and by past errors. Fitted by the sum of
// squares, given that nothing is known before the first value.
#include "learn/forecast/forecaster.hpp"

namespace gyre {

struct ArimaOrder {
  int p = 0, d = 0, q = 0;     // of neighbours: own values, differences, errors
  int sp = 0, sd = 0, sq = 0;  // the same one season apart
  std::size_t season = 1;
  bool constant = false;
  int coefficients() const { return p + q + sp + sq; }
  bool operator==(const ArimaOrder&) const = default;
  std::string words() const;  // "ARIMA(2,0,1)(0,1,1)24, constant"
};

// A sum over the past: weight times what was `lag` steps before.
struct Tap {
  std::size_t lag;
  double weight;
};

struct ArimaFit {
  ArimaOrder order;
  std::vector<double> ar, ma, seasonal_ar, seasonal_ma;
  double constant = 0;  // mean of what is left after differences
  double squared_errors = 0;
  double aicc = 0;
};

// Nothing where the history is too short for the order.
std::optional<ArimaFit> fit_arima_order(const ArimaOrder& order, std::span<const double> values);

// 1 - (1 - a1 B - ...)(1 - s1 B^m - ...), or (1 + ...)(1 + ...) - 1 of errors, as taps.
std::vector<Tap> multiplied_taps(const std::vector<double>& near, const std::vector<double>& seasonal,
                                 std::size_t season, double sign);

// Coefficients of a stationary process from any real numbers, by its partial autocorrelations.
std::vector<double> stationary(std::span<const double> numbers);

}  // namespace gyre
