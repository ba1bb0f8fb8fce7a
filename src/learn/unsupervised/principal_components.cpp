// Rows are put together again from the directions along which most rows differ: what is lost is odd.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "learn/parallel.hpp"
#include "learn/unsupervised/anomaly.hpp"
#include "learn/unsupervised/directions.hpp"

namespace gyre {

namespace {

using Integers = std::vector<std::int64_t>;

struct Options {
  double share = 0.9;
  std::int64_t components = 0;
};

constexpr std::size_t most_components = 64;

class PrincipalComponents final : public Fitted {
 public:
  std::vector<double> mean;
  std::vector<double> directions;  // [components][features]
  double scale = 1;                // of the loss: that of the usual row is 1
  double explained = 0;

  std::size_t components() const { return directions.size() / mean.size(); }

  std::vector<double> predict(const Matrix& features, int threads) const override {
    std::vector<double> scores(features.rows);
    for_rows(features.rows, threads, [&](std::size_t from, std::size_t to) {
      std::vector<double> centred(mean.size());
      for (std::size_t i = from; i < to; i++) {
        auto row = features.row(i);
        double lost = 0;
        for (std::size_t f = 0; f < mean.size(); f++) {
          centred[f] = double{row[f]} - mean[f];
          lost += centred[f] * centred[f];
        }
        for (std::size_t c = 0; c < components(); c++) {
          double along = std::inner_product(centred.begin(), centred.end(), &directions[c * mean.size()], 0.0);
          lost -= along * along;
        }
        scores[i] = std::sqrt(std::max(0.0, lost)) * scale;
      }
    });
    return scores;
  }

  // In doubles: what is lost is a small difference of large sums.
  std::string export_to(GraphBuilder& graph, const std::string& features) const override {
    auto width = static_cast<std::int64_t>(mean.size()), count = static_cast<std::int64_t>(components());
    Tensor middle = Tensor::zeros(DataType::f64, {1, width}), along = Tensor::zeros(DataType::f64, {width, count});
    std::copy(mean.begin(), mean.end(), middle.as<double>().begin());
    for (std::size_t c = 0; c < components(); c++)
      for (std::size_t f = 0; f < mean.size(); f++)
        along.as<double>()[f * components() + c] = directions[c * mean.size() + f];
    Tensor factor = Tensor::zeros(DataType::f64, {}), zero = factor;
    factor.as<double>()[0] = scale;
    auto wide = graph.node("Cast", {features}, {{"to", std::int64_t{11}}});
    auto centred = graph.node("Sub", {wide, graph.constant(middle)});
    auto lost = graph.node("ReduceSumSquare", {centred}, {{"axes", Integers{1}}});
    if (count) {
      auto kept = graph.node("MatMul", {centred, graph.constant(along)});
      lost = graph.node("Sub", {lost, graph.node("ReduceSumSquare", {kept}, {{"axes", Integers{1}}})});
    }
    auto root = graph.node("Sqrt", {graph.node("Max", {lost, graph.constant(zero)})});
    return graph.node("Cast", {graph.node("Mul", {root, graph.constant(factor)})}, {{"to", std::int64_t{1}}});
  }
  json::object about() const override { return {{"components", components()}, {"explained", explained}}; }
};

std::unique_ptr<Fitted> train(const Options& options, const Problem&, const Examples& examples,
                              const TrainingContext& context) {
  auto& features = *examples.features;
  auto model = std::make_unique<PrincipalComponents>();
  std::size_t width = features.columns;
  model->mean = mean_row(features);
  auto covariance = covariance_of(features, model->mean, context.threads);
  double all = 0, kept = 0;
  for (std::size_t f = 0; f < width; f++) all += covariance[f * width + f];
  // One direction at least is left over: where nothing is lost nothing is odd.
  auto asked = static_cast<std::size_t>(options.components);
  auto found = largest_directions(covariance, width, std::min(asked ? asked : most_components, width - 1));
  std::size_t count = 0;
  while (count < found.sizes.size() && (asked || kept < options.share * all)) kept += found.sizes[count++];
  model->directions.assign(found.vectors.begin(), found.vectors.begin() + static_cast<std::ptrdiff_t>(count * width));
  model->explained = all > 0 ? kept / all : 0;
  model->scale = 1 / std::sqrt(std::max({all - kept, 1e-12 * all, 1e-300}));
  return model;
}

}  // namespace

const Learner anomaly_principal_components = learner<Options>(
    {.name = "principal-components",
     .title = "Principal components",
     .help = "What cannot be told from how columns usually go together is odd; the usual row's score is 1.",
     .tasks = {},
     .wants = {.complete = true, .scaled = true},
     .fields = {field("share", &Options::share, "of the rows' differences that the components explain",
                      {.min = 0.01, .max = 1}),
                field("components", &Options::components, "how many, instead of a share; 0: by the share",
                      {.min = 0, .max = 1000})}},
    train);

}  // namespace gyre
