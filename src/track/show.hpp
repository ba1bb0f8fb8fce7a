#pragma once
// What the tracking commands print: aligned columns, and a metric's history as a small chart.
#include <string>
#include <vector>

#include "base/json.hpp"

namespace gyre {

std::string columns(const std::vector<std::vector<std::string>>& rows);  // the first row is the heading
std::string short_number(double value);                                  // "0.0123", "1.5e-07"
// A line of block characters, first to last step; values in between are averaged into `width` columns. Holes stay
// empty.
std::string curve(const std::vector<double>& values, std::size_t width);
std::string metrics_line(const json::value& metrics, std::size_t most);  // "accuracy 0.97  loss 0.1"

}  // namespace gyre
