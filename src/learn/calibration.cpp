#include "learn/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "learn/sigmoid.hpp"

namespace gyre {

namespace {

constexpr double least = 1e-7, least_rest = 1e-3;
constexpr double least_gap = 0.25;  // between knots: a steep curve would make much of a float's last bit

// The nearest rising steps (pool adjacent violators), each as a knot at its mean log-odds.
Curve isotonic(const std::vector<double>& odds, const std::vector<bool>& truth, std::span<const double> weights) {
  struct Step {
    double weight, odds, hits;  // sums
  };
  std::vector<std::size_t> order(odds.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return odds[a] < odds[b]; });
  std::vector<Step> steps;
  auto level = [](const Step& step) { return step.hits / step.weight; };
  auto join_last = [&] {
    Step last = steps.back();
    steps.pop_back();
    steps.back().weight += last.weight, steps.back().odds += last.odds, steps.back().hits += last.hits;
  };
  for (auto i : order) {
    double weight = weights.empty() ? 1 : weights[i];
    if (weight <= 0) continue;
    steps.push_back({weight, weight * odds[i], truth[i] ? weight : 0});
    while (steps.size() > 1 && level(steps[steps.size() - 2]) >= level(steps.back())) join_last();
  }
  Curve curve;
  Step knot{0, 0, 0};
  for (auto& step : steps) {  // steps that lie close to each other share a knot
    bool far = knot.weight > 0 && step.odds / step.weight - knot.odds / knot.weight >= least_gap;
    if (far) {
      curve.odds.push_back(knot.odds / knot.weight);
      curve.probabilities.push_back(level(knot));
      knot = {0, 0, 0};
    }
    knot.weight += step.weight, knot.odds += step.odds, knot.hits += step.hits;
  }
  if (knot.weight > 0) {
    curve.odds.push_back(knot.odds / knot.weight);
    curve.probabilities.push_back(level(knot));
  }
  return curve;
}

// A sigmoid of the log-odds as knots: what follows need not know which it was.
Curve sigmoid_curve(const Sigmoid& sigmoid) {
  Curve curve;
  double low = calibration_odds(0), high = calibration_odds(1);
  constexpr int pieces = 400;
  for (int i = 0; i <= pieces; i++) {
    double odds = low + (high - low) * i / pieces;
    curve.odds.push_back(odds);
    curve.probabilities.push_back(1 / (1 + std::exp(-(sigmoid.slope * odds + sigmoid.move))));
  }
  return curve;
}

class Calibrated final : public Fitted {
 public:
  Calibrated(std::unique_ptr<Fitted> inner, std::vector<Curve> curves)
      : inner_(std::move(inner)), curves_(std::move(curves)) {}
  std::vector<double> predict(const Matrix& features, int threads) const override {
    auto probabilities = inner_->predict(features, threads);
    bool two = curves_.size() == 1;
    std::size_t classes = two ? 2 : curves_.size();
    for (std::size_t i = 0; i < probabilities.size(); i += classes) {
      double* row = probabilities.data() + i;
      if (two) {
        row[1] = curves_[0].at(calibration_odds(row[1]));
        row[0] = 1 - row[1];
        continue;
      }
      double sum = 0;
      for (std::size_t c = 0; c < classes; c++) sum += row[c] = std::max(1e-9, curves_[c].at(calibration_odds(row[c])));
      for (std::size_t c = 0; c < classes; c++) row[c] /= sum;
    }
    return probabilities;
  }
  std::string export_to(GraphBuilder& graph, const std::string& features) const override {
    std::string given = inner_->export_to(graph, features);
    bool two = curves_.size() == 1;
    std::vector<std::string> columns;
    for (std::size_t c = 0; c < curves_.size(); c++) {
      std::string one = graph.node(
          "Gather", {given, graph.constant(std::vector<std::int64_t>{static_cast<std::int64_t>(two ? 1 : c)})},
          {{"axis", std::int64_t{1}}});
      columns.push_back(export_curve(graph, curves_[c], one));
    }
    if (two)
      return graph.node("Concat", {graph.node("Sub", {graph.constant(1.0f), columns[0]}), columns[0]},
                        {{"axis", std::int64_t{1}}});
    std::string all =
        graph.node("Max", {graph.node("Concat", columns, {{"axis", std::int64_t{1}}}), graph.constant(1e-9f)});
    return graph.node("Div", {all, graph.node("ReduceSum", {all, graph.constant(std::vector<std::int64_t>{1})})});
  }
  std::vector<double> importance() const override { return inner_->importance(); }
  json::object about() const override { return inner_->about(); }

 private:
  static std::string export_curve(GraphBuilder& graph, const Curve& curve, const std::string& probability) {
    auto log_of = [&](const std::string& value, double floor) {
      return graph.node("Log", {graph.node("Max", {value, graph.constant(static_cast<float>(floor))})});
    };
    std::string odds = graph.node("Sub", {log_of(probability, least),
                                          log_of(graph.node("Sub", {graph.constant(1.0f), probability}), least_rest)});
    // The way along the odds within each piece, times how steep it is.
    std::vector<float> begins, ends, slopes;
    for (std::size_t k = 0; k + 1 < curve.odds.size(); k++) {
      begins.push_back(static_cast<float>(curve.odds[k]));
      ends.push_back(static_cast<float>(curve.odds[k + 1]));
      slopes.push_back(static_cast<float>((curve.probabilities[k + 1] - curve.probabilities[k]) /
                                          (curve.odds[k + 1] - curve.odds[k])));
    }
    if (slopes.empty()) begins = {0}, ends = {0}, slopes = {0};
    auto row = [&](const std::vector<float>& values) {
      return graph.constant(Tensor::floats({1, static_cast<std::int64_t>(values.size())}, values));
    };
    std::string begin = row(begins);
    std::string way = graph.node("Sub", {graph.node("Min", {graph.node("Max", {odds, begin}), row(ends)}), begin});
    std::string rise = graph.node(
        "MatMul", {way, graph.constant(Tensor::floats({static_cast<std::int64_t>(slopes.size()), 1}, slopes))});
    return graph.node("Add", {rise, graph.constant(static_cast<float>(curve.probabilities[0]))});
  }
  std::unique_ptr<Fitted> inner_;
  std::vector<Curve> curves_;  // one of two labels: of the second
};

}  // namespace

double Curve::at(double log_odds) const {
  auto above = std::upper_bound(odds.begin(), odds.end(), log_odds);
  if (above == odds.begin()) return probabilities.front();
  if (above == odds.end()) return probabilities.back();
  auto k = static_cast<std::size_t>(above - odds.begin());
  double share = (log_odds - odds[k - 1]) / (odds[k] - odds[k - 1]);
  return probabilities[k - 1] + share * (probabilities[k] - probabilities[k - 1]);
}

double calibration_odds(double probability) {
  return std::log(std::max(probability, least)) - std::log(std::max(1 - probability, least_rest));
}

std::vector<Curve> fit_curves(const std::string& how, std::span<const double> probabilities,
                              std::span<const double> targets, std::span<const double> weights, std::size_t classes) {
  std::vector<Curve> curves;
  for (std::size_t c = classes == 2 ? 1 : 0; c < classes; c++) {
    std::vector<double> odds;
    std::vector<bool> truth;
    for (std::size_t i = 0; i < targets.size(); i++) {
      odds.push_back(calibration_odds(probabilities[i * classes + c]));
      truth.push_back(targets[i] == static_cast<double>(c));
    }
    curves.push_back(how == "isotonic" ? isotonic(odds, truth, weights)
                                       : sigmoid_curve(fit_sigmoid(odds, truth, weights)));
  }
  return curves;
}

std::unique_ptr<Fitted> calibrated(std::unique_ptr<Fitted> inner, std::vector<Curve> curves) {
  return std::make_unique<Calibrated>(std::move(inner), std::move(curves));
}

}  // namespace gyre
