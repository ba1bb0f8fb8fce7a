#include <algorithm>
#include <cmath>
#include <limits>

#include "model/sketch.hpp"

namespace gyre {

namespace {

using Features = std::map<std::string, double>;

// Every so many pixels or samples, so that a large picture costs a device no more than a small one.
std::size_t stride_for(std::size_t count, std::size_t enough) { return std::max<std::size_t>(1, count / enough); }

Features of_image(const Tensor& input) {
  auto pixels = input.as<std::uint8_t>();
  std::size_t count = pixels.size() / 3;
  if (count == 0) return {};
  double sums[3] = {}, light = 0, squares = 0, steps = 0, seen = 0;
  for (std::size_t i = 0, stride = stride_for(count, 100'000); i < count; i += stride, seen++) {
    auto luma = [&](std::size_t at) {
      return 0.299 * pixels[at * 3] + 0.587 * pixels[at * 3 + 1] + 0.114 * pixels[at * 3 + 2];
    };
    for (std::size_t c = 0; c < 3; c++) sums[c] += pixels[i * 3 + c];
    double here = luma(i);
    light += here, squares += here * here;
    steps += std::abs(here - luma(i + 1 < count ? i + 1 : i));
  }
  double brightness = light / seen / 255;
  return {{"brightness", brightness},
          {"contrast", std::sqrt(std::max(0.0, squares / seen / (255 * 255) - brightness * brightness))},
          {"red", sums[0] / seen / 255},
          {"green", sums[1] / seen / 255},
          {"blue", sums[2] / seen / 255},
          {"sharpness", steps / seen / 255}};
}

Features of_sound(const Tensor& input, int rate) {
  auto samples = input.as<float>();
  if (samples.empty()) return {};
  double squares = 0, differences = 0, peak = 0;
  for (std::size_t i = 0; i < samples.size(); i++) {
    double here = samples[i], step = i ? here - samples[i - 1] : 0;
    squares += here * here, differences += step * step, peak = std::max(peak, std::abs(here));
  }
  double mean = squares / double(samples.size()), level = std::sqrt(mean);
  // A sine of frequency f has differences of 4 sin(pi f / rate)^2 times its squares; a mixture gives the mean over its
  // parts.
  double ratio = mean > 0 ? std::min(1.0, std::sqrt(differences / squares / 4)) : 0;
  return {{"level", 20 * std::log10(std::max(level, 1e-6))},
          {"frequency", rate / M_PI * std::asin(ratio)},
          {"crest", level > 0 ? peak / level : 0}};
}

Features of_series(const Tensor& input, const std::vector<std::string>& columns) {
  Features result;
  auto values = input.as<float>();
  if (columns.empty()) return result;
  for (std::size_t c = 0; c < columns.size(); c++) {
    double sum = 0, squares = 0, seen = 0, all = 0;
    for (std::size_t i = c; i < values.size(); i += columns.size(), all++)
      if (double value = values[i]; std::isfinite(value)) sum += value, squares += value * value, seen++;
    double nothing = std::numeric_limits<double>::quiet_NaN(), mean = seen > 0 ? sum / seen : nothing;
    result[columns[c] + ".mean"] = mean;
    result[columns[c] + ".deviation"] = seen > 1 ? std::sqrt(std::max(0.0, squares / seen - mean * mean)) : nothing;
    result[columns[c] + ".missing"] = all > 0 ? 1 - seen / all : 1;
  }
  return result;
}

}  // namespace

Features features_of(const Signature& signature, const Tensor& input) {
  if (signature.takes == "image") return of_image(input);
  if (signature.takes == "sound") return of_sound(input, signature.rate);
  if (signature.takes == "series") return of_series(input, signature.columns);
  return {};
}

}  // namespace gyre
