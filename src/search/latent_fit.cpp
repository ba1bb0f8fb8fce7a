#include "search/latent_fit.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "learn/square_matrix.hpp"

namespace gyre {

static double squared_distance(const LatentKernel& kernel, std::size_t i, std::size_t j) {
  const double *a = &kernel.places[i * kernel.dimensions], *b = &kernel.places[j * kernel.dimensions];
  double sum = 0;
  for (std::size_t d = 0; d < kernel.dimensions; d++) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return sum;
}

double LatentKernel::between(std::size_t i, std::size_t j) const {
  return variance * std::exp(-0.5 * squared_distance(*this, i, j));
}

SquareMatrix LatentKernel::covariance(std::size_t pipelines) const {
  SquareMatrix result(pipelines);
  for (std::size_t i = 0; i < pipelines; i++)
    for (std::size_t j = 0; j <= i; j++) result.at(i, j) = result.at(j, i) = between(i, j);
  return result;
}

LatentKernel principal_kernel(const SquareMatrix& scatter, std::size_t dimensions) {
  std::size_t n = scatter.size;
  Eigen eigen = eigen_of_symmetric(scatter);
  LatentKernel kernel;
  kernel.dimensions = std::min(dimensions, n);
  kernel.places.resize(n * kernel.dimensions);
  for (std::size_t i = 0; i < n; i++)
    for (std::size_t d = 0; d < kernel.dimensions; d++)
      kernel.places[i * kernel.dimensions + d] = eigen.vectors.at(i, d) * std::sqrt(std::max(eigen.values[d], 0.0));
  std::vector<double> distances;
  for (std::size_t i = 0; i < n; i++)
    for (std::size_t j = 0; j < i; j++) distances.push_back(squared_distance(kernel, i, j));
  double median = 1;
  if (!distances.empty()) {
    auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
    std::nth_element(distances.begin(), middle, distances.end());
    median = std::max(*middle, 1e-12);
  }
  for (auto& place : kernel.places) place /= std::sqrt(median);
  double trace = 0;
  for (std::size_t i = 0; i < n; i++) trace += scatter.at(i, i);
  // Twice the mean: the table at hand may differ from all tables seen.
  kernel.variance = std::max(2 * trace / static_cast<double>(std::max<std::size_t>(n, 1)), 1e-8);
  kernel.noise = 1e-2 * kernel.variance;
  return kernel;
}

namespace {

// One parameter vector's state of Adam.
class Adam {
 public:
  Adam(std::size_t size, double rate) : mean_(size), square_(size), rate_(rate) {}
  void step(std::vector<double>& values, const std::vector<double>& gradient) {
    steps_++;
    double mean_scale = 1 - std::pow(0.9, steps_), square_scale = 1 - std::pow(0.999, steps_);
    for (std::size_t i = 0; i < values.size(); i++) {
      mean_[i] = 0.9 * mean_[i] + 0.1 * gradient[i];
      square_[i] = 0.999 * square_[i] + 0.001 * gradient[i] * gradient[i];
      values[i] -= rate_ * (mean_[i] / mean_scale) / (std::sqrt(square_[i] / square_scale) + 1e-12);
    }
  }

 private:
  std::vector<double> mean_, square_;
  double rate_;
  int steps_ = 0;
};

SquareMatrix product(const SquareMatrix& a, const SquareMatrix& b) {
  SquareMatrix result(a.size);
  for (std::size_t i = 0; i < a.size; i++)
    for (std::size_t k = 0; k < a.size; k++) {
      double factor = a.at(i, k);
      const double* from = &b.values[k * b.size];
      double* to = &result.values[i * b.size];
      for (std::size_t j = 0; j < b.size; j++) to[j] += factor * from[j];
    }
  return result;
}

}  // namespace

FitLosses fit_kernel(LatentKernel& kernel, const SquareMatrix& scatter, int steps, double learning_rate) {
  std::size_t n = scatter.size, q = kernel.dimensions;
  // The places, then the logarithms of variance and noise. Length scales are in the places: they are free to grow.
  std::vector<double> values = kernel.places;
  values.push_back(std::log(kernel.variance));
  values.push_back(std::log(kernel.noise));
  Adam adam(values.size(), learning_rate);
  FitLosses losses;
  for (int step = 0; step <= steps; step++) {
    std::copy_n(values.begin(), n * q, kernel.places.begin());
    kernel.variance = std::exp(values[n * q]);
    kernel.noise = std::exp(std::max(values[n * q + 1], std::log(1e-7)));
    SquareMatrix covariance = kernel.covariance(n), with_noise = covariance;
    for (std::size_t i = 0; i < n; i++) with_noise.at(i, i) += kernel.noise;
    auto lower = cholesky(std::move(with_noise));
    if (!lower) throw Error(Code::internal, "the covariance of the pipelines is not positive definite");
    SquareMatrix inverse = inverse_of_cholesky(*lower);
    double loss = 0;
    for (std::size_t i = 0; i < n; i++) loss += std::log(lower->at(i, i));
    loss += 0.5 * std::inner_product(inverse.values.begin(), inverse.values.end(), scatter.values.begin(), 0.0);
    (step == 0 ? losses.first : losses.last) = loss;
    if (step == steps) break;
    SquareMatrix slope = product(product(inverse, scatter), inverse);  // becomes d loss / d covariance
    for (std::size_t i = 0; i < slope.values.size(); i++) slope.values[i] = 0.5 * (inverse.values[i] - slope.values[i]);
    std::vector<double> gradient(values.size());
    for (std::size_t i = 0; i < n; i++) {
      for (std::size_t j = 0; j < n; j++) {
        double weight = slope.at(i, j) * covariance.at(i, j);
        gradient[n * q] += weight;
        for (std::size_t d = 0; d < q; d++)
          gradient[i * q + d] -= 2 * weight * (kernel.places[i * q + d] - kernel.places[j * q + d]);
      }
      gradient[n * q + 1] += slope.at(i, i) * kernel.noise;
    }
    adam.step(values, gradient);
  }
  return losses;
}

}  // namespace gyre
