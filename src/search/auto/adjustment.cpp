#include "search/auto/adjustment.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "search/auto/cut.hpp"

namespace gyre {

static constexpr double least_probability = 1e-15;

void adjust(std::span<double> answers, std::size_t labels, const Adjustment& adjustment) {
  if (adjustment.cut_odds != 1) move_cut(answers, adjustment.cut_odds);
  if (adjustment.sharpness == 1) return;
  for (std::size_t row = 0; row + labels <= answers.size(); row += labels) {
    auto one = answers.subspan(row, labels);
    double sum = 0;
    for (double& p : one) sum += p = std::pow(std::max(p, 0.0), adjustment.sharpness);
    if (sum > 0)
      for (double& p : one) p /= sum;
  }
}

namespace {

// How the log loss of all rows changes with the sharpness: it has one minimum.
class Loss {
 public:
  Loss(std::span<const double> truth, std::span<const double> answers, std::size_t labels)
      : truth_(truth), labels_(labels), logs_(answers.size()) {
    for (std::size_t i = 0; i < answers.size(); i++) logs_[i] = std::log(std::max(answers[i], least_probability));
  }
  // Its slope: over the labels, what is expected of the logarithm less what is true of it.
  double slope(double sharpness) const {
    double sum = 0;
    for (std::size_t row = 0; row < truth_.size(); row++) {
      const double* logs = &logs_[row * labels_];
      double most = *std::max_element(logs, logs + labels_), all = 0, expected = 0;
      for (std::size_t label = 0; label < labels_; label++) {
        double weight = std::exp(sharpness * (logs[label] - most));
        all += weight;
        expected += weight * logs[label];
      }
      sum += expected / all - logs[static_cast<std::size_t>(truth_[row])];
    }
    return sum;
  }

 private:
  std::span<const double> truth_;
  std::size_t labels_;
  std::vector<double> logs_;
};

}  // namespace

double best_sharpness(std::span<const double> truth, std::span<const double> answers, std::size_t labels) {
  Loss loss(truth, answers, labels);
  // As if a look at other tables had said that its logarithm is 0, give or take this much.
  constexpr double spread = 0.25;
  auto slope = [&](double log) { return std::exp(log) * loss.slope(std::exp(log)) + log / (spread * spread); };
  double low = std::log(0.5), high = std::log(3.0);
  for (int i = 0; i < 40; i++) {
    double middle = (low + high) / 2;
    (slope(middle) > 0 ? high : low) = middle;
  }
  return std::exp((low + high) / 2);
}

}  // namespace gyre
