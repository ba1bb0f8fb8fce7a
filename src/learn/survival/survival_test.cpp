#include <doctest/doctest.h>

#include <cmath>

#include "base/random.hpp"
#include "learn/survival/failure_time.hpp"

using namespace gyre;

namespace {

// Every pair, looked at.
double plain_concordance(const Spans& spans, const std::vector<double>& answers) {
  double right = 0, pairs = 0;
  for (std::size_t i = 0; i < spans.count(); i++)
    for (std::size_t j = 0; j < spans.count(); j++) {
      bool longer = spans.lengths[j] > spans.lengths[i] || (spans.lengths[j] == spans.lengths[i] && !spans.ended[j]);
      if (!spans.ended[i] || !longer) continue;
      pairs++;
      right += answers[j] > answers[i] ? 1 : answers[j] == answers[i] ? 0.5 : 0;
    }
  return right / pairs;
}

}  // namespace

TEST_CASE("concordance is that of all pairs") {
  Random random(4);
  for (int round = 0; round < 20; round++) {
    Spans spans;
    std::vector<double> answers;
    for (int i = 0; i < 60; i++) {
      spans.lengths.push_back(1 + static_cast<double>(random.below(12)));
      spans.ended.push_back(random.chance(0.6));
      answers.push_back(static_cast<double>(random.below(10)) + spans.lengths.back() / 3);
    }
    CHECK(concordance(spans, answers) == doctest::Approx(plain_concordance(spans, answers)).epsilon(1e-12));
  }
}

TEST_CASE("the median is found though many spans had not ended") {
  for (std::string shape : {"weibull", "log-normal", "log-logistic"}) {
    CAPTURE(shape);
    Random random(9);
    Spans spans;
    Matrix features(4000, 1);
    std::vector<double> medians;
    for (std::size_t i = 0; i < features.rows; i++) {
      double value = random.uniform(-1, 1), u = random.uniform(1e-9, 1);
      double z = shape == "weibull"      ? std::log(-std::log(u))
                 : shape == "log-normal" ? random.normal()
                                         : std::log(u / (1 - u));
      double length = std::exp(1 + 1.5 * value + 0.5 * z), seen = random.uniform(0.5, 8);
      features.values[i] = static_cast<float>(value);
      spans.lengths.push_back(std::min(length, seen));
      spans.ended.push_back(length <= seen);
      medians.push_back(std::exp(1 + 1.5 * value + (shape == "weibull" ? 0.5 * std::log(std::log(2.0)) : 0)));
    }
    auto model = fit_failure_time({.shape = shape, .penalty = 0}, features, spans, [] { return false; });
    auto answers = model->predict(features, 1);
    double worst = 0;
    for (std::size_t i = 0; i < answers.size(); i++) worst = std::max(worst, std::abs(answers[i] / medians[i] - 1));
    CHECK(worst < 0.1);
    CHECK(spans.ends() < 3000);
    CHECK(concordance(spans, answers) > 0.75);
  }
}
