#include "learn/forecast/boost.hpp"

#include <algorithm>
#include <numeric>

#include "learn/boosting/bins.hpp"

namespace gyre {

namespace {

class Booster {
 public:
  Booster(const Matrix& features, std::span<const double> targets, const BoostPlan& plan)
      : features_(features), bins_(features), plan_(plan), left_(targets.begin(), targets.end()), rows_(left_.size()) {}

  TreeEnsemble run() {
    TreeEnsemble trees(features_.columns, 1, Link::none);
    double mean = std::accumulate(left_.begin(), left_.end(), 0.0) / static_cast<double>(left_.size());
    trees.add_base(0, mean);
    for (double& value : left_) value -= mean;
    for (std::size_t round = 0; round < plan_.rounds; round++) {
      Tree tree = grow();
      if (tree.nodes.size() == 1) break;  // nothing is left that a cut would tell
      trees.add(std::move(tree));
    }
    return trees;
  }

 private:
  struct Split {
    std::size_t feature = 0;
    std::uint8_t bin = 0;
    double gain = 0;
  };
  struct Sum {
    double value = 0;
    std::uint32_t rows = 0;
  };

  Tree grow() {
    Tree tree;
    tree.nodes.emplace_back();
    std::iota(rows_.begin(), rows_.end(), 0);
    grow(tree, 0, 0, rows_.size(), 0);
    return tree;
  }

  void grow(Tree& tree, std::size_t place, std::size_t from, std::size_t to, std::size_t depth) {
    Split split = depth < plan_.depth ? best_split(from, to) : Split{};
    if (!(split.gain > 0)) {
      double sum = 0;
      for (std::size_t i = from; i < to; i++) sum += left_[rows_[i]];
      double step = plan_.rate * sum / static_cast<double>(to - from);
      for (std::size_t i = from; i < to; i++) left_[rows_[i]] -= step;
      tree.nodes[place].value = step;
      return;
    }
    auto begin = rows_.begin();
    auto middle =
        std::stable_partition(begin + static_cast<std::ptrdiff_t>(from), begin + static_cast<std::ptrdiff_t>(to),
                              [&](std::uint32_t row) { return bins_.at(row, split.feature) <= split.bin; });
    auto cut = static_cast<std::size_t>(middle - begin), left = tree.nodes.size();
    tree.nodes.resize(left + 2);
    auto& node = tree.nodes[place];
    node.feature = static_cast<std::int32_t>(split.feature);
    node.threshold = bins_.upper(split.feature, split.bin);
    node.left = static_cast<std::int32_t>(left), node.right = node.left + 1;
    grow(tree, left, from, cut, depth + 1);
    grow(tree, left + 1, cut, to, depth + 1);
  }

  Split best_split(std::size_t from, std::size_t to) {
    Split best;
    if (to - from < 2 * plan_.min_rows) return best;
    Sum all;
    double squares = 0;
    for (std::size_t i = from; i < to; i++) {
      double value = left_[rows_[i]];
      all.value += value, squares += value * value;
    }
    all.rows = static_cast<std::uint32_t>(to - from);
    double before = all.value * all.value / all.rows;
    best.gain = 1e-9 * squares;  // less is rounding
    double least = best.gain;
    for (std::size_t feature = 0; feature < features_.columns; feature++) {
      std::size_t count = bins_.count(feature);
      if (count < 2) continue;
      sums_.assign(count, Sum{});
      for (std::size_t i = from; i < to; i++) {
        auto& sum = sums_[bins_.at(rows_[i], feature)];
        sum.value += left_[rows_[i]], sum.rows++;
      }
      Sum below;
      for (std::size_t bin = 0; bin + 1 < count; bin++) {
        below.value += sums_[bin].value, below.rows += sums_[bin].rows;
        std::uint32_t above = all.rows - below.rows;
        if (below.rows < plan_.min_rows || above < plan_.min_rows) continue;
        double rest = all.value - below.value;
        double gain = below.value * below.value / below.rows + rest * rest / above - before;
        if (gain > best.gain) best = {feature, static_cast<std::uint8_t>(bin), gain};
      }
    }
    if (!(best.gain > least)) best.gain = 0;
    return best;
  }

  const Matrix& features_;
  Bins bins_;
  BoostPlan plan_;
  std::vector<double> left_;  // of the targets, that the trees do not tell yet
  std::vector<std::uint32_t> rows_;
  std::vector<Sum> sums_;
};

}  // namespace

TreeEnsemble boost(const Matrix& features, std::span<const double> targets, const BoostPlan& plan) {
  return Booster(features, targets, plan).run();
}

}  // namespace gyre
