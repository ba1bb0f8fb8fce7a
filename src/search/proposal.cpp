#include "search/proposal.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace gyre {

static constexpr double runtime_noise = 1e-2;  // of log seconds: the machine is not always equally quick
// What a deviation in size counts beside scores' differences: much while little was tried, little when much was.
static constexpr double weight_of_size = 0.7;

Proposals::Proposals(const LatentPipelines& former, double log_rows, double log_columns, const ProposalOptions& options)
    : former_(former),
      options_(options),
      scores_(former.mean(), former.covariance(), former.noise()),
      log_seconds_(former.runtime().log_seconds(log_rows, log_columns), former.runtime().covariance(), runtime_noise),
      surprises_(former.deviations()),
      square_distance_(former.matrix().size_distances(log_rows, log_columns)),
      taken_(former.pipelines()),
      portfolio_(former.portfolio(options.warm_start)),
      best_(options.floor) {
  for (double& distance : square_distance_) distance *= weight_of_size;
}

void Proposals::observe(std::size_t pipeline, double score, double seconds) {
  std::size_t width = former_.pipelines();
  std::vector<double> gain = scores_.observe(pipeline, score);
  for (std::size_t t = 0; t < square_distance_.size(); t++) {
    double* surprise = &surprises_[t * width];
    double seen = former_.mean()[pipeline] + former_.deviations()[t * width + pipeline];
    square_distance_[t] += (seen - score) * (seen - score);
    double at_it = surprise[pipeline];
    for (std::size_t p = 0; p < width; p++) surprise[p] -= gain[p] * at_it;
  }
  log_seconds_.observe(pipeline, std::log(std::max(seconds, 1e-3)));
  best_ = std::max(best_, score);
  taken_[pipeline] = true;
}

void Proposals::exclude(std::size_t pipeline) { taken_[pipeline] = true; }

// Not by the Gaussian's own variance: how wrong predictions were on the former tables that look most alike. It has the
// heavy tails of real tables, and counts together what improves together. Scores are predicted in log odds, where
// tables are alike; what is gained is a share: near perfection a large step in log odds gains nearly nothing.
std::vector<double> Proposals::improvements() const {
  std::size_t width = former_.pipelines(), tables = square_distance_.size();
  std::vector<std::size_t> nearest(tables);
  std::iota(nearest.begin(), nearest.end(), 0);
  std::size_t count = std::min(options_.neighbours, tables);
  std::nth_element(nearest.begin(), nearest.begin() + static_cast<std::ptrdiff_t>(count) - 1, nearest.end(),
                   [&](auto a, auto b) { return square_distance_[a] < square_distance_[b]; });
  std::vector<double> result(width);
  double best_share = share_of_score(best_), share_of_step = best_share * (1 - best_share);
  for (std::size_t k = 0; k < count; k++) {
    const double* surprise = &surprises_[nearest[k] * width];
    for (std::size_t p = 0; p < width; p++)
      result[p] +=
          std::max(0.0, share_of_score(scores_.mean()[p] + surprise[p]) - best_share) / static_cast<double>(count);
  }
  // Where no neighbour promises anything, the Gaussian still orders what is left.
  for (std::size_t p = 0; p < width; p++) {
    double deviation = std::sqrt(scores_.variance()[p]);
    if (deviation <= 0) continue;
    double margin = (scores_.mean()[p] - best_) / deviation;
    double density = std::exp(-0.5 * margin * margin) / std::sqrt(2 * M_PI);
    result[p] += 1e-3 * share_of_step * deviation * (margin * 0.5 * std::erfc(-margin / std::sqrt(2.0)) + density);
  }
  return result;
}

std::optional<std::size_t> Proposals::best_of(const std::vector<double>& worth) const {
  std::optional<std::size_t> best;
  for (std::size_t p = 0; p < worth.size(); p++)
    if (!taken_[p] && worth[p] >= 0 && (!best || worth[p] > worth[*best])) best = p;
  return best;
}

std::optional<std::size_t> Proposals::next() const {
  for (auto p : portfolio_)
    if (!taken_[p]) return p;
  return best_of(improvements());
}

double Proposals::predicted_seconds(std::size_t p) const {
  return std::exp(log_seconds_.mean()[p] + 0.5 * log_seconds_.variance()[p]);
}

std::optional<std::size_t> Proposals::next_per_second(double seconds_left) const {
  std::vector<double> worth = improvements();
  for (std::size_t p = 0; p < worth.size(); p++) {
    double seconds = predicted_seconds(p);
    worth[p] = seconds <= seconds_left ? worth[p] / seconds : -1;
  }
  return best_of(worth);
}

}  // namespace gyre
