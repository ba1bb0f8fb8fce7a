#pragma once
// A learner of what is usual with the features it looks at: one number for each raw row, the larger the odder.
#include "learn/unsupervised/anomaly.hpp"
#include "learn/unsupervised/row_model.hpp"

namespace gyre {

class AnomalyModel final : public RowModel {
 public:
  AnomalyModel(Featuriser featuriser, std::unique_ptr<Fitted> fitted)
      : featuriser_(std::move(featuriser)), fitted_(std::move(fitted)) {}
  std::vector<RowAnswer> export_to(GraphBuilder& graph, TableInputs& inputs) const override {
    graph.part("pre");
    auto features = featuriser_.export_to(graph, inputs);
    graph.part("net");
    auto score = fitted_->export_to(graph, features);
    graph.part("post");
    return {{"score", score}};
  }
  std::vector<std::vector<double>> answers(const Table& table, int threads) const override {
    return {scores(table, threads)};
  }
  std::vector<double> scores(const Table& table, int threads) const {
    return fitted_->predict(featuriser_.transform(table), threads);
  }
  const Featuriser& featuriser() const { return featuriser_; }
  const Fitted& fitted() const { return *fitted_; }

 private:
  Featuriser featuriser_;
  std::unique_ptr<Fitted> fitted_;
};

// The score from which on so large a share of `scores` is an alarm; the last usual one itself is none.
double alarm_threshold(std::vector<double> scores, double alarms);

}  // namespace gyre
