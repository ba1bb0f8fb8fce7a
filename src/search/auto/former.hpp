#pragma once
// What our pipelines gave on former tables: the matrix that proposals rest on. `./dev meta` builds it (docs/auto.md);
// src/search/auto/former.json.gz is carried by the program.
#include <memory>

#include "learn/target.hpp"
#include "search/auto/candidate.hpp"
#include "search/proposal.hpp"

namespace gyre {

// How much better than saying the same of every row: 0 is that, 1 is perfect. Of labels by log loss, of numbers by
// RMSE; tables of all kinds can be compared.
double skill_of(const Target& target, std::span<const double> truth, std::span<const double> answers);

// Of a table's column names: results of the same table, seen again, are no knowledge of others.
std::string fingerprint_of(const Table& table);

// Proposes pipelines, by their names, for one table.
class FormerResults {
 public:
  // Only of pipelines that are among `candidates`, which see so many `columns`. Null where there is nothing to rest on.
  static std::unique_ptr<FormerResults> for_table(const Table& table, std::size_t columns,
                                                  const std::vector<Candidate>& candidates);

  bool knows(const std::string& name) const { return find(name).has_value(); }
  double predicted_seconds(const std::string& name) const { return proposals_.predicted_seconds(*find(name)); }
  void observe(const std::string& name, double skill, double seconds);
  void exclude(const std::string& name);  // it failed, or is under way
  // By expected improvement per predicted second, among those that are predicted to end in time.
  std::optional<std::string> next(double seconds_left) const;

 private:
  FormerResults(std::vector<std::string> names, ScoreMatrix matrix, std::size_t rows, std::size_t columns);
  std::optional<std::size_t> find(const std::string& name) const;
  std::vector<std::string> names_;
  LatentPipelines latent_;
  Proposals proposals_;
};

}  // namespace gyre
