#pragma once
// Which pipeline to try next on a table, given what was seen on it so far and on former tables.
#include <optional>
#include <vector>

#include "search/latent.hpp"

namespace gyre {

struct ProposalOptions {
  std::size_t warm_start = 4;   // pipelines of the portfolio first, when seconds do not count
  std::size_t neighbours = 60;  // former tables that the improvement is expected from
  double floor = 0;             // the score of having nothing: what answering by chance gives
};

class Proposals {
 public:
  // `former` is looked at as long as the object lives.
  Proposals(const LatentPipelines& former, double log_rows, double log_columns, const ProposalOptions& options);

  void observe(std::size_t pipeline, double score, double seconds);
  void exclude(std::size_t pipeline);  // it failed, or it is not allowed here
  // By expected improvement; nothing when all were tried.
  std::optional<std::size_t> next() const;
  // By expected improvement per predicted second, of those that are predicted to end within `seconds_left`.
  std::optional<std::size_t> next_per_second(double seconds_left) const;
  double predicted_seconds(std::size_t pipeline) const;

 private:
  std::vector<double> improvements() const;
  std::optional<std::size_t> best_of(const std::vector<double>& worth) const;

  const LatentPipelines& former_;
  ProposalOptions options_;
  ConditionedGaussian scores_, log_seconds_;
  // What former tables' scores differ by from what the same pipelines, tried on them, would have let expect.
  std::vector<double> surprises_;        // [table * pipelines + pipeline]
  std::vector<double> square_distance_;  // of each former table from this one: in size, and over the pipelines tried
  std::vector<bool> taken_;
  std::vector<std::size_t> portfolio_;
  double best_;
};

}  // namespace gyre
