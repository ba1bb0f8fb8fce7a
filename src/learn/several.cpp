#include "learn/several.hpp"

#include <optional>

namespace gyre {

namespace {

struct Duel {
  std::size_t label;
  std::optional<std::size_t> against;  // nothing: all others
};

// Rows of two sides: 1 is the duel's label.
struct Sides {
  Matrix features;  // where not all rows are needed
  std::vector<double> targets, weights;
  Examples examples(const Examples& all) const { return {features.rows ? &features : all.features, targets, weights}; }
};

Sides sides_of(const Duel& duel, const Examples& examples) {
  Sides sides;
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < examples.targets.size(); i++) {
    auto label = static_cast<std::size_t>(examples.targets[i]);
    if (duel.against && label != duel.label && label != *duel.against) continue;
    rows.push_back(i);
    sides.targets.push_back(label == duel.label ? 1 : 0);
    if (!examples.weights.empty()) sides.weights.push_back(examples.weights[i]);
  }
  if (duel.against) sides.features = examples.features->take(rows);
  return sides;
}

class Duellists final : public Fitted {
 public:
  Duellists(std::vector<Duel> duels, std::vector<std::unique_ptr<Fitted>> models, std::size_t classes)
      : duels_(std::move(duels)), models_(std::move(models)), classes_(classes) {}
  std::vector<double> predict(const Matrix& features, int threads) const override {
    std::vector<double> all(features.rows * classes_);
    for (std::size_t d = 0; d < duels_.size(); d++) {
      auto two = models_[d]->predict(features, threads);
      for (std::size_t i = 0; i < features.rows; i++) {
        all[i * classes_ + duels_[d].label] += two[2 * i + 1];
        if (duels_[d].against) all[i * classes_ + *duels_[d].against] += two[2 * i];
      }
    }
    for (std::size_t i = 0; i < all.size(); i += classes_) {
      double sum = 0;
      for (std::size_t c = 0; c < classes_; c++) sum += all[i + c] = std::max(1e-9, all[i + c]);
      for (std::size_t c = 0; c < classes_; c++) all[i + c] /= sum;
    }
    return all;
  }
  std::string export_to(GraphBuilder& graph, const std::string& features) const override {
    std::vector<std::string> answers;
    std::vector<float> shares(duels_.size() * 2 * classes_);  // whose each of the models' probabilities is
    for (std::size_t d = 0; d < duels_.size(); d++) {
      answers.push_back(models_[d]->export_to(graph, features));
      shares[(2 * d + 1) * classes_ + duels_[d].label] = 1;
      if (duels_[d].against) shares[2 * d * classes_ + *duels_[d].against] = 1;
    }
    std::string two = graph.node("Concat", answers, {{"axis", std::int64_t{1}}});
    auto rows = static_cast<std::int64_t>(duels_.size() * 2), columns = static_cast<std::int64_t>(classes_);
    std::string sums = graph.node("MatMul", {two, graph.constant(Tensor::floats({rows, columns}, shares))});
    std::string all = graph.node("Max", {sums, graph.constant(1e-9f)});
    return graph.node("Div", {all, graph.node("ReduceSum", {all, graph.constant(std::vector<std::int64_t>{1})})});
  }
  std::vector<double> importance() const override {
    std::vector<double> sum;
    for (auto& model : models_) {
      auto one = model->importance();
      sum.resize(std::max(sum.size(), one.size()));
      for (std::size_t f = 0; f < one.size(); f++) sum[f] += one[f];
    }
    return sum;
  }
  json::object about() const override { return {{"models", models_.size()}}; }

 private:
  std::vector<Duel> duels_;
  std::vector<std::unique_ptr<Fitted>> models_;
  std::size_t classes_;
};

}  // namespace

std::unique_ptr<Fitted> train_several(const std::string& how, const Learner& learner, const json::object& options,
                                      std::size_t classes, const Examples& examples, const TrainingContext& context) {
  std::vector<Duel> duels;
  for (std::size_t c = 0; c < classes; c++) {
    if (how == "one-vs-rest") duels.push_back({c, std::nullopt});
    for (std::size_t other = 0; how == "one-vs-one" && other < c; other++) duels.push_back({c, other});
  }
  std::vector<std::unique_ptr<Fitted>> models;
  for (auto& duel : duels) {
    Sides sides = sides_of(duel, examples), check_sides;
    TrainingContext of_two = context;
    if (context.has_check()) {
      check_sides = sides_of(duel, context.check);
      of_two.check = check_sides.targets.empty() ? Examples{} : check_sides.examples(context.check);
    }
    models.push_back(learner.train(options, {Task::classify, 2}, sides.examples(examples), of_two));
  }
  return std::make_unique<Duellists>(std::move(duels), std::move(models), classes);
}

}  // namespace gyre
