#include "learn/survival/failure_time.hpp"

#include <algorithm>
#include <cmath>

#include "learn/lanes.hpp"
#include "learn/minimise.hpp"

namespace gyre {

namespace {

struct Term {
  double value, slope;  // of what is made small, by z
};

// z = (log(span) - sum) / spread. Of a span that ended: - log density; of one that had not: - log of what is left.
Term term_of(const std::string& shape, double z, bool ended) {
  if (shape == "weibull") {
    double e = std::exp(std::min(z, 500.0));
    return ended ? Term{e - z, e - 1} : Term{e, e};
  }
  if (shape == "log-logistic") {
    double log_one_more = std::max(z, 0.0) + std::log1p(std::exp(-std::abs(z))), p = 1 / (1 + std::exp(-z));
    return ended ? Term{2 * log_one_more - z, 2 * p - 1} : Term{log_one_more, p};
  }
  constexpr double root_of_two_pi = 2.5066282746310002;
  if (ended) return {z * z / 2, z};
  if (z > 30) return {z * z / 2 + std::log(z * root_of_two_pi), z};  // where erfc has come to nothing
  double left = std::erfc(z / std::sqrt(2.0)) / 2, density = std::exp(-z * z / 2) / root_of_two_pi;
  return {-std::log(left), density / left};
}

// Where half of the spans have ended, in z.
double median_of(const std::string& shape) { return shape == "weibull" ? std::log(std::log(2.0)) : 0; }

// What is made small, over all rows: by the weights, what is added to them, and the logarithm of the spread.
class Loss {
 public:
  Loss(const FailureTime& options, const Matrix& features, const Spans& spans)
      : options_(options), features_(features), spans_(spans) {
    for (double length : spans.lengths) logs_.push_back(std::log(length));
  }
  std::vector<double> start() const {
    double mean = 0, squares = 0, rows = static_cast<double>(logs_.size());
    for (double log : logs_) mean += log / rows;
    for (double log : logs_) squares += (log - mean) * (log - mean) / rows;
    std::vector<double> x(features_.columns + 2);
    x[features_.columns] = mean;
    x[features_.columns + 1] = std::log(std::max(1e-3, std::sqrt(squares)));
    return x;
  }
  double operator()(const std::vector<double>& x, std::vector<double>& gradient) const {
    std::size_t width = features_.columns;
    double rows = static_cast<double>(logs_.size()), log_spread = x[width + 1], spread = std::exp(log_spread), sum = 0;
    std::fill(gradient.begin(), gradient.end(), 0);
    std::vector<double> row(width);
    for (std::size_t i = 0; i < logs_.size(); i++) {
      std::copy_n(features_.row(i).begin(), width, row.begin());
      bool ended = spans_.ended[i];
      double z = (logs_[i] - x[width] - product(x.data(), row.data(), width)) / spread;
      Term term = term_of(options_.shape, z, ended);
      sum += term.value + (ended ? log_spread : 0);
      add_times(gradient.data(), -term.slope / spread, row.data(), width);
      gradient[width] -= term.slope / spread;
      gradient[width + 1] += (ended ? 1 : 0) - term.slope * z;
    }
    for (std::size_t f = 0; f < width; f++) {
      sum += options_.penalty * x[f] * x[f] / 2;
      gradient[f] += options_.penalty * x[f];
    }
    for (double& part : gradient) part /= rows;
    return sum / rows;
  }

 private:
  const FailureTime& options_;
  const Matrix& features_;
  const Spans& spans_;
  std::vector<double> logs_;
};

}  // namespace

std::unique_ptr<LinearModel> fit_failure_time(const FailureTime& options, const Matrix& features, const Spans& spans,
                                              const std::function<bool()>& stop) {
  if (spans.ends() < 2)
    throw Error(Code::invalid,
                "only " + std::to_string(spans.ends()) + " of " + std::to_string(spans.count()) +
                    " spans to learn from have ended",
                "how long something lasts is learned from ends; wait for more of them");
  Loss loss(options, features, spans);
  std::vector<double> x = loss.start();
  Minimise how;
  how.iterations = options.iterations, how.stop = stop;
  auto iterations = minimise([&](auto& at, auto& gradient) { return loss(at, gradient); }, x, how);
  double spread = std::exp(x.back()), bias = x[features.columns] + spread * median_of(options.shape);
  x.resize(features.columns);
  json::object about{{"shape", options.shape}, {"spread", spread}, {"iterations", iterations}, {"ended", spans.ends()}};
  return std::make_unique<LinearModel>(std::move(x), std::vector<double>{bias}, Link::exponential, std::move(about));
}

}  // namespace gyre
