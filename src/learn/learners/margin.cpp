// Linear support vectors and the averaged perceptron: a line between each label and the others, then probabilities.
#include <cmath>
#include <numeric>

#include "base/random.hpp"
#include "learn/lanes.hpp"
#include "learn/linear_model.hpp"
#include "learn/minimise.hpp"
#include "learn/sigmoid.hpp"

namespace gyre {

namespace {

struct Options {
  std::string method = "svm";
  double penalty = 1;
  std::int64_t iterations = 500;
  std::int64_t passes = 10;
};

struct Line {
  std::vector<double> weights;
  double bias = 0;
  double at(std::span<const float> row) const {
    double sum = bias;
    for (std::size_t f = 0; f < weights.size(); f++) sum += weights[f] * double{row[f]};
    return sum;
  }
};

// Squared hinge: smooth enough for the solver.
Line support_vectors(const Options& options, const Examples& examples, const std::vector<double>& sides,
                     const TrainingContext& context) {
  std::size_t width = examples.features->columns;
  std::vector<double> x(width + 1), row(width);
  double rows = static_cast<double>(examples.rows());
  auto loss = [&](const std::vector<double>& at, std::vector<double>& gradient) {
    double sum = 0;
    std::fill(gradient.begin(), gradient.end(), 0);
    for (std::size_t i = 0; i < examples.rows(); i++) {
      std::copy_n(examples.features->row(i).begin(), width, row.begin());
      double decision = at[width] + product(at.data(), row.data(), width);
      double short_of = 1 - sides[i] * decision;
      if (short_of <= 0) continue;
      double weight = examples.weight(i) / rows, slope = -2 * weight * short_of * sides[i];
      sum += weight * short_of * short_of;
      add_times(gradient.data(), slope, row.data(), width);
      gradient[width] += slope;
    }
    for (std::size_t f = 0; f < width; f++) {
      sum += options.penalty * at[f] * at[f] / (2 * rows);
      gradient[f] += options.penalty * at[f] / rows;
    }
    return sum;
  };
  minimise(loss, x,
           {.iterations = static_cast<std::size_t>(options.iterations), .tolerance = 1e-5, .stop = context.stop});
  double bias = x.back();
  x.pop_back();
  return {std::move(x), bias};
}

// The mean of all lines it had on its way.
Line perceptron(const Options& options, const Examples& examples, const std::vector<double>& sides,
                const TrainingContext& context) {
  std::size_t width = examples.features->columns;
  Line line{std::vector<double>(width), 0}, sum = line;
  std::vector<std::size_t> order(examples.rows());
  std::iota(order.begin(), order.end(), 0);
  Random random(context.seed);
  double seen = 1;
  for (std::int64_t pass = 0; pass < options.passes && !context.stop(); pass++) {
    random.shuffle(order);
    for (auto i : order) {
      auto row = examples.features->row(i);
      if (sides[i] * line.at(row) <= 0) {
        double step = sides[i] * examples.weight(i);
        for (std::size_t f = 0; f < width; f++)
          line.weights[f] += step * row[f], sum.weights[f] += seen * step * row[f];
        line.bias += step, sum.bias += seen * step;
      }
      seen++;
    }
  }
  for (std::size_t f = 0; f < width; f++) line.weights[f] -= sum.weights[f] / seen;
  line.bias -= sum.bias / seen;
  return line;
}

std::unique_ptr<Fitted> train(const Options& options, const Problem& problem, const Examples& examples,
                              const TrainingContext& context) {
  std::size_t lines = problem.classes == 2 ? 1 : problem.classes, width = examples.features->columns;
  std::vector<double> weights(lines * width), biases(lines);
  for_each(lines, context.threads, [&](std::size_t c) {
    std::size_t label = lines == 1 ? 1 : c;
    std::vector<double> sides, decisions;
    std::vector<bool> truth;
    for (double target : examples.targets) {
      truth.push_back(target == static_cast<double>(label));
      sides.push_back(truth.back() ? 1 : -1);
    }
    Line line = options.method == "svm" ? support_vectors(options, examples, sides, context)
                                        : perceptron(options, examples, sides, context);
    for (std::size_t i = 0; i < examples.rows(); i++) decisions.push_back(line.at(examples.features->row(i)));
    Sigmoid sigmoid = fit_sigmoid(decisions, truth, examples.weights);
    for (std::size_t f = 0; f < width; f++) weights[c * width + f] = sigmoid.slope * line.weights[f];
    biases[c] = sigmoid.slope * line.bias + sigmoid.move;
  });
  return std::make_unique<LinearModel>(std::move(weights), std::move(biases), lines == 1 ? Link::sigmoid : Link::rivals,
                                       json::object{{"method", options.method}});
}

}  // namespace

extern const Learner learner_margin;
const Learner learner_margin = learner<Options>(
    {.name = "margin",
     .title = "Linear support vectors, averaged perceptron",
     .help = "A line that keeps as far from both sides as it can, one against the rest where labels are several.",
     .tasks = {Task::classify},
     .wants = {.complete = true, .scaled = true},
     .fields = {field("method", &Options::method, "how the line is found", {.choices = {"svm", "perceptron"}}),
                field("penalty", &Options::penalty, "on large weights (svm)", {.min = 0, .max = 1e12}),
                field("iterations", &Options::iterations, "of the solver at most (svm)", {.min = 1, .max = 100000}),
                field("passes", &Options::passes, "over the rows (perceptron)", {.min = 1, .max = 10000})}},
    train);

}  // namespace gyre
