#include "learn/unsupervised/k_means.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/random.hpp"
#include "learn/parallel.hpp"

namespace gyre {

namespace {

using Integers = std::vector<std::int64_t>;

double squared_distance(std::span<const float> row, const double* place) {
  double sum = 0;
  for (std::size_t f = 0; f < row.size(); f++) sum += (row[f] - place[f]) * (row[f] - place[f]);
  return sum;
}

// Each next centre is a row drawn by its squared distance to the nearest one before it.
Centres first_centres(const Matrix& features, std::size_t clusters, Random random) {
  Centres centres{.width = features.columns};
  std::vector<double> nearest(features.rows, std::numeric_limits<double>::infinity());
  std::size_t next = random.below(features.rows);
  while (centres.count() < clusters) {
    auto row = features.row(next);
    centres.places.insert(centres.places.end(), row.begin(), row.end());
    centres.sizes.push_back(0);
    const double* place = &centres.places[(centres.count() - 1) * centres.width];
    double all = 0;
    for (std::size_t i = 0; i < features.rows; i++)
      all += nearest[i] = std::min(nearest[i], squared_distance(features.row(i), place));
    if (!(all > 0)) break;  // every row is a centre's
    double drawn = random.uniform() * all;
    next = 0;
    while (next + 1 < features.rows && (drawn -= nearest[next]) > 0) next++;
    while (nearest[next] == 0 && next > 0) next--;
    if (nearest[next] == 0) break;
  }
  return centres;
}

// Means of the rows of each centre; one without rows goes to the row that lies farthest from its own.
bool move_centres(const Matrix& features, Centres& centres, std::vector<std::size_t>& belongs) {
  std::vector<double> sums(centres.places.size());
  std::fill(centres.sizes.begin(), centres.sizes.end(), 0);
  centres.inertia = 0;
  double farthest = -1;
  std::size_t lost = 0;
  bool changed = false;
  for (std::size_t i = 0; i < features.rows; i++) {
    double distance = 0;
    auto row = features.row(i);
    std::size_t nearest = centres.nearest(row, &distance);
    changed |= belongs[i] != nearest;
    belongs[i] = nearest;
    centres.inertia += distance;
    centres.sizes[nearest]++;
    for (std::size_t f = 0; f < row.size(); f++) sums[nearest * centres.width + f] += row[f];
    if (distance > farthest) farthest = distance, lost = i;
  }
  for (std::size_t c = 0; c < centres.count(); c++)
    for (std::size_t f = 0; f < centres.width; f++)
      centres.places[c * centres.width + f] =
          centres.sizes[c] ? sums[c * centres.width + f] / static_cast<double>(centres.sizes[c]) : features.at(lost, f);
  return changed;
}

void sort_by_size(Centres& centres) {
  std::vector<std::size_t> order;
  for (std::size_t c = 0; c < centres.count(); c++)
    if (centres.sizes[c]) order.push_back(c);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return centres.sizes[a] > centres.sizes[b]; });
  Centres sorted{centres.width, {}, {}, centres.inertia};
  for (auto c : order) {
    auto place = centres.places.begin() + static_cast<std::ptrdiff_t>(c * centres.width);
    sorted.places.insert(sorted.places.end(), place, place + static_cast<std::ptrdiff_t>(centres.width));
    sorted.sizes.push_back(centres.sizes[c]);
  }
  centres = std::move(sorted);
}

}  // namespace

void Centres::distances(std::span<const float> row, std::vector<double>& to) const {
  to.resize(count());
  for (std::size_t c = 0; c < count(); c++) to[c] = squared_distance(row, &places[c * width]);
}

std::size_t Centres::nearest(std::span<const float> row, double* distance) const {
  std::size_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t c = 0; c < count(); c++)
    if (double here = squared_distance(row, &places[c * width]); here < least) least = here, best = c;
  if (distance) *distance = least;
  return best;
}

Centres fit_k_means(const Matrix& features, const KMeansPlan& plan) {
  std::vector<Centres> starts(plan.restarts);
  Random random(plan.seed);
  for_each(plan.restarts, plan.threads, [&](std::size_t start) {
    Centres centres = first_centres(features, plan.clusters, random.split(start));
    std::vector<std::size_t> belongs(features.rows, plan.clusters);
    for (std::size_t i = 0; i < plan.iterations && move_centres(features, centres, belongs); i++) continue;
    move_centres(features, centres, belongs);  // sizes and inertia of where the centres came to lie
    starts[start] = std::move(centres);
  });
  Centres best =
      *std::min_element(starts.begin(), starts.end(), [](auto& a, auto& b) { return a.inertia < b.inertia; });
  sort_by_size(best);
  return best;
}

std::vector<std::size_t> clusters_of(const Centres& centres, const Matrix& features, int threads) {
  std::vector<std::size_t> clusters(features.rows);
  for_rows(features.rows, threads, [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; i++) clusters[i] = centres.nearest(features.row(i));
  });
  return clusters;
}

ClusterModel::ClusterModel(Featuriser featuriser, Centres centres, std::size_t rows)
    : featuriser_(std::move(featuriser)),
      centres_(std::move(centres)),
      usual_(std::max(centres_.inertia / static_cast<double>(rows), 1e-12)) {}

std::vector<std::string> ClusterModel::names() const {
  std::vector<std::string> names;
  for (std::size_t c = 0; c < centres_.count(); c++) names.push_back("cluster " + std::to_string(c + 1));
  return names;
}

std::vector<std::vector<double>> ClusterModel::answers(const Table& table, int threads) const {
  Matrix features = featuriser_.transform(table);
  std::size_t count = centres_.count();
  std::vector<double> probabilities(features.rows * count), scores(features.rows);
  double cloud = 2 * usual_ / static_cast<double>(centres_.width);
  for_rows(features.rows, threads, [&](std::size_t from, std::size_t to) {
    std::vector<double> far;
    for (std::size_t i = from; i < to; i++) {
      centres_.distances(features.row(i), far);
      double least = *std::min_element(far.begin(), far.end()), sum = 0;
      double* row = &probabilities[i * count];
      for (std::size_t c = 0; c < count; c++) sum += row[c] = std::exp((least - far[c]) / cloud);
      for (std::size_t c = 0; c < count; c++) row[c] /= sum;
      scores[i] = std::sqrt(least / usual_);
    }
  });
  return {std::move(probabilities), std::move(scores)};
}

// In doubles, centre by centre, as here: the nearest of two that are equally far is the first.
std::vector<RowAnswer> ClusterModel::export_to(GraphBuilder& graph, TableInputs& inputs) const {
  auto count = static_cast<std::int64_t>(centres_.count()), width = static_cast<std::int64_t>(centres_.width);
  auto doubles = [](double value) {
    Tensor tensor = Tensor::zeros(DataType::f64, {});
    tensor.as<double>()[0] = value;
    return tensor;
  };
  Tensor places = Tensor::zeros(DataType::f64, {1, count, width});
  std::copy(centres_.places.begin(), centres_.places.end(), places.as<double>().begin());
  graph.part("pre");
  auto features = featuriser_.export_to(graph, inputs);
  graph.metadata(features_key, features);
  graph.part("net");
  auto wide = graph.node("Cast", {features}, {{"to", std::int64_t{11}}});
  auto rows = graph.node("Unsqueeze", {wide, graph.constant(Integers{1})});
  auto far = graph.node("ReduceSumSquare", {graph.node("Sub", {rows, graph.constant(places)})},
                        {{"axes", Integers{2}}, {"keepdims", std::int64_t{0}}});
  graph.part("post");
  auto least = graph.node("ReduceMin", {far}, {{"axes", Integers{1}}});
  double cloud = 2 * usual_ / static_cast<double>(centres_.width);
  auto closeness = graph.node("Div", {graph.node("Sub", {least, far}), graph.constant(doubles(cloud))});
  auto probabilities =
      graph.node("Cast", {graph.node("Softmax", {closeness}, {{"axis", std::int64_t{1}}})}, {{"to", std::int64_t{1}}});
  auto share = graph.node("Div", {least, graph.constant(doubles(usual_))});
  auto score = graph.node("Cast", {graph.node("Sqrt", {share})}, {{"to", std::int64_t{1}}});
  auto place = graph.node("ArgMin", {far}, {{"axis", std::int64_t{1}}});
  Tensor texts{DataType::text, {count}, {}, names()};
  auto cluster = graph.node("Gather", {graph.constant(texts), place});
  return {{"probabilities", probabilities, count}, {"score", score}, {"cluster", cluster, 1, DataType::text}};
}

}  // namespace gyre
