#pragma once
// What former tables tell about pipelines (Fusi, Sheth and Elibol: probabilistic matrix factorisation). Each pipeline
// has a place in a space of few dimensions, such that pipelines that do alike on the same tables lie close together;
// over that space each table's scores are a Gaussian process.
#include <cstddef>
#include <string>
#include <vector>

#include "search/conditioned.hpp"

namespace gyre {

// A share of what is right as a score, in log odds: halving a small error counts as much as halving a large one.
double score_of_share(double right);
double share_of_score(double score);

// Pipelines x tables. A score is the higher the better; NaN where a pipeline was not run on a table or failed.
struct ScoreMatrix {
  std::size_t pipelines = 0, tables = 0;
  std::vector<double> scores;                 // [table * pipelines + pipeline]
  std::vector<double> seconds;                // beside scores
  std::vector<double> log_rows, log_columns;  // of each table; NaN where unknown
  double score(std::size_t table, std::size_t pipeline) const { return scores[table * pipelines + pipeline]; }
  double time(std::size_t table, std::size_t pipeline) const { return seconds[table * pipelines + pipeline]; }
  ScoreMatrix of_tables(const std::vector<std::size_t>& chosen) const;
  // Of each table from one of this size, squared, in deviations; a size that is not known is one deviation away.
  std::vector<double> size_distances(double log_rows, double log_columns) const;
};

struct LatentOptions {
  std::size_t dimensions = 20;
  int steps = 0;  // of Adam on the likelihood, places and kernel together; 0: as the principal components say
  double learning_rate = 0.02;
};

// Log seconds as a function of a table's size, and how pipelines are slower or faster together.
class RuntimeModel {
 public:
  explicit RuntimeModel(const ScoreMatrix& matrix);
  std::vector<double> log_seconds(double log_rows, double log_columns) const;  // for each pipeline
  const SquareMatrix& covariance() const { return covariance_; }               // of what the sizes do not explain

 private:
  std::vector<double> basis(double log_rows, double log_columns) const;
  double center_rows_ = 0, center_columns_ = 0, scale_rows_ = 1, scale_columns_ = 1;
  std::vector<std::vector<double>> weights_;  // [pipeline][basis]
  SquareMatrix covariance_;
};

class LatentPipelines {
 public:
  LatentPipelines(ScoreMatrix matrix, const LatentOptions& options);
  std::size_t pipelines() const { return matrix_.pipelines; }
  const ScoreMatrix& matrix() const { return matrix_; }
  const std::vector<double>& mean() const { return mean_; }              // score of each pipeline over the tables
  const std::vector<double>& deviations() const { return deviations_; }  // [table * pipelines + pipeline] from it
  const SquareMatrix& covariance() const { return covariance_; }         // of a table's deviations
  double noise() const { return noise_; }
  const RuntimeModel& runtime() const { return runtime_; }
  // The pipelines that, tried in this order, leave the smallest share to be gained on the tables at hand.
  std::vector<std::size_t> portfolio(std::size_t length) const;

 private:
  ScoreMatrix matrix_;
  std::vector<double> mean_, deviations_;
  SquareMatrix covariance_;
  double noise_ = 1e-4;
  RuntimeModel runtime_;
};

}  // namespace gyre
