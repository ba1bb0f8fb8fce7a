#pragma once
// k-means: rows belong to the nearest of k centres, and each centre is the mean of its rows.
#include <span>

#include "learn/featurise.hpp"
#include "learn/unsupervised/row_model.hpp"

namespace gyre {

struct KMeansPlan {
  std::size_t clusters = 2;
  std::size_t restarts = 10;
  std::size_t iterations = 300;
  std::uint64_t seed = 1;
  int threads = 1;
};

struct Centres {
  std::size_t width = 0;
  std::vector<double> places;  // [clusters][width]; the largest cluster first
  std::vector<std::size_t> sizes;
  double inertia = 0;  // sum of squared distances to the nearest centre
  std::size_t count() const { return sizes.size(); }
  // Squared distances of a row to each centre.
  void distances(std::span<const float> row, std::vector<double>& to) const;
  std::size_t nearest(std::span<const float> row, double* distance = nullptr) const;
};

// The best of several starts (k-means++). Fewer clusters than asked for where rows are not so many different ones.
Centres fit_k_means(const Matrix& features, const KMeansPlan& plan);
std::vector<std::size_t> clusters_of(const Centres& centres, const Matrix& features, int threads);

// Gives "probabilities" of the clusters (as if each were a round cloud of the same size: the nearest is the likeliest),
// "score" (distance to the nearest centre; 1: as far as usual) and "cluster", its name.
class ClusterModel final : public RowModel {
 public:
  ClusterModel(Featuriser featuriser, Centres centres, std::size_t rows);
  std::vector<RowAnswer> export_to(GraphBuilder& graph, TableInputs& inputs) const override;
  std::vector<std::vector<double>> answers(const Table& table, int threads) const override;
  const Featuriser& featuriser() const { return featuriser_; }
  const Centres& centres() const { return centres_; }
  std::vector<std::string> names() const;  // "cluster 1" ...

 private:
  Featuriser featuriser_;
  Centres centres_;
  double usual_;  // squared distance
};

// Where a cluster model's file says which value of its graph holds the features.
inline constexpr const char* features_key = "gyre.features";

}  // namespace gyre
