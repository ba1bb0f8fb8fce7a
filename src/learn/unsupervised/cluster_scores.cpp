#include "learn/unsupervised/cluster_scores.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/random.hpp"
#include "learn/parallel.hpp"

namespace gyre {

namespace {

double distance(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t f = 0; f < a.size(); f++) sum += (double{a[f]} - b[f]) * (double{a[f]} - b[f]);
  return std::sqrt(sum);
}

struct Means {
  std::vector<double> places;  // [clusters][columns]
  std::vector<double> sizes;
  std::size_t used = 0;  // clusters that have rows

  Means(const Matrix& features, const Clusters& clusters) {
    std::size_t count = clusters.empty() ? 0 : *std::max_element(clusters.begin(), clusters.end()) + 1;
    sizes.assign(count, 0);
    places.assign(count * features.columns, 0);
    for (std::size_t i = 0; i < features.rows; i++) {
      sizes[clusters[i]]++;
      for (std::size_t f = 0; f < features.columns; f++)
        places[clusters[i] * features.columns + f] += features.at(i, f);
    }
    for (std::size_t c = 0; c < count; c++) {
      used += sizes[c] > 0;
      for (std::size_t f = 0; f < features.columns; f++) places[c * features.columns + f] /= std::max(1.0, sizes[c]);
    }
  }
  double squared(std::span<const float> row, std::size_t cluster) const {
    double sum = 0;
    for (std::size_t f = 0; f < row.size(); f++) {
      double difference = row[f] - places[cluster * row.size() + f];
      sum += difference * difference;
    }
    return sum;
  }
};

const double nothing = std::nan("");

// How often a label and a cluster meet, and how often each comes.
struct Meetings {
  std::map<std::pair<std::size_t, std::size_t>, double> both;
  std::map<std::size_t, double> truths, clusters;
  double rows = 0;
  Meetings(const Clusters& truth, const Clusters& given) {
    for (std::size_t i = 0; i < truth.size(); i++) {
      both[{truth[i], given[i]}]++;
      truths[truth[i]]++;
      clusters[given[i]]++;
    }
    rows = static_cast<double>(truth.size());
  }
};

}  // namespace

double silhouette(const Matrix& features, const Clusters& clusters, int threads) {
  Means means(features, clusters);
  if (means.used < 2 || means.used >= features.rows) return nothing;
  std::vector<double> values(features.rows);
  for_rows(features.rows, threads, [&](std::size_t from, std::size_t to) {
    std::vector<double> sums(means.sizes.size());
    for (std::size_t i = from; i < to; i++) {
      std::size_t own = clusters[i];
      if (means.sizes[own] < 2) continue;  // a row alone is neither well nor badly placed
      std::fill(sums.begin(), sums.end(), 0.0);
      for (std::size_t j = 0; j < features.rows; j++) sums[clusters[j]] += distance(features.row(i), features.row(j));
      double inside = sums[own] / (means.sizes[own] - 1), outside = HUGE_VAL;
      for (std::size_t c = 0; c < sums.size(); c++)
        if (c != own && means.sizes[c] > 0) outside = std::min(outside, sums[c] / means.sizes[c]);
      double larger = std::max(inside, outside);
      values[i] = larger > 0 ? (outside - inside) / larger : 0;
    }
  });
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(features.rows);
}

double davies_bouldin(const Matrix& features, const Clusters& clusters) {
  Means means(features, clusters);
  if (means.used < 2) return nothing;
  std::size_t count = means.sizes.size(), width = features.columns;
  std::vector<double> spread(count);
  for (std::size_t i = 0; i < features.rows; i++)
    spread[clusters[i]] += std::sqrt(means.squared(features.row(i), clusters[i])) / means.sizes[clusters[i]];
  double sum = 0;
  for (std::size_t a = 0; a < count; a++) {
    double worst = 0;
    for (std::size_t b = 0; b < count; b++) {
      if (a == b || means.sizes[a] == 0 || means.sizes[b] == 0) continue;
      double apart = 0;
      for (std::size_t f = 0; f < width; f++)
        apart += std::pow(means.places[a * width + f] - means.places[b * width + f], 2);
      if (apart > 0) worst = std::max(worst, (spread[a] + spread[b]) / std::sqrt(apart));
    }
    sum += worst;
  }
  return sum / static_cast<double>(means.used);
}

double calinski_harabasz(const Matrix& features, const Clusters& clusters) {
  Means means(features, clusters), all(features, Clusters(features.rows, 0));
  auto rows = static_cast<double>(features.rows), used = static_cast<double>(means.used);
  if (means.used < 2 || means.used >= features.rows) return nothing;
  double inside = 0, whole = 0;
  for (std::size_t i = 0; i < features.rows; i++) {
    inside += means.squared(features.row(i), clusters[i]);
    whole += all.squared(features.row(i), 0);
  }
  return inside > 0 ? (whole - inside) * (rows - used) / (inside * (used - 1)) : 1;
}

double adjusted_rand(const Clusters& truth, const Clusters& clusters) {
  Meetings meetings(truth, clusters);
  auto pairs = [](double n) { return n * (n - 1) / 2; };
  double together = 0, of_truth = 0, of_clusters = 0, all = pairs(meetings.rows);
  for (auto& [key, count] : meetings.both) together += pairs(count);
  for (auto& [key, count] : meetings.truths) of_truth += pairs(count);
  for (auto& [key, count] : meetings.clusters) of_clusters += pairs(count);
  if (!(all > 0)) return 1;
  double by_chance = of_truth * of_clusters / all, most = (of_truth + of_clusters) / 2;
  return most == by_chance ? 1 : (together - by_chance) / (most - by_chance);
}

double normalised_mutual_information(const Clusters& truth, const Clusters& clusters) {
  Meetings meetings(truth, clusters);
  auto entropy = [&](const std::map<std::size_t, double>& counts) {
    double sum = 0;
    for (auto& [key, count] : counts) sum -= count / meetings.rows * std::log(count / meetings.rows);
    return sum;
  };
  double of_truth = entropy(meetings.truths), of_clusters = entropy(meetings.clusters), both = 0;
  if (meetings.truths.size() == 1 && meetings.clusters.size() == 1) return 1;
  for (auto& [key, count] : meetings.both)
    both += count / meetings.rows *
            std::log(count * meetings.rows / (meetings.truths[key.first] * meetings.clusters[key.second]));
  double mean = (of_truth + of_clusters) / 2;
  return mean > 0 ? std::max(0.0, both) / mean : 0;
}

json::object cluster_scores(const Matrix& features, const Clusters& clusters, std::size_t most, std::uint64_t seed,
                            int threads) {
  json::object scores;
  auto put = [&](const char* name, double value) {
    scores[name] = std::isfinite(value) ? json::value(value) : json::value();
  };
  if (features.rows > most) {
    std::vector<std::size_t> rows(features.rows);
    std::iota(rows.begin(), rows.end(), 0);
    Random random(seed);
    random.shuffle(rows);
    rows.resize(most);
    std::sort(rows.begin(), rows.end());
    Clusters some;
    for (auto row : rows) some.push_back(clusters[row]);
    put("silhouette", silhouette(features.take(rows), some, threads));
  } else {
    put("silhouette", silhouette(features, clusters, threads));
  }
  put("davies_bouldin", davies_bouldin(features, clusters));
  put("calinski_harabasz", calinski_harabasz(features, clusters));
  return scores;
}

}  // namespace gyre
