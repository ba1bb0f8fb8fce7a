// The k nearest rows answer. The rows are in the model: it is as large as they are.
#include <algorithm>
#include <cmath>

#include "learn/known_rows.hpp"
#include "learn/learner.hpp"
#include "learn/parallel.hpp"

namespace gyre {

namespace {

using Integers = std::vector<std::int64_t>;

struct Options {
  std::int64_t k = 15;
  std::string weights = "distance";
  std::int64_t most = 20000;
};

class Neighbours final : public Fitted {
 public:
  Neighbours(const Options& options, const Problem& problem, const Examples& examples, std::uint64_t seed)
      : by_distance_(options.weights == "distance"), outputs_(problem.outputs()) {
    auto rows = KnownRows::draw(examples.rows(), static_cast<std::size_t>(options.most), seed);
    known_ = KnownRows(examples.features->take(rows));
    k_ = std::min(static_cast<std::size_t>(options.k), rows.size());
    answers_.assign(rows.size() * outputs_, 0);
    for (std::size_t i = 0; i < rows.size(); i++) {
      double target = examples.targets[rows[i]];
      if (problem.task == Task::classify)
        answers_[i * outputs_ + static_cast<std::size_t>(target)] = 1;
      else
        answers_[i] = target;
    }
  }

  std::vector<double> predict(const Matrix& matrix, int threads) const override {
    std::vector<double> result(matrix.rows * outputs_);
    for_rows(matrix.rows, threads, [&](std::size_t from, std::size_t to) {
      std::vector<double> distances(known_.count());
      std::vector<std::pair<float, std::size_t>> near(known_.count());
      for (std::size_t i = from; i < to; i++) {
        known_.square_distances(matrix.row(i), distances);
        answer(distances, near, result.data() + i * outputs_);
      }
    });
    return result;
  }

  // Distances in doubles, then floats: equal rows are equally far, here and there, and the first of them is taken.
  std::string export_to(GraphBuilder& graph, const std::string& features) const override {
    std::string far = known_.export_square_distances(graph, features);
    std::string narrow = graph.node("Cast", {far}, {{"to", std::int64_t{1}}});
    narrow = graph.node("Max", {narrow, graph.constant(0.0f)});
    std::string nearest = graph.node("TopK", {narrow, graph.constant(Integers{static_cast<std::int64_t>(k_)})},
                                     {{"largest", std::int64_t{0}}}, 2);
    std::vector<float> answers(answers_.begin(), answers_.end());
    std::string table = graph.constant(
        Tensor::floats({static_cast<std::int64_t>(known_.count()), static_cast<std::int64_t>(outputs_)}, answers));
    std::string votes = graph.node("Gather", {table, nearest + "_1"}, {{"axis", std::int64_t{0}}});
    if (!by_distance_) return graph.node("ReduceMean", {votes}, {{"axes", Integers{1}}, {"keepdims", std::int64_t{0}}});
    std::string weights = graph.node(
        "Reciprocal", {graph.node("Add", {graph.node("Sqrt", {nearest}), graph.constant(static_cast<float>(least_))})});
    std::string counted = graph.node("Mul", {votes, graph.node("Unsqueeze", {weights, graph.constant(Integers{2})})});
    std::string sum = graph.node("ReduceSum", {counted, graph.constant(Integers{1})}, {{"keepdims", std::int64_t{0}}});
    return graph.node("Div", {sum, graph.node("ReduceSum", {weights, graph.constant(Integers{1})})});
  }
  json::object about() const override { return {{"rows", known_.count()}}; }

 private:
  static constexpr double least_ = 1e-2;  // of a distance: a row that is there already does not answer alone

  void answer(std::span<const double> distances, std::vector<std::pair<float, std::size_t>>& near, double* to) const {
    for (std::size_t i = 0; i < near.size(); i++) near[i] = {std::max(0.0f, static_cast<float>(distances[i])), i};
    std::partial_sort(near.begin(), near.begin() + static_cast<std::ptrdiff_t>(k_), near.end());
    double total = 0;
    for (std::size_t n = 0; n < k_; n++) {
      double weight = by_distance_ ? 1 / (std::sqrt(double{near[n].first}) + least_) : 1;
      total += weight;
      for (std::size_t o = 0; o < outputs_; o++) to[o] += weight * answers_[near[n].second * outputs_ + o];
    }
    for (std::size_t o = 0; o < outputs_; o++) to[o] /= total;
  }
  bool by_distance_;
  std::size_t outputs_, k_ = 1;
  KnownRows known_;
  std::vector<double> answers_;
};

std::unique_ptr<Fitted> train(const Options& options, const Problem& problem, const Examples& examples,
                              const TrainingContext& context) {
  return std::make_unique<Neighbours>(options, problem, examples, context.seed);
}

}  // namespace

extern const Learner learner_neighbours;
const Learner learner_neighbours = learner<Options>(
    {.name = "neighbours",
     .title = "Nearest neighbours",
     .help = "The most alike rows answer: no training, but the model holds the rows.",
     .tasks = {Task::classify, Task::regress},
     .wants = {.complete = true, .scaled = true},
     .fields = {field("k", &Options::k, "how many rows answer", {.min = 1, .max = 10000}),
                field("weights", &Options::weights, "whether nearer ones count more",
                      {.choices = {"distance", "equal"}}),
                field("most", &Options::most, "rows that are kept, drawn by chance", {.min = 1, .max = 1000000})}},
    train);

}  // namespace gyre
