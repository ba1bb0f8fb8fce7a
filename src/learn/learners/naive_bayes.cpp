// Each label's features as independent normal distributions: a weighted sum of the features and their squares.
#include <cmath>

#include "learn/boosting/trees.hpp"

namespace gyre {

namespace {

struct Options {
  double smoothing = 1e-9;
};

class NaiveBayes final : public Fitted {
 public:
  NaiveBayes(std::size_t classes, std::size_t features)
      : classes_(classes),
        features_(features),
        means_(classes * features),
        variances_(classes * features),
        priors_(classes) {}

  void fit(const Examples& examples, double smoothing) {
    double all = 0, widest = 0;
    std::vector<double> total(features_), squares(features_);
    for (std::size_t i = 0; i < examples.rows(); i++) {
      auto c = static_cast<std::size_t>(examples.targets[i]);
      double weight = examples.weight(i);
      priors_[c] += weight, all += weight;
      for (std::size_t f = 0; f < features_; f++) {
        double value = examples.features->at(i, f);
        means_[c * features_ + f] += weight * value;
        total[f] += weight * value, squares[f] += weight * value * value;
      }
    }
    for (std::size_t c = 0; c < classes_; c++)
      for (std::size_t f = 0; f < features_; f++)
        if (priors_[c] > 0) means_[c * features_ + f] /= priors_[c];
    for (std::size_t i = 0; i < examples.rows(); i++) {
      auto c = static_cast<std::size_t>(examples.targets[i]);
      for (std::size_t f = 0; f < features_; f++) {
        double off = examples.features->at(i, f) - means_[c * features_ + f];
        variances_[c * features_ + f] += examples.weight(i) * off * off;
      }
    }
    for (std::size_t f = 0; f < features_; f++)
      widest = std::max(widest, squares[f] / all - total[f] / all * total[f] / all);
    for (std::size_t c = 0; c < classes_; c++)
      for (std::size_t f = 0; f < features_; f++) {
        double& variance = variances_[c * features_ + f];
        // At least a thousandth of the widest: floats, in which models compute, cannot tell more apart.
        variance = (priors_[c] > 0 ? variance / priors_[c] : widest) + std::max(smoothing, 1e-3) * widest + 1e-12;
      }
    for (double& prior : priors_) prior = std::log(std::max(prior, 1e-12) / all);
  }

  std::vector<double> predict(const Matrix& matrix, int threads) const override {
    std::vector<double> sums(matrix.rows * classes_);
    for_rows(matrix.rows, threads, [&](std::size_t from, std::size_t to) {
      for (std::size_t i = from; i < to; i++)
        for (std::size_t c = 0; c < classes_; c++) {
          double sum = priors_[c];
          for (std::size_t f = 0; f < features_; f++) {
            double variance = variances_[c * features_ + f], off = matrix.at(i, f) - means_[c * features_ + f];
            sum -= off * off / (2 * variance) + std::log(variance) / 2;
          }
          sums[i * classes_ + c] = sum;
        }
    });
    return linked(std::move(sums), classes_, Link::softmax);
  }

  // In doubles: large squares are taken from each other.
  std::string export_to(GraphBuilder& graph, const std::string& features) const override {
    auto f64 = [&](std::vector<std::int64_t> shape, const std::vector<double>& values) {
      Tensor tensor = Tensor::zeros(DataType::f64, std::move(shape));
      std::copy(values.begin(), values.end(), tensor.as<double>().begin());
      return graph.constant(tensor);
    };
    auto rows = static_cast<std::int64_t>(features_), columns = static_cast<std::int64_t>(classes_);
    std::vector<double> of_squares(features_ * classes_), of_values(features_ * classes_), biases(priors_);
    for (std::size_t c = 0; c < classes_; c++)
      for (std::size_t f = 0; f < features_; f++) {
        double variance = variances_[c * features_ + f], mean = means_[c * features_ + f];
        of_squares[f * classes_ + c] = -1 / (2 * variance);
        of_values[f * classes_ + c] = mean / variance;
        biases[c] -= mean * mean / (2 * variance) + std::log(variance) / 2;
      }
    std::string wide = graph.node("Cast", {features}, {{"to", std::int64_t{11}}});
    std::string squares = graph.node("MatMul", {graph.node("Mul", {wide, wide}), f64({rows, columns}, of_squares)});
    std::string values = graph.node("MatMul", {wide, f64({rows, columns}, of_values)});
    std::string sums = graph.node("Add", {graph.node("Add", {squares, values}), f64({columns}, biases)});
    std::string shares = graph.node("Softmax", {sums}, {{"axis", std::int64_t{1}}});
    return graph.node("Cast", {shares}, {{"to", std::int64_t{1}}});
  }

 private:
  std::size_t classes_, features_;
  std::vector<double> means_, variances_, priors_;
};

std::unique_ptr<Fitted> train(const Options& options, const Problem& problem, const Examples& examples,
                              const TrainingContext&) {
  auto model = std::make_unique<NaiveBayes>(problem.classes, examples.features->columns);
  model->fit(examples, options.smoothing);
  return model;
}

}  // namespace

extern const Learner learner_naive_bayes;
const Learner learner_naive_bayes = learner<Options>(
    {.name = "naive-bayes",
     .title = "Naive Bayes",
     .help = "Each feature votes by itself: learned in one pass, good where rows are few.",
     .tasks = {Task::classify},
     .wants = {.complete = true, .scaled = true},
     .fields = {field("smoothing", &Options::smoothing, "added to variances, as a share of the widest feature's",
                      {.min = 0, .max = 1})}},
    train);

}  // namespace gyre
