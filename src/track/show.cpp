#include "track/show.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace gyre {

// Columns on a terminal: bytes that are no continuation of a UTF-8 character.
static std::size_t shown_width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xc0) != 0x80; }));
}

std::string columns(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (auto& row : rows)
    for (std::size_t i = 0; i < row.size(); i++) {
      if (i == widths.size()) widths.push_back(0);
      widths[i] = std::max(widths[i], shown_width(row[i]));
    }
  std::string out;
  for (auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); i++) line += row[i] + std::string(widths[i] - shown_width(row[i]) + 2, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::string curve(const std::vector<double>& values, std::size_t width) {
  static const char* blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::size_t count = std::min(width, values.size());
  std::vector<double> means;
  for (std::size_t i = 0; i < count; i++) {
    double sum = 0;
    int finite = 0;
    for (std::size_t k = i * values.size() / count; k < (i + 1) * values.size() / count; k++)
      if (std::isfinite(values[k])) sum += values[k], finite++;
    means.push_back(finite ? sum / finite : std::nan(""));
  }
  double low = INFINITY, high = -INFINITY;
  for (double mean : means)
    if (std::isfinite(mean)) low = std::min(low, mean), high = std::max(high, mean);
  std::string out;
  for (double mean : means) {
    if (!std::isfinite(mean))
      out += ' ';
    else
      out += blocks[high > low ? static_cast<int>(std::lround((mean - low) / (high - low) * 7)) : 3];
  }
  return out;
}

std::string metrics_line(const json::value& metrics, std::size_t most) {
  std::string line;
  for (auto& metric : metrics.as_object()) {
    if (!metric.value().is_number() || most-- == 0) continue;
    line +=
        (line.empty() ? "" : "  ") + std::string(metric.key()) + " " + short_number(metric.value().to_number<double>());
    if (most == 0) break;
  }
  return line;
}

}  // namespace gyre
