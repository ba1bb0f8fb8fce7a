// Linear, logistic, Poisson and quantile regression with an elastic net: one solver for all of them.
#include <cmath>

#include "learn/lanes.hpp"
#include "learn/linear_model.hpp"
#include "learn/minimise.hpp"
#include "learn/moments.hpp"

namespace gyre {

namespace {

struct Options {
  double penalty = 1;
  double mix = 0;
  std::string loss = "squared";
  double level = 0.5;
  std::int64_t iterations = 500;
};

// How one row's loss and its slope follow from its sums.
class Loss {
 public:
  Loss(const Options& options, const Problem& problem, double spread)
      : kind_(problem.task == Task::classify ? (problem.classes == 2 ? "logistic" : "softmax") : options.loss),
        level_(options.level),
        narrow_(std::max(1e-12, 1e-3 * spread)) {}
  Link link() const {
    return kind_ == "logistic"  ? Link::sigmoid
           : kind_ == "softmax" ? Link::softmax
           : kind_ == "poisson" ? Link::exponential
                                : Link::none;
  }
  // `sums` become slopes.
  double operator()(double target, std::span<double> sums) const {
    if (kind_ == "softmax") return softmax(static_cast<std::size_t>(target), sums);
    double sum = sums[0], &slope = sums[0];
    if (kind_ == "logistic") {
      double loss = std::max(sum, 0.0) - sum * target + std::log1p(std::exp(-std::abs(sum)));
      slope = 1 / (1 + std::exp(-sum)) - target;
      return loss;
    }
    if (kind_ == "poisson") {
      double rate = std::exp(std::min(sum, 50.0));
      slope = rate - target;
      return rate - target * sum;
    }
    double rest = sum - target;
    if (kind_ == "squared") {
      slope = rest;
      return rest * rest / 2;
    }
    return quantile(rest, slope);
  }

 private:
  static double softmax(std::size_t target, std::span<double> sums) {
    double top = sums[0], total = 0, wanted = sums[target];
    for (double sum : sums) top = std::max(top, sum);
    for (double& sum : sums) total += sum = std::exp(sum - top);
    for (double& sum : sums) sum /= total;
    sums[target] -= 1;
    return std::log(total) + top - wanted;
  }
  // The pinball loss, round within a thousandth of the targets' spread: so that it has a slope everywhere.
  double quantile(double rest, double& slope) const {
    double over = 1 - level_, under = level_;
    double up = rest > 0 ? over : under, size = std::abs(rest);
    if (size < narrow_) {
      slope = up * rest / narrow_;
      return up * rest * rest / (2 * narrow_);
    }
    slope = rest > 0 ? over : -under;
    return up * (size - narrow_ / 2);
  }
  std::string kind_;
  double level_, narrow_;
};

double spread_of(std::span<const double> values) {
  double mean = 0, squares = 0;
  for (double value : values) mean += value / static_cast<double>(values.size());
  for (double value : values) squares += (value - mean) * (value - mean) / static_cast<double>(values.size());
  return std::sqrt(squares);
}

// Loss over all rows and its gradient; rows are shared out in parts that do not depend on the number of threads, so
// that the sums are the same.
class Total {
 public:
  Total(ExampleStream& examples, const std::vector<double>& targets, const Loss& loss, std::size_t outputs, int threads)
      : examples_(examples), targets_(targets), loss_(loss), outputs_(outputs), threads_(threads) {}
  double operator()(const std::vector<double>& x, std::vector<double>& gradient) const {
    double loss = 0;
    std::fill(gradient.begin(), gradient.end(), 0);
    examples_.each([&](const Matrix& block, std::size_t first) {
      std::size_t parts = std::min<std::size_t>(16, block.rows / 512 + 1);
      std::vector<std::vector<double>> gradients(parts, std::vector<double>(x.size()));
      std::vector<double> losses(parts);
      for_each(parts, threads_, [&](std::size_t p) {
        std::size_t from = block.rows * p / parts, to = block.rows * (p + 1) / parts;
        losses[p] = rows(block, first, x, from, to, gradients[p]);
      });
      for (std::size_t p = 0; p < parts; p++) {
        loss += losses[p];
        for (std::size_t i = 0; i < x.size(); i++) gradient[i] += gradients[p][i];
      }
    });
    return loss;
  }

 private:
  double rows(const Matrix& block, std::size_t first, const std::vector<double>& x, std::size_t from, std::size_t to,
              std::vector<double>& gradient) const {
    std::size_t width = block.columns;
    std::vector<double> sums(outputs_), row(width);
    double loss = 0;
    for (std::size_t i = from; i < to; i++) {
      std::copy_n(block.row(i).begin(), width, row.begin());
      for (std::size_t o = 0; o < outputs_; o++)
        sums[o] = x[width * outputs_ + o] + product(x.data() + o * width, row.data(), width);
      double weight = examples_.weight(first + i);
      loss += weight * loss_(targets_[first + i], sums);
      for (std::size_t o = 0; o < outputs_; o++) {
        double slope = weight * sums[o];
        add_times(gradient.data() + o * width, slope, row.data(), width);
        gradient[width * outputs_ + o] += slope;
      }
    }
    return loss;
  }
  ExampleStream& examples_;
  const std::vector<double>& targets_;
  const Loss& loss_;
  std::size_t outputs_;
  int threads_;
};

// A loss over all rows with the penalty on squares, for each unit of the rows' weight.
class Penalised {
 public:
  using Value = std::function<double(const std::vector<double>& x, std::vector<double>& gradient)>;
  Penalised(Value value, std::size_t penalised, double square, double weight)
      : value_(std::move(value)), penalised_(penalised), square_(square), weight_(weight) {}
  double operator()(const std::vector<double>& x, std::vector<double>& gradient) const {
    double loss = value_(x, gradient);
    for (std::size_t i = 0; i < penalised_; i++) {
      loss += square_ * x[i] * x[i] / 2;
      gradient[i] += square_ * x[i];
    }
    for (double& part : gradient) part /= weight_;
    return loss / weight_;
  }

 private:
  Value value_;
  std::size_t penalised_;
  double square_, weight_;
};

double weight_of(const ExampleStream& examples) {
  double sum = 0;
  for (std::size_t i = 0; i < examples.rows(); i++) sum += examples.weight(i);
  return sum;
}

std::unique_ptr<Fitted> train_stream(const Options& options, const Problem& problem, ExampleStream& examples,
                                     ExampleStream*, const TrainingContext& context) {
  std::size_t width = examples.sample().columns;
  std::size_t outputs = problem.task == Task::classify && problem.classes > 2 ? problem.classes : 1;
  bool squared = problem.task == Task::regress && options.loss == "squared";
  // Targets are learned at a size of 1 around 0: the solver's steps then fit all tables alike.
  double move = 0, size = 1;
  bool rescale = problem.task == Task::regress && options.loss != "poisson";
  std::vector<double> targets = examples.targets();
  if (rescale) {
    for (double value : targets) move += value / static_cast<double>(targets.size());
    size = std::max(1e-300, spread_of(targets));
    for (double& value : targets) value = (value - move) / size;
  }
  if (problem.task == Task::regress && options.loss == "poisson")
    for (std::size_t i = 0; i < targets.size(); i++)
      if (targets[i] < 0)
        throw Error(Code::invalid, "counts are not negative, and a target is " + std::to_string(targets[i]),
                    "--set loss=squared takes any number");
  double weight = weight_of(examples);
  Loss loss(options, problem, 1);
  Penalised::Value value;
  if (squared && width <= Moments::most_features) {
    value = Moments(examples, targets, context.threads);
  } else {
    examples.expect_many_passes();
    value = Total(examples, targets, loss, outputs, context.threads);
  }
  Minimise how;
  how.iterations = static_cast<std::size_t>(options.iterations);
  how.stop = context.stop;
  if (options.mix > 0 && options.penalty > 0) {
    how.absolute.assign((width + 1) * outputs, 0);
    std::fill_n(how.absolute.begin(), width * outputs, options.penalty * options.mix / weight);
  }
  std::vector<double> x((width + 1) * outputs);
  std::size_t iterations =
      minimise(Penalised(std::move(value), width * outputs, options.penalty * (1 - options.mix), weight), x, how);
  std::vector<double> weights(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(width * outputs));
  std::vector<double> biases(x.begin() + static_cast<std::ptrdiff_t>(width * outputs), x.end());
  if (rescale) {
    for (double& one : weights) one *= size;
    for (double& bias : biases) bias = bias * size + move;
  }
  return std::make_unique<LinearModel>(std::move(weights), std::move(biases), loss.link(),
                                       json::object{{"iterations", iterations}});
}

std::unique_ptr<Fitted> train(const Options& options, const Problem& problem, const Examples& examples,
                              const TrainingContext& context) {
  ExamplesInMemory stream(*examples.features, {examples.targets.begin(), examples.targets.end()},
                          {examples.weights.begin(), examples.weights.end()});
  return train_stream(options, problem, stream, nullptr, context);
}

}  // namespace

extern const Learner learner_linear;
const Learner learner_linear = learner<Options>(
    {.name = "linear",
     .title = "Linear and logistic regression",
     .help = "A weighted sum of the features: quick, small, and it says what it rests on.",
     .tasks = {Task::classify, Task::regress},
     .wants = {.complete = true, .scaled = true},
     .fields = {field("penalty", &Options::penalty, "on large weights, beside the sum of the rows' losses",
                      {.min = 0, .max = 1e12}),
                field("mix", &Options::mix, "share of the penalty on absolute sizes, which makes weights 0",
                      {.min = 0, .max = 1}),
                field("loss", &Options::loss, "what regression makes small",
                      {.choices = {"squared", "poisson", "quantile"}}),
                field("level", &Options::level, "of the quantile", {.min = 0.001, .max = 0.999}),
                field("iterations", &Options::iterations, "of the solver at most", {.min = 1, .max = 100000})}},
    train, train_stream);

}  // namespace gyre
