#pragma once
// How good clusters are: by how they lie, and beside labels where those are known. The numbers of scikit-learn's
// functions of these names.
#include <cstddef>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "learn/matrix.hpp"

namespace gyre {

using Clusters = std::vector<std::size_t>;  // of each row

// Two clusters with rows are needed: NaN else. The silhouette compares every row with every other one.
double silhouette(const Matrix& features, const Clusters& clusters, int threads);
double davies_bouldin(const Matrix& features, const Clusters& clusters);
double calinski_harabasz(const Matrix& features, const Clusters& clusters);

double adjusted_rand(const Clusters& truth, const Clusters& clusters);
double normalised_mutual_information(const Clusters& truth, const Clusters& clusters);

// All of those of the first kind. The silhouette is that of `most` rows drawn by the seed where there are more.
json::object cluster_scores(const Matrix& features, const Clusters& clusters, std::size_t most, std::uint64_t seed,
                            int threads);

}  // namespace gyre
