// What few random cuts separate from all other rows is odd (Liu, Ting and Zhou, 2008).
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.hpp"
#include "learn/boosting/trees.hpp"
#include "learn/unsupervised/anomaly.hpp"

namespace gyre {

namespace {

struct Options {
  std::int64_t trees = 200;
  std::int64_t sample = 256;
};

// Mean number of cuts to find one of so many rows: as in a binary search tree without luck.
double mean_depth(std::size_t rows) {
  if (rows < 2) return 0;
  if (rows == 2) return 1;
  double n = static_cast<double>(rows);
  return 2 * (std::log(n - 1) + 0.57721566490153286) - 2 * (n - 1) / n;
}

class IsolationForest final : public Fitted {
 public:
  IsolationForest(TreeEnsemble depths, double usual) : depths_(std::move(depths)), usual_(usual) {}
  std::vector<double> predict(const Matrix& features, int threads) const override {
    auto scores = depths_.predict(features, threads);
    for (double& score : scores) score = std::exp2(-score / usual_);
    return scores;
  }
  std::string export_to(GraphBuilder& graph, const std::string& features) const override {
    auto factor = graph.constant(static_cast<float>(-std::log(2.0) / usual_));
    return graph.node("Exp", {graph.node("Mul", {depths_.export_to(graph, features), factor})});
  }
  json::object about() const override { return {{"trees", depths_.trees().size()}}; }

 private:
  TreeEnsemble depths_;
  double usual_;
};

class Isolator {
 public:
  Isolator(const Matrix& features, std::size_t sample, Random random)
      : features_(features), random_(random), order_(features.columns) {
    std::vector<std::uint32_t> all(features.rows);
    std::iota(all.begin(), all.end(), 0);
    for (std::size_t i = 0; i < sample; i++) std::swap(all[i], all[i + random_.below(all.size() - i)]);
    rows_.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(sample));
    std::iota(order_.begin(), order_.end(), 0);
    while ((std::size_t{1} << deepest_) < sample) deepest_++;
  }

  Tree grow() {
    Tree tree;
    tree.nodes.emplace_back();
    grow(tree, 0, 0, rows_.size(), 0);
    return tree;
  }

 private:
  void grow(Tree& tree, std::size_t place, std::size_t from, std::size_t to, std::size_t depth) {
    float threshold = 0;
    std::size_t feature = 0;
    if (depth >= deepest_ || to - from < 2 || !draw_cut(from, to, feature, threshold)) {
      tree.nodes[place].value = static_cast<double>(depth) + mean_depth(to - from);
      return;
    }
    auto begin = rows_.begin();
    auto middle = std::partition(begin + static_cast<std::ptrdiff_t>(from), begin + static_cast<std::ptrdiff_t>(to),
                                 [&](std::uint32_t row) { return features_.at(row, feature) <= threshold; });
    auto cut = static_cast<std::size_t>(middle - begin), left = tree.nodes.size();
    tree.nodes.resize(left + 2);
    auto& node = tree.nodes[place];
    node.feature = static_cast<std::int32_t>(feature);
    node.threshold = threshold;
    node.left = static_cast<std::int32_t>(left), node.right = node.left + 1;
    grow(tree, left, from, cut, depth + 1);
    grow(tree, left + 1, cut, to, depth + 1);
  }

  // A random place between the least and the largest value of a random feature that is not the same in all rows.
  bool draw_cut(std::size_t from, std::size_t to, std::size_t& feature, float& threshold) {
    for (std::size_t k = 0; k < order_.size(); k++) {
      std::swap(order_[k], order_[k + random_.below(order_.size() - k)]);
      feature = order_[k];
      float low = features_.at(rows_[from], feature), high = low;
      for (std::size_t i = from + 1; i < to; i++) {
        float value = features_.at(rows_[i], feature);
        low = std::min(low, value), high = std::max(high, value);
      }
      if (!(low < high)) continue;
      threshold = static_cast<float>(random_.uniform(low, high));
      if (!(threshold < high)) threshold = low;
      return true;
    }
    return false;
  }

  const Matrix& features_;
  Random random_;
  std::vector<std::uint32_t> rows_;
  std::vector<std::size_t> order_;
  std::size_t deepest_ = 0;
};

std::unique_ptr<Fitted> train(const Options& options, const Problem&, const Examples& examples,
                              const TrainingContext& context) {
  auto& features = *examples.features;
  std::size_t sample = std::min(static_cast<std::size_t>(options.sample), features.rows);
  std::vector<Tree> trees(static_cast<std::size_t>(options.trees));
  Random random(context.seed);
  for_each(trees.size(), context.threads,
           [&](std::size_t i) { trees[i] = Isolator(features, sample, random.split(i)).grow(); });
  TreeEnsemble depths(features.columns, 1, Link::none);
  for (auto& tree : trees) depths.add(std::move(tree));
  depths.scale(1 / static_cast<double>(trees.size()));
  return std::make_unique<IsolationForest>(std::move(depths), mean_depth(sample));
}

}  // namespace

const Learner anomaly_isolation_forest = learner<Options>(
    {.name = "isolation-forest",
     .title = "Isolation forest",
     .help = "What few random cuts separate from the other rows is odd; scores are between 0 and 1.",
     .tasks = {},
     .wants = {.complete = true},
     .fields = {field("trees", &Options::trees, "how many", {.min = 1, .max = 10000}),
                field("sample", &Options::sample, "rows that each tree sees", {.min = 2, .max = 1e6})}},
    train);

}  // namespace gyre
