#pragma once
// What repeats in a series, and how strongly.
#include <span>
#include <vector>

namespace gyre {

// The centred moving average over one season; NaN at both ends, where there is no whole season around a point.
std::vector<double> seasonal_average(std::span<const double> values, std::size_t season);

// One factor for each step of the season, in the order of the history from its first point: they add up to 0, or have
// the mean 1 where they are multiplied. Two whole seasons are needed.
std::vector<double> seasonal_factors(std::span<const double> values, std::size_t season, bool multiplied);

// Whether the autocorrelation at one season stands out (90 %), as the Theta method asks.
bool is_seasonal(std::span<const double> values, std::size_t season);

// 0: no season; near 1: nothing but season (beside the trend).
double seasonal_strength(std::span<const double> values, std::size_t season);

std::vector<double> differences(std::span<const double> values, std::size_t lag);

// Whether the level wanders: the KPSS statistic of a level is above its 5 % value.
bool level_wanders(std::span<const double> values);

}  // namespace gyre
