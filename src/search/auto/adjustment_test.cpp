#include "search/auto/adjustment.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "base/random.hpp"
#include "learn/scores.hpp"

using namespace gyre;

namespace {

struct Answered {
  std::vector<double> truth, answers;  // of three labels
};

// Labels drawn by probabilities that were then made `power` times as sure.
Answered answered(std::size_t rows, double power, std::uint64_t seed) {
  Random random(seed);
  Answered all;
  for (std::size_t row = 0; row < rows; row++) {
    double p[3], sum = 0;
    for (double& one : p) sum += one = std::exp(2 * random.normal());
    double at = random.uniform(0, sum);
    all.truth.push_back(at < p[0] ? 0 : at < p[0] + p[1] ? 1 : 2);
    for (double one : p) all.answers.push_back(one / sum);
  }
  adjust(all.answers, 3, {.sharpness = power});
  return all;
}

}  // namespace

TEST_CASE("sharpness: probabilities that are too sure, or not sure enough, are put right") {
  for (double power : {0.7, 1.0, 1.4}) {
    CAPTURE(power);
    auto [truth, answers] = answered(5000, power, 4);
    double sharpness = best_sharpness(truth, answers, 3);
    CHECK(sharpness == doctest::Approx(1 / power).epsilon(0.06));
    auto adjusted = answers;
    adjust(adjusted, 3, {.sharpness = sharpness});
    CHECK(log_loss({truth, adjusted, 3}) <= log_loss({truth, answers, 3}) + 1e-9);
    double sum = 0;
    for (double p : adjusted) sum += p;
    CHECK(sum == doctest::Approx(5000));
  }
}

TEST_CASE("sharpness: few rows change little, and none nothing") {
  auto [truth, answers] = answered(8, 0.7, 5);
  CHECK(best_sharpness(truth, answers, 3) == doctest::Approx(1).epsilon(0.3));
  CHECK(best_sharpness({}, {}, 3) == doctest::Approx(1));
  std::vector<double> sure{1, 0, 0, 0, 1, 0}, right{0, 1};
  CHECK(std::isfinite(best_sharpness(right, sure, 3)));
}
