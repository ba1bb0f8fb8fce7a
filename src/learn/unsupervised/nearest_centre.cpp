// Rows far from every place where many rows lie are odd: the distance to the nearest centre of k-means.
#include <algorithm>
#include <cmath>

#include "learn/parallel.hpp"
#include "learn/unsupervised/anomaly.hpp"
#include "learn/unsupervised/k_means.hpp"

namespace gyre {

namespace {

struct Options {
  std::int64_t clusters = 8;
  double least_share = 0.02;
};

class NearestCentre final : public Fitted {
 public:
  NearestCentre(Centres centres, double usual) : centres_(std::move(centres)), usual_(usual) {}

  std::vector<double> predict(const Matrix& features, int threads) const override {
    std::vector<double> scores(features.rows);
    for_rows(features.rows, threads, [&](std::size_t from, std::size_t to) {
      for (std::size_t i = from; i < to; i++) {
        double square = 0;
        centres_.nearest(features.row(i), &square);
        scores[i] = std::sqrt(square / usual_);
      }
    });
    return scores;
  }

  // In doubles, centre by centre, as here.
  std::string export_to(GraphBuilder& graph, const std::string& features) const override {
    Tensor places = Tensor::zeros(
        DataType::f64, {1, static_cast<std::int64_t>(centres_.count()), static_cast<std::int64_t>(centres_.width)});
    std::copy(centres_.places.begin(), centres_.places.end(), places.as<double>().begin());
    Tensor usual = Tensor::zeros(DataType::f64, {});
    usual.as<double>()[0] = usual_;
    auto wide = graph.node("Cast", {features}, {{"to", std::int64_t{11}}});
    auto rows = graph.node("Unsqueeze", {wide, graph.constant(std::vector<std::int64_t>{1})});
    auto far = graph.node("ReduceSumSquare", {graph.node("Sub", {rows, graph.constant(places)})},
                          {{"axes", std::vector<std::int64_t>{2}}, {"keepdims", std::int64_t{0}}});
    auto least = graph.node("ReduceMin", {far}, {{"axes", std::vector<std::int64_t>{1}}});
    auto score = graph.node("Sqrt", {graph.node("Div", {least, graph.constant(usual)})});
    return graph.node("Cast", {score}, {{"to", std::int64_t{1}}});
  }
  json::object about() const override { return {{"centres", centres_.count()}}; }

 private:
  Centres centres_;
  double usual_;  // squared distance
};

// A few rows far from the others are a cluster of their own to k-means: its centre would call them usual.
void drop_small(Centres& centres, std::size_t least) {
  while (centres.count() > 1 && centres.sizes.back() < least) {  // the largest is the first
    centres.sizes.pop_back();
    centres.places.resize(centres.sizes.size() * centres.width);
  }
}

std::unique_ptr<Fitted> train(const Options& options, const Problem&, const Examples& examples,
                              const TrainingContext& context) {
  auto& features = *examples.features;
  Centres centres = fit_k_means(
      features,
      {.clusters = static_cast<std::size_t>(options.clusters), .seed = context.seed, .threads = context.threads});
  drop_small(centres, static_cast<std::size_t>(std::ceil(options.least_share * static_cast<double>(features.rows))));
  std::vector<double> squares(features.rows);
  for (std::size_t i = 0; i < features.rows; i++) centres.nearest(features.row(i), &squares[i]);
  auto middle = squares.begin() + static_cast<std::ptrdiff_t>(squares.size() / 2);
  std::nth_element(squares.begin(), middle, squares.end());
  return std::make_unique<NearestCentre>(std::move(centres), std::max(*middle, 1e-12));
}

}  // namespace

const Learner anomaly_nearest_centre = learner<Options>(
    {.name = "nearest-centre",
     .title = "Distance to the nearest centre",
     .help = "What lies far from every place where many rows lie is odd; the usual row's score is 1.",
     .tasks = {},
     .wants = {.complete = true, .scaled = true},
     .fields = {field("clusters", &Options::clusters, "centres of k-means", {.min = 1, .max = 1000}),
                field("least-share", &Options::least_share, "of the rows, that a centre stands for; others are dropped",
                      {.min = 0, .max = 0.5})}},
    train);

}  // namespace gyre
