#include "search/auto/variation.hpp"

#include <algorithm>
#include <cmath>

#include "base/random.hpp"

namespace gyre {

namespace {

// An option that is worth moving, and between what; by factors, as most are felt so.
struct Knob {
  const char* learner;
  const char* option;
  double low, high;
  bool whole = false;
};

constexpr Knob knobs[] = {
    {"lightgbm", "rate", 0.01, 0.2},
    {"lightgbm", "leaves", 3, 200, true},
    {"lightgbm", "min-rows", 1, 80, true},
    {"lightgbm", "feature-share", 0.2, 1},
    {"lightgbm", "row-share", 0.4, 1},
    {"lightgbm", "l2", 0.001, 50},
    {"xgboost", "rate", 0.01, 0.2},
    {"xgboost", "depth", 2, 12, true},
    {"xgboost", "min-weight", 0.1, 30},
    {"xgboost", "feature-share", 0.2, 1},
    {"xgboost", "row-share", 0.4, 1},
    {"xgboost", "l2", 0.001, 50},
    {"forest", "feature-share", 0.1, 1},
    {"forest", "min-rows", 1, 20, true},
    {"kernel", "reach", 0.2, 5},
    {"kernel", "penalty", 0.001, 5},
    {"kernel", "centres", 200, 2000, true},
    {"net", "units", 16, 512, true},
    {"net", "layers", 1, 5, true},
    {"net", "rate", 2e-4, 2e-2},
    {"net", "decay", 1e-6, 0.3},
    {"net", "batch", 16, 512, true},
    {"neighbours", "k", 1, 80, true},
    {"linear", "penalty", 0.003, 300},
};

// A step of about a sixth of the way between the ends.
double moved(double value, const Knob& knob, Random& random) {
  double low = std::log(knob.low), high = std::log(knob.high);
  double at = value > 0 ? std::log(value) : random.uniform(low, high);  // 0: the learner chooses, so anywhere
  return std::exp(std::clamp(at + random.normal() * (high - low) / 6, low, high));
}

double number_in(const json::value& value) {
  return value.is_double() ? value.get_double() : value.to_number<double>();
}

}  // namespace

Candidate varied_candidate(const Candidate& good, const Shape& shape, std::uint64_t seed, std::size_t number) {
  Random random = Random(seed).split(number);
  Candidate varied = good;
  varied.name = good.learner->name + " varied " + std::to_string(number);
  for (auto& knob : knobs) {
    auto* option = varied.options.if_contains(knob.option);
    if (good.learner->name != knob.learner || !option || random.chance(0.4)) continue;
    double value = moved(number_in(*option), knob, random);
    *option = knob.whole ? json::value(static_cast<std::int64_t>(std::lround(value))) : json::value(value);
  }
  if (shape.has_pairs() && random.chance(0.15)) varied.features.pairs = !varied.features.pairs;
  if (good.learner->wants.scaled && random.chance(0.15))
    varied.features.scale = varied.features.scale == "relevance" ? "auto" : "relevance";
  if (shape.categories > 0 && random.chance(0.15)) {
    const std::string encodings[] = {shape.category_encoding(), "target", "one-hot"};
    varied.features.categories = encodings[random.below(std::size(encodings))];
  }
  return varied;
}

}  // namespace gyre
