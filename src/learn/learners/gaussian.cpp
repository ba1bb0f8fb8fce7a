// Each label's rows as one normal distribution with a shape of its own (quadratic discriminant analysis). How far the
// shapes are drawn to the one of all rows, and how sure the answers are, is what tells rows that were held back best.
#include <cmath>

#include "base/random.hpp"
#include "learn/boosting/trees.hpp"
#include "learn/square_matrix.hpp"

namespace gyre {

namespace {

struct Options {
  double shrink = 0;
  double smoothing = 1e-3;
};

constexpr std::size_t most_features = 500;
constexpr double shrinks[] = {0.01, 0.05, 0.15, 0.4, 0.8}, heats[] = {1, 1.4, 2, 3, 5, 9};

// What the rows of each label are like.
struct Moments {
  std::vector<double> weights;        // of each label
  std::vector<double> means;          // [label][feature]
  std::vector<SquareMatrix> scatter;  // sums of products of what is off the mean, the lower half
  SquareMatrix all;                   // of all labels together

  Moments(const Problem& problem, const Examples& examples, std::span<const std::size_t> rows)
      : weights(problem.classes),
        means(problem.classes * examples.features->columns),
        scatter(problem.classes, SquareMatrix(examples.features->columns)),
        all(examples.features->columns) {
    std::size_t features = all.size;
    for (auto row : rows) {
      auto label = label_of(examples, row);
      weights[label] += examples.weight(row);
      for (std::size_t f = 0; f < features; f++)
        means[label * features + f] += examples.weight(row) * examples.features->at(row, f);
    }
    for (std::size_t c = 0; c < weights.size(); c++)
      for (std::size_t f = 0; f < features; f++)
        if (weights[c] > 0) means[c * features + f] /= weights[c];
    std::vector<double> off(features);
    for (auto row : rows) {
      auto label = label_of(examples, row);
      for (std::size_t f = 0; f < features; f++) off[f] = examples.features->at(row, f) - means[label * features + f];
      for (std::size_t i = 0; i < features; i++) {
        double weighed = examples.weight(row) * off[i];
        for (std::size_t j = 0; j <= i; j++) scatter[label].at(i, j) += weighed * off[j];
      }
    }
    for (auto& one : scatter)
      for (std::size_t i = 0; i < all.values.size(); i++) all.values[i] += one.values[i];
  }
  static std::size_t label_of(const Examples& examples, std::size_t row) {
    return static_cast<std::size_t>(examples.targets[row]);
  }
};

class Gaussians final : public Fitted {
 public:
  Gaussians(const Moments& moments, double shrink, double smoothing) : features_(moments.all.size), shrink_(shrink) {
    double sum = 0, spread = 0;
    for (double weight : moments.weights) sum += weight;
    for (std::size_t f = 0; f < features_; f++) spread += moments.all.at(f, f) / sum / static_cast<double>(features_);
    means_ = moments.means;
    for (std::size_t c = 0; c < moments.weights.size(); c++) {
      double weight = moments.weights[c], own = weight > 0 ? 1 - shrink : 0;
      SquareMatrix shape(features_);
      for (std::size_t i = 0; i < shape.values.size(); i++)
        shape.values[i] =
            own * moments.scatter[c].values[i] / std::max(weight, 1e-12) + (1 - own) * moments.all.values[i] / sum;
      for (std::size_t f = 0; f < features_; f++) shape.at(f, f) += smoothing * spread + 1e-9;
      auto lower = cholesky(std::move(shape));
      if (!lower) throw Error(Code::invalid, "the features of a label have no shape", "a larger smoothing may help");
      double offset = std::log(std::max(weight, 1e-12) / sum);
      for (std::size_t f = 0; f < features_; f++) offset -= std::log(lower->at(f, f));
      offsets_.push_back(offset);
      whitening_.push_back(inverse_of_lower(*lower));
    }
  }
  void set_heat(double heat) { heat_ = heat; }

  // [rows][labels], before they are divided by the heat.
  std::vector<double> sums(const Matrix& matrix, int threads) const {
    std::size_t classes = offsets_.size();
    std::vector<double> sums(matrix.rows * classes);
    for_rows(matrix.rows, threads, [&](std::size_t from, std::size_t to) {
      std::vector<double> off(features_);
      for (std::size_t i = from; i < to; i++)
        for (std::size_t c = 0; c < classes; c++) {
          for (std::size_t f = 0; f < features_; f++) off[f] = matrix.at(i, f) - means_[c * features_ + f];
          double far = 0;
          for (std::size_t f = 0; f < features_; f++) {
            const double* row = &whitening_[c].values[f * features_];
            double part = 0;
            for (std::size_t k = 0; k <= f; k++) part += row[k] * off[k];
            far += part * part;
          }
          sums[i * classes + c] = offsets_[c] - far / 2;
        }
    });
    return sums;
  }

  std::vector<double> predict(const Matrix& matrix, int threads) const override {
    auto all = sums(matrix, threads);
    for (double& one : all) one /= heat_;
    return linked(std::move(all), offsets_.size(), Link::softmax);
  }

  // In doubles: all labels' whitened features at once, their squares summed by a product.
  std::string export_to(GraphBuilder& graph, const std::string& features) const override {
    std::size_t classes = offsets_.size(), wide = classes * features_;
    auto f64 = [](std::size_t rows, std::size_t columns) {
      return Tensor::zeros(DataType::f64, {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)});
    };
    Tensor turn = f64(features_, wide), shift = f64(1, wide), gather = f64(wide, classes), offsets = f64(1, classes);
    for (std::size_t c = 0; c < classes; c++) {
      offsets.as<double>()[c] = offsets_[c] / heat_;
      for (std::size_t f = 0; f < features_; f++) {
        std::size_t at = c * features_ + f;
        gather.as<double>()[at * classes + c] = -0.5 / heat_;
        for (std::size_t k = 0; k <= f; k++) {
          turn.as<double>()[k * wide + at] = whitening_[c].at(f, k);
          shift.as<double>()[at] -= whitening_[c].at(f, k) * means_[c * features_ + k];
        }
      }
    }
    std::string values = graph.node("Cast", {features}, {{"to", std::int64_t{11}}});
    std::string parts =
        graph.node("Add", {graph.node("MatMul", {values, graph.constant(turn)}), graph.constant(shift)});
    std::string far = graph.node("MatMul", {graph.node("Mul", {parts, parts}), graph.constant(gather)});
    std::string shares =
        graph.node("Softmax", {graph.node("Add", {far, graph.constant(offsets)})}, {{"axis", std::int64_t{1}}});
    return graph.node("Cast", {shares}, {{"to", std::int64_t{1}}});
  }
  json::object about() const override { return {{"shrink", shrink_}, {"heat", heat_}}; }

 private:
  std::size_t features_;
  double shrink_, heat_ = 1;
  std::vector<double> means_;            // [label][feature]
  std::vector<SquareMatrix> whitening_;  // of each label: what is off its mean becomes alike in every direction
  std::vector<double> offsets_;
};

// The sum of -log p of the rows' own labels.
double loss_of(const std::vector<double>& sums, const Examples& examples, double heat) {
  std::size_t classes = sums.size() / examples.rows();
  double loss = 0;
  for (std::size_t i = 0; i < examples.rows(); i++) {
    const double* row = &sums[i * classes];
    double most = *std::max_element(row, row + classes), all = 0;
    for (std::size_t c = 0; c < classes; c++) all += std::exp((row[c] - most) / heat);
    loss += examples.weight(i) * (std::log(all) - (row[Moments::label_of(examples, i)] - most) / heat);
  }
  return loss;
}

void check_stop(const TrainingContext& context) {
  if (context.stop()) throw Error(Code::cancelled, "stopped before the shapes were known");
}

struct Choice {
  double shrink, heat, loss = HUGE_VAL;
};

// By parts that are held back in turn; of many rows, by one of them.
Choice choose(const Options& options, const Problem& problem, const Examples& examples,
              const TrainingContext& context) {
  constexpr std::size_t parts = 4, most_held = 5'000, few = 2'000;
  std::vector<std::size_t> order(examples.rows());
  for (std::size_t i = 0; i < order.size(); i++) order[i] = i;
  Random(context.seed).shuffle(order);
  std::size_t held = std::min(order.size() / parts, most_held), rounds = order.size() < few ? parts : 1;
  std::vector<double> tried(std::begin(shrinks), std::end(shrinks));
  if (options.shrink > 0) tried = {options.shrink};
  std::vector<double> losses(tried.size() * std::size(heats));
  for (std::size_t round = 0; round < rounds && held > 0; round++) {
    auto from = order.begin() + static_cast<std::ptrdiff_t>(round * held);
    std::vector<std::size_t> judge(from, from + static_cast<std::ptrdiff_t>(held)), learn(order.begin(), from);
    learn.insert(learn.end(), from + static_cast<std::ptrdiff_t>(held), order.end());
    Moments moments(problem, examples, learn);
    Matrix features = examples.features->take(judge);
    std::vector<double> targets, weights;
    for (auto row : judge) targets.push_back(examples.targets[row]), weights.push_back(examples.weight(row));
    for (std::size_t s = 0; s < tried.size(); s++) {
      check_stop(context);
      auto sums = Gaussians(moments, tried[s], options.smoothing).sums(features, context.threads);
      for (std::size_t h = 0; h < std::size(heats); h++)
        losses[s * std::size(heats) + h] += loss_of(sums, {&features, targets, weights}, heats[h]);
    }
  }
  Choice best{tried[0], 1};
  for (std::size_t i = 0; i < losses.size(); i++)
    if (losses[i] < best.loss) best = {tried[i / std::size(heats)], heats[i % std::size(heats)], losses[i]};
  return best;
}

std::unique_ptr<Fitted> train(const Options& options, const Problem& problem, const Examples& examples,
                              const TrainingContext& context) {
  std::size_t features = examples.features->columns;
  if (features > most_features)
    throw Error(Code::invalid, "a shape of " + std::to_string(features) + " features is too large",
                "it takes up to " + std::to_string(most_features) + "; naive-bayes takes any number");
  Choice choice = choose(options, problem, examples, context);
  check_stop(context);
  std::vector<std::size_t> rows(examples.rows());
  for (std::size_t i = 0; i < rows.size(); i++) rows[i] = i;
  auto model = std::make_unique<Gaussians>(Moments(problem, examples, rows), choice.shrink, options.smoothing);
  model->set_heat(choice.heat);
  return model;
}

}  // namespace

extern const Learner learner_gaussian;
const Learner learner_gaussian = learner<Options>(
    {.name = "gaussian",
     .title = "Normal distributions",
     .help = "Each label's rows as a normal distribution of its own shape: strong where numbers depend on each other.",
     .tasks = {Task::classify},
     .wants = {.complete = true, .scaled = true},
     .fields = {field("shrink", &Options::shrink,
                      "how far each label's shape is drawn to that of all rows; 0: as held-back rows tell",
                      {.min = 0, .max = 1}),
                field("smoothing", &Options::smoothing, "added to variances, as a share of the usual one",
                      {.min = 0, .max = 1})}},
    train);

}  // namespace gyre
