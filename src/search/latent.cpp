#include "search/latent.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "learn/square_matrix.hpp"
#include "search/latent_fit.hpp"

namespace gyre {

double score_of_share(double right) {
  double share = std::clamp(right, 0.01, 0.995);  // beyond, differences are chance
  return std::log(share / (1 - share));
}

double share_of_score(double score) { return 1 / (1 + std::exp(-score)); }

ScoreMatrix ScoreMatrix::of_tables(const std::vector<std::size_t>& chosen) const {
  ScoreMatrix result{.pipelines = pipelines, .tables = chosen.size()};
  for (auto t : chosen) {
    for (std::size_t p = 0; p < pipelines; p++) {
      result.scores.push_back(score(t, p));
      result.seconds.push_back(time(t, p));
    }
    result.log_rows.push_back(log_rows[t]);
    result.log_columns.push_back(log_columns[t]);
  }
  return result;
}

static double shortest(double seconds) { return std::log(std::max(seconds, 1e-3)); }

static SquareMatrix mean_square(const std::vector<std::vector<double>>& rows, std::size_t size) {
  SquareMatrix result(size);
  for (auto& row : rows)
    for (std::size_t i = 0; i < size; i++)
      for (std::size_t j = 0; j < size; j++)
        result.at(i, j) += row[i] * row[j] / static_cast<double>(std::max<std::size_t>(rows.size(), 1));
  return result;
}

// Mean and spread of what is known; a table of unknown size is taken for a middling one.
static void standardise(const std::vector<double>& values, double& center, double& scale) {
  double count = 0, sum = 0, squares = 0;
  for (double value : values)
    if (std::isfinite(value)) count++, sum += value, squares += value * value;
  if (count == 0) return;
  center = sum / count;
  double variance = squares / count - center * center;
  if (variance > 1e-12) scale = std::sqrt(variance);
}

std::vector<double> ScoreMatrix::size_distances(double rows, double columns) const {
  std::vector<double> distances(tables);
  auto add = [&](const std::vector<double>& sizes, double size) {
    double center = 0, scale = 1;
    standardise(sizes, center, scale);
    for (std::size_t t = 0; t < tables; t++) {
      double off = (sizes[t] - size) / scale;
      distances[t] += std::isfinite(off) ? off * off : 1;
    }
  };
  add(log_rows, rows);
  add(log_columns, columns);
  return distances;
}

RuntimeModel::RuntimeModel(const ScoreMatrix& matrix) : weights_(matrix.pipelines) {
  standardise(matrix.log_rows, center_rows_, scale_rows_);
  standardise(matrix.log_columns, center_columns_, scale_columns_);
  std::vector<std::vector<double>> left(matrix.tables, std::vector<double>(matrix.pipelines));
  for (std::size_t p = 0; p < matrix.pipelines; p++) {
    // Ridge regression: as many tables as there are, as few as two.
    std::size_t size = basis(0, 0).size();
    SquareMatrix normal(size);
    std::vector<double> right(size);
    for (std::size_t i = 0; i < size; i++) normal.at(i, i) = 0.1;
    for (std::size_t t = 0; t < matrix.tables; t++) {
      if (!std::isfinite(matrix.time(t, p))) continue;
      auto x = basis(matrix.log_rows[t], matrix.log_columns[t]);
      for (std::size_t i = 0; i < size; i++) {
        right[i] += x[i] * shortest(matrix.time(t, p));
        for (std::size_t j = 0; j < size; j++) normal.at(i, j) += x[i] * x[j];
      }
    }
    weights_[p] = solve_cholesky(*cholesky(normal), right);
  }
  for (std::size_t t = 0; t < matrix.tables; t++) {
    auto expected = log_seconds(matrix.log_rows[t], matrix.log_columns[t]);
    for (std::size_t p = 0; p < matrix.pipelines; p++)
      if (std::isfinite(matrix.time(t, p))) left[t][p] = shortest(matrix.time(t, p)) - expected[p];
  }
  covariance_ = mean_square(left, matrix.pipelines);
  for (std::size_t p = 0; p < matrix.pipelines; p++) covariance_.at(p, p) += 1e-3;
}

std::vector<double> RuntimeModel::basis(double log_rows, double log_columns) const {
  double rows = std::isfinite(log_rows) ? (log_rows - center_rows_) / scale_rows_ : 0;
  double columns = std::isfinite(log_columns) ? (log_columns - center_columns_) / scale_columns_ : 0;
  return {1, rows, columns, rows * rows, columns * columns, rows * columns};
}

std::vector<double> RuntimeModel::log_seconds(double log_rows, double log_columns) const {
  auto x = basis(log_rows, log_columns);
  std::vector<double> result(weights_.size());
  for (std::size_t p = 0; p < result.size(); p++)
    for (std::size_t i = 0; i < x.size(); i++) result[p] += weights_[p][i] * x[i];
  return result;
}

LatentPipelines::LatentPipelines(ScoreMatrix matrix, const LatentOptions& options)
    : matrix_(std::move(matrix)), mean_(matrix_.pipelines), runtime_(matrix_) {
  if (matrix_.tables == 0 || matrix_.pipelines == 0)
    throw Error(Code::invalid, "the matrix of former results is empty", "make one with at least two tables");
  std::vector<std::vector<double>> rows(matrix_.tables, std::vector<double>(matrix_.pipelines));
  for (std::size_t p = 0; p < matrix_.pipelines; p++) {
    double sum = 0, count = 0;
    for (std::size_t t = 0; t < matrix_.tables; t++)
      if (std::isfinite(matrix_.score(t, p))) sum += matrix_.score(t, p), count++;
    mean_[p] = count > 0 ? sum / count : 0;
    for (std::size_t t = 0; t < matrix_.tables; t++)  // a hole is taken for the mean: it says nothing
      if (std::isfinite(matrix_.score(t, p))) rows[t][p] = matrix_.score(t, p) - mean_[p];
  }
  SquareMatrix scatter = mean_square(rows, matrix_.pipelines);
  LatentKernel kernel = principal_kernel(scatter, options.dimensions);
  if (options.steps > 0) fit_kernel(kernel, scatter, options.steps, options.learning_rate);
  noise_ = kernel.noise;
  covariance_ = kernel.covariance(matrix_.pipelines);
  for (auto& row : rows) deviations_.insert(deviations_.end(), row.begin(), row.end());
}

std::vector<std::size_t> LatentPipelines::portfolio(std::size_t length) const {
  std::vector<double> best(matrix_.tables, 0.0);
  std::vector<bool> taken(matrix_.pipelines);
  std::vector<std::size_t> order;
  bool any = false;  // before the first one, `best` stands for nothing
  while (order.size() < std::min(length, matrix_.pipelines)) {
    std::size_t chosen = 0;
    double chosen_sum = -1e300;
    for (std::size_t p = 0; p < matrix_.pipelines; p++) {
      if (taken[p]) continue;
      double sum = 0;
      for (std::size_t t = 0; t < matrix_.tables; t++) {
        double score = share_of_score(mean_[p] + deviations_[t * matrix_.pipelines + p]);
        sum += any ? std::max(best[t], score) : score;
      }
      if (sum > chosen_sum) chosen_sum = sum, chosen = p;
    }
    for (std::size_t t = 0; t < matrix_.tables; t++) {
      double score = share_of_score(mean_[chosen] + deviations_[t * matrix_.pipelines + chosen]);
      best[t] = any ? std::max(best[t], score) : score;
    }
    any = true;
    taken[chosen] = true;
    order.push_back(chosen);
  }
  return order;
}

}  // namespace gyre
