// Samplers that learn from the trials so far.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.hpp"
#include "learn/square_matrix.hpp"
#include "search/conditioned.hpp"
#include "search/sampler.hpp"

namespace gyre {

static std::size_t first_trials(const Space& space) { return std::max<std::size_t>(5, space.size() + 1); }

static std::vector<const Tried*> with_values(const std::vector<Tried>& tried) {
  std::vector<const Tried*> result;
  for (auto& trial : tried)
    if (trial.value) result.push_back(&trial);
  return result;
}

// The part of the unit interval that stands for one choice; -1: a number.
static int choice_of(const Distribution& distribution, double unit) {
  if (!distribution.categorical()) return -1;
  return std::min(static_cast<int>(unit * static_cast<double>(distribution.levels())),
                  static_cast<int>(distribution.levels()) - 1);
}

namespace {

// Tree-structured Parzen estimator: of points drawn where good trials lie, the one that is likeliest good.
class ParzenSampler : public Sampler {
 public:
  ParzenSampler(const Space& space, std::uint64_t seed) : space_(space), seed_(seed) {}

  std::optional<std::vector<double>> propose(std::size_t number, const std::vector<Tried>& tried) const override {
    auto known = with_values(tried);
    if (known.size() < first_trials(space_)) return uniform_point(space_, seed_, number);
    std::sort(known.begin(), known.end(), [](auto* a, auto* b) { return *a->value > *b->value; });
    auto good_count =
        static_cast<std::ptrdiff_t>(std::clamp(std::ceil(0.15 * static_cast<double>(known.size())), 3.0, 25.0));
    std::vector<const Tried*> good(known.begin(), known.begin() + good_count),
        bad(known.begin() + good_count, known.end());
    for (auto& trial : tried)  // what runs now is taken for bad: others shall look elsewhere
      if (!trial.value) bad.push_back(&trial);
    double width = bandwidth(known.size());
    Random random = Random(seed_).split(number);
    std::vector<double> point(space_.size());
    for (std::size_t i = 0; i < point.size(); i++) {
      double best = -1e300;
      for (int draw = 0; draw < 24; draw++) {
        double unit = sample(good, i, width, random);
        double worth = std::log(density(good, i, unit, width)) - std::log(density(bad, i, unit, width));
        if (worth > best) best = worth, point[i] = unit;
      }
    }
    return point;
  }

 private:
  // The same for good and bad, else the ratio of the two would say more of the widths than of the trials.
  static double bandwidth(std::size_t count) { return std::max(0.03, 0.7 / std::sqrt(static_cast<double>(count))); }
  double sample(const std::vector<const Tried*>& trials, std::size_t i, double width, Random& random) const {
    // One part in n + 1 comes from anywhere.
    std::size_t k = random.below(trials.size() + 1);
    if (k == trials.size()) return random.uniform();
    auto& distribution = space_.distributions()[i];
    if (distribution.categorical()) {
      auto level = static_cast<std::size_t>(choice_of(distribution, trials[k]->point[i]));
      return distribution.level_unit(level);
    }
    while (true) {
      double unit = trials[k]->point[i] + width * random.normal();
      if (unit >= 0 && unit < 1) return unit;
    }
  }
  double density(const std::vector<const Tried*>& trials, std::size_t i, double unit, double width) const {
    auto& distribution = space_.distributions()[i];
    double sum = 1;
    for (auto* trial : trials) {
      if (distribution.categorical()) {
        sum += choice_of(distribution, trial->point[i]) == choice_of(distribution, unit)
                   ? static_cast<double>(distribution.levels())
                   : 0;
      } else {
        double distance = (trial->point[i] - unit) / width;
        sum += std::exp(-0.5 * distance * distance) / (width * std::sqrt(2 * M_PI));
      }
    }
    return sum / (static_cast<double>(trials.size()) + 1);
  }
  const Space& space_;
  std::uint64_t seed_;
};

// Expected improvement under a Gaussian process with a Matern 5/2 kernel, its length scale by likelihood.
class ProcessSampler : public Sampler {
 public:
  ProcessSampler(const Space& space, std::uint64_t seed) : space_(space), seed_(seed) {}

  std::optional<std::vector<double>> propose(std::size_t number, const std::vector<Tried>& tried) const override {
    auto known = with_values(tried);
    if (known.size() < first_trials(space_)) return uniform_point(space_, seed_, number);
    std::vector<double> values = standardised(known);
    double scale = likeliest_scale(known, values);
    auto points = candidates(known, values, number);
    std::size_t count = points.size();
    for (auto* trial : known) points.push_back(trial->point);
    for (auto& trial : tried)
      if (!trial.value) points.push_back(trial.point);
    SquareMatrix covariance(points.size());
    for (std::size_t i = 0; i < points.size(); i++)
      for (std::size_t j = 0; j <= i; j++)
        covariance.at(i, j) = covariance.at(j, i) = kernel(points[i], points[j], scale);
    ConditionedGaussian process(std::vector<double>(points.size()), covariance, noise);
    for (std::size_t k = 0; k < known.size(); k++) process.observe(count + k, values[k]);
    // What runs now is believed to turn out as expected: others shall look elsewhere.
    for (std::size_t k = count + known.size(); k < points.size(); k++) process.observe(k, process.mean()[k]);
    double best = *std::max_element(values.begin(), values.end());
    std::size_t chosen = 0;
    double most = -1;
    for (std::size_t i = 0; i < count; i++) {
      double deviation = std::sqrt(std::max(process.variance()[i], 1e-12)),
             margin = (process.mean()[i] - best) / deviation;
      double density = std::exp(-0.5 * margin * margin) / std::sqrt(2 * M_PI);
      double improvement = deviation * (margin * 0.5 * std::erfc(-margin / std::sqrt(2.0)) + density);
      if (improvement > most) most = improvement, chosen = i;
    }
    return points[chosen];
  }

 private:
  static constexpr double noise = 1e-3;
  static constexpr double scales[] = {0.1, 0.2, 0.4, 0.8, 1.6};

  double kernel(const std::vector<double>& a, const std::vector<double>& b, double scale) const {
    double squares = 0;
    for (std::size_t i = 0; i < a.size(); i++) {
      auto& distribution = space_.distributions()[i];
      double distance = distribution.categorical()
                            ? (choice_of(distribution, a[i]) == choice_of(distribution, b[i]) ? 0.0 : 0.5)
                            : a[i] - b[i];
      squares += distance * distance;
    }
    double r = std::sqrt(5 * squares) / scale;
    return (1 + r + r * r / 3) * std::exp(-r);
  }
  // Ranks as normal scores: one awful trial must not flatten all the others.
  static std::vector<double> standardised(const std::vector<const Tried*>& known) {
    std::vector<std::size_t> order(known.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](auto i, auto j) { return *known[i]->value < *known[j]->value; });
    Distribution normal{.kind = DistributionKind::normal, .a = 0, .b = 1};
    std::vector<double> values(known.size());
    for (std::size_t r = 0; r < order.size(); r++)
      values[order[r]] =
          normal.at((static_cast<double>(r) + 0.5) / static_cast<double>(order.size())).to_number<double>();
    return values;
  }
  double likeliest_scale(const std::vector<const Tried*>& known, const std::vector<double>& values) const {
    double best_scale = scales[2], best = -1e300;
    for (double scale : scales) {
      SquareMatrix covariance(known.size());
      for (std::size_t i = 0; i < known.size(); i++)
        for (std::size_t j = 0; j < known.size(); j++)
          covariance.at(i, j) = kernel(known[i]->point, known[j]->point, scale) + (i == j ? noise : 0);
      auto lower = cholesky(std::move(covariance));
      if (!lower) continue;
      auto weights = solve_cholesky(*lower, values);
      double likelihood = -0.5 * std::inner_product(values.begin(), values.end(), weights.begin(), 0.0);
      for (std::size_t i = 0; i < known.size(); i++) likelihood -= std::log(lower->at(i, i));
      if (likelihood > best) best = likelihood, best_scale = scale;
    }
    return best_scale;
  }
  // Anywhere, and around the best.
  std::vector<std::vector<double>> candidates(const std::vector<const Tried*>& known, const std::vector<double>& values,
                                              std::size_t number) const {
    Random random = Random(seed_).split(number);
    std::vector<std::size_t> order(known.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](auto i, auto j) { return values[i] > values[j]; });
    std::vector<std::vector<double>> points;
    for (std::size_t k = 0; k < 400; k++) {
      std::vector<double> point(space_.size());
      bool near = k % 2 == 1;
      auto& best = known[order[random.below(std::min<std::size_t>(3, order.size()))]]->point;
      double width = std::pow(10, -random.uniform(0.5, 2));
      for (std::size_t i = 0; i < point.size(); i++) {
        bool keep = near && (!space_.distributions()[i].categorical() || random.chance(0.8));
        point[i] = !keep ? random.uniform()
                   : space_.distributions()[i].categorical()
                       ? best[i]
                       : std::clamp(best[i] + width * random.normal(), 0.0, 0.999999);
      }
      points.push_back(std::move(point));
    }
    return points;
  }
  const Space& space_;
  std::uint64_t seed_;
};

}  // namespace

std::unique_ptr<Sampler> make_tpe(const Space& space, std::uint64_t seed) {
  return std::make_unique<ParzenSampler>(space, seed);
}
std::unique_ptr<Sampler> make_gaussian_process(const Space& space, std::uint64_t seed) {
  return std::make_unique<ProcessSampler>(space, seed);
}

}  // namespace gyre
