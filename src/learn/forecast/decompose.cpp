#include "learn/forecast/decompose.hpp"

#include <cmath>
#include <limits>
#include <numeric>

namespace gyre {

static double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / double(values.size());
}

std::vector<double> seasonal_average(std::span<const double> values, std::size_t season) {
  std::vector<double> result(values.size(), std::numeric_limits<double>::quiet_NaN());
  std::size_t half = season / 2;
  for (std::size_t i = half; i + half < values.size(); i++) {
    double sum = 0;
    for (std::size_t k = i - half; k <= i + half; k++) sum += values[k];
    if (season % 2 == 0) sum -= (values[i - half] + values[i + half]) / 2;  // the ends are the same step of a season
    result[i] = sum / double(season);
  }
  return result;
}

std::vector<double> seasonal_factors(std::span<const double> values, std::size_t season, bool multiplied) {
  auto average = seasonal_average(values, season);
  std::vector<double> sum(season), count(season);
  for (std::size_t i = 0; i < values.size(); i++) {
    if (std::isnan(average[i])) continue;
    sum[i % season] += multiplied ? values[i] / average[i] : values[i] - average[i];
    count[i % season]++;
  }
  double all = 0;
  for (std::size_t i = 0; i < season; i++) {
    sum[i] = count[i] > 0 ? sum[i] / count[i] : (multiplied ? 1 : 0);
    all += sum[i] / double(season);
  }
  for (double& factor : sum) factor = multiplied ? factor / all : factor - all;
  return sum;
}

bool is_seasonal(std::span<const double> values, std::size_t season) {
  if (season < 2 || values.size() < 3 * season) return false;
  double mean = mean_of(values), variance = 0;
  for (double value : values) variance += (value - mean) * (value - mean);
  if (!(variance > 0)) return false;
  double before = 1, at_season = 0;
  for (std::size_t lag = 1; lag <= season; lag++) {
    double sum = 0;
    for (std::size_t i = lag; i < values.size(); i++) sum += (values[i] - mean) * (values[i - lag] - mean);
    double correlation = sum / variance;
    if (lag < season)
      before += 2 * correlation * correlation;
    else
      at_season = correlation;
  }
  return std::abs(at_season) > 1.645 * std::sqrt(before / double(values.size()));
}

double seasonal_strength(std::span<const double> values, std::size_t season) {
  if (season < 2 || values.size() < 2 * season + 1) return 0;
  auto average = seasonal_average(values, season);
  auto factors = seasonal_factors(values, season, false);
  std::vector<double> rest, detrended;
  for (std::size_t i = 0; i < values.size(); i++) {
    if (std::isnan(average[i])) continue;
    detrended.push_back(values[i] - average[i]);
    rest.push_back(values[i] - average[i] - factors[i % season]);
  }
  auto variance = [](const std::vector<double>& of) {
    double mean = mean_of(of), sum = 0;
    for (double value : of) sum += (value - mean) * (value - mean);
    return sum / double(of.size());
  };
  double all = variance(detrended);
  return all > 0 ? std::max(0.0, 1 - variance(rest) / all) : 0;
}

std::vector<double> differences(std::span<const double> values, std::size_t lag) {
  std::vector<double> result;
  for (std::size_t i = lag; i < values.size(); i++) result.push_back(values[i] - values[i - lag]);
  return result;
}

bool level_wanders(std::span<const double> values) {
  std::size_t n = values.size();
  if (n < 8) return false;
  double mean = mean_of(values), sum = 0, partial_sums = 0;
  std::vector<double> rest(n);
  for (std::size_t i = 0; i < n; i++) {
    rest[i] = values[i] - mean;
    sum += rest[i];
    partial_sums += sum * sum;
  }
  auto covariance = [&](std::size_t lag) {
    double total = 0;
    for (std::size_t i = lag; i < n; i++) total += rest[i] * rest[i - lag];
    return total / double(n);
  };
  double variance = covariance(0);
  auto lags = static_cast<std::size_t>(3 * std::sqrt(double(n)) / 13);
  for (std::size_t lag = 1; lag <= lags; lag++) variance += 2 * (1 - double(lag) / double(lags + 1)) * covariance(lag);
  return variance > 0 && partial_sums / (double(n) * double(n) * variance) > 0.463;
}

}  // namespace gyre
