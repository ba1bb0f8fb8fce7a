// Random forests and extremely random trees of our own: each tree grown deep on its own draw of the rows, answers
// averaged.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.hpp"
#include "learn/boosting/bins.hpp"
#include "learn/boosting/trees.hpp"

namespace gyre {

namespace {

struct Options {
  std::int64_t trees = 200;
  bool extra = false;
  double feature_share = 0;
  std::int64_t min_rows = 1;
  std::int64_t depth = 0;
  bool bootstrap = true;
};

// What is known of a group of rows: weights of labels, or weight, sum and squares of numbers.
class Grower {
 public:
  Grower(const Options& options, const Problem& problem, const Examples& examples, const Bins& bins, Random random)
      : options_(options), problem_(problem), examples_(examples), bins_(bins), random_(random) {
    width_ = problem.task == Task::classify ? problem.classes : 2;  // of numbers: weight, sum
    std::size_t features = examples.features->columns;
    double share = options.feature_share > 0 ? options.feature_share
                   : problem.task == Task::classify
                       ? std::sqrt(static_cast<double>(features)) / static_cast<double>(features)
                   : options.extra ? 1.0
                                   : 1.0 / 3;
    tried_ = std::clamp<std::size_t>(static_cast<std::size_t>(std::lround(share * static_cast<double>(features))), 1,
                                     features);
    order_.resize(features);
    right_.resize(width_);
    std::iota(order_.begin(), order_.end(), 0);
  }

  Tree grow() {
    draw_rows();
    Tree tree;
    struct Open {
      std::size_t node, from, to, depth;
    };
    std::vector<Open> open{{0, 0, rows_.size(), 0}};
    tree.nodes.emplace_back();
    while (!open.empty()) {
      Open here = open.back();
      open.pop_back();
      auto split = here.depth < depth_limit() ? best_split(here.from, here.to) : std::nullopt;
      if (!split) {
        make_leaf(tree, here.node, here.from, here.to);
        continue;
      }
      auto middle = std::partition(rows_.begin() + static_cast<std::ptrdiff_t>(here.from),
                                   rows_.begin() + static_cast<std::ptrdiff_t>(here.to),
                                   [&](std::uint32_t row) { return bins_.at(row, split->feature) <= split->bin; });
      auto cut = static_cast<std::size_t>(middle - rows_.begin());
      auto left = static_cast<std::int32_t>(tree.nodes.size());
      tree.nodes.resize(tree.nodes.size() + 2);
      auto& node = tree.nodes[here.node];
      node.feature = static_cast<std::int32_t>(split->feature);
      node.threshold = bins_.upper(split->feature, split->bin);
      node.missing_left = true;  // holes are in the lowest bin
      node.left = left, node.right = left + 1;
      gain_[split->feature] += split->gain;
      open.push_back({static_cast<std::size_t>(left) + 1, cut, here.to, here.depth + 1});
      open.push_back({static_cast<std::size_t>(left), here.from, cut, here.depth + 1});
    }
    return tree;
  }
  const std::vector<double>& gain() const { return gain_; }

 private:
  struct Split {
    std::size_t feature = 0;
    std::uint8_t bin = 0;
    double gain = 0;
  };

  std::size_t depth_limit() const { return options_.depth ? static_cast<std::size_t>(options_.depth) : 10000; }

  void draw_rows() {
    std::size_t count = examples_.rows();
    counts_.assign(count, options_.bootstrap && !options_.extra ? 0 : 1);
    if (options_.bootstrap && !options_.extra)
      for (std::size_t i = 0; i < count; i++) counts_[random_.below(count)]++;
    rows_.clear();
    for (std::size_t i = 0; i < count; i++)
      if (counts_[i]) rows_.push_back(static_cast<std::uint32_t>(i));
    gain_.assign(examples_.features->columns, 0);
  }

  void add(double* to, std::uint32_t row) const {
    double weight = examples_.weight(row) * counts_[row], target = examples_.targets[row];
    if (problem_.task == Task::classify)
      to[static_cast<std::size_t>(target)] += weight;
    else
      to[0] += weight, to[1] += weight * target;
  }

  // What purity is worth: the larger the better, additive over groups.
  double worth(const double* sums) const {
    if (problem_.task == Task::regress) return sums[0] > 0 ? sums[1] * sums[1] / sums[0] : 0;
    double weight = 0, squares = 0;
    for (std::size_t c = 0; c < width_; c++) weight += sums[c], squares += sums[c] * sums[c];
    return weight > 0 ? squares / weight : 0;
  }

  std::optional<Split> best_split(std::size_t from, std::size_t to) {
    auto least = static_cast<std::size_t>(std::max<std::int64_t>(1, options_.min_rows));
    if (to - from < 2 * least || to - from < 2) return std::nullopt;
    std::vector<double> all(width_);
    bool pure = true;
    for (std::size_t i = from; i < to; i++) {
      add(all.data(), rows_[i]);
      pure &= examples_.targets[rows_[i]] == examples_.targets[rows_[from]];
    }
    if (pure) return std::nullopt;
    Split best;
    double here = worth(all.data());
    std::size_t looked = 0;
    for (std::size_t k = 0; k < order_.size() && looked < tried_; k++) {
      std::swap(order_[k], order_[k + random_.below(order_.size() - k)]);
      looked += try_feature(order_[k], from, to, least, all, here, best);  // a constant one does not count
    }
    return best.gain > 1e-12 * std::max(1.0, std::abs(here)) ? std::optional(best) : std::nullopt;
  }

  bool try_feature(std::size_t feature, std::size_t from, std::size_t to, std::size_t least,
                   const std::vector<double>& all, double here, Split& best) {
    std::uint8_t low = 255, high = 0;
    for (std::size_t i = from; i < to; i++) {
      std::uint8_t bin = bins_.at(rows_[i], feature);
      low = std::min(low, bin), high = std::max(high, bin);
    }
    if (low == high) return false;
    left_.assign(width_, 0);
    std::size_t rows = 0;
    auto judge = [&](std::uint8_t bin) {
      if (rows < least || to - from - rows < least) return;
      for (std::size_t w = 0; w < width_; w++) right_[w] = all[w] - left_[w];
      double gain = worth(left_.data()) + worth(right_.data()) - here;
      if (gain > best.gain) best = {feature, bin, gain};
    };
    if (options_.extra) {
      auto cut = static_cast<std::uint8_t>(low + random_.below(static_cast<std::uint64_t>(high - low)));
      for (std::size_t i = from; i < to; i++)
        if (bins_.at(rows_[i], feature) <= cut) add(left_.data(), rows_[i]), rows++;
      judge(cut);
    } else if (to - from < 128) {  // few rows: sorting them is quicker than clearing a histogram
      sorted_.clear();
      for (std::size_t i = from; i < to; i++)
        sorted_.push_back(static_cast<std::uint64_t>(bins_.at(rows_[i], feature)) << 32 | rows_[i]);
      std::sort(sorted_.begin(), sorted_.end());
      for (std::size_t i = 0; i + 1 < sorted_.size(); i++) {
        add(left_.data(), static_cast<std::uint32_t>(sorted_[i]));
        rows++;
        if (sorted_[i] >> 32 != sorted_[i + 1] >> 32) judge(static_cast<std::uint8_t>(sorted_[i] >> 32));
      }
    } else {
      std::size_t bins = bins_.count(feature);
      sums_.assign(bins * width_, 0), sizes_.assign(bins, 0);
      for (std::size_t i = from; i < to; i++) {
        std::uint8_t bin = bins_.at(rows_[i], feature);
        add(sums_.data() + bin * width_, rows_[i]);
        sizes_[bin]++;
      }
      for (std::size_t bin = low; bin < high; bin++) {
        if (!sizes_[bin]) continue;
        for (std::size_t w = 0; w < width_; w++) left_[w] += sums_[bin * width_ + w];
        rows += sizes_[bin];
        judge(static_cast<std::uint8_t>(bin));
      }
    }
    return true;
  }

  void make_leaf(Tree& tree, std::size_t node, std::size_t from, std::size_t to) const {
    std::vector<double> sums(width_);
    for (std::size_t i = from; i < to; i++) add(sums.data(), rows_[i]);
    if (problem_.task == Task::regress) {
      tree.nodes[node].value = sums[0] > 0 ? sums[1] / sums[0] : 0;
      return;
    }
    double weight = std::accumulate(sums.begin(), sums.end(), 0.0);
    tree.nodes[node].left = static_cast<std::int32_t>(tree.rows.size() / width_);
    for (double sum : sums) tree.rows.push_back(weight > 0 ? sum / weight : 1 / static_cast<double>(width_));
  }

  const Options& options_;
  const Problem& problem_;
  const Examples& examples_;
  const Bins& bins_;
  Random random_;
  std::size_t width_ = 0, tried_ = 1;
  std::vector<std::size_t> order_;
  std::vector<std::uint32_t> rows_, counts_;
  std::vector<double> sums_, gain_, left_, right_;
  std::vector<std::uint64_t> sorted_;  // bin and row
  std::vector<std::size_t> sizes_;
};

std::unique_ptr<Fitted> train(const Options& options, const Problem& problem, const Examples& examples,
                              const TrainingContext& context) {
  Bins bins(*examples.features);
  auto count = static_cast<std::size_t>(options.trees);
  std::vector<Tree> trees(count);
  std::vector<std::vector<double>> gains(count);
  Random random(context.seed);
  for_each(count, context.threads, [&](std::size_t i) {
    if (i > 0 && context.stop()) return;
    Grower grower(options, problem, examples, bins, random.split(i));
    trees[i] = grower.grow();
    gains[i] = grower.gain();
  });
  bool labels = problem.task == Task::classify;
  auto forest = std::make_unique<TreeEnsemble>(examples.features->columns, labels ? problem.classes : 1,
                                               labels ? Link::shares : Link::none);
  std::vector<double> importance(examples.features->columns);
  std::size_t made = 0;
  for (std::size_t i = 0; i < count; i++) {
    if (trees[i].nodes.empty()) continue;
    forest->add(std::move(trees[i]));
    for (std::size_t f = 0; f < importance.size(); f++) importance[f] += gains[i][f];
    made++;
  }
  forest->scale(1 / static_cast<double>(made));
  forest->set_importance(std::move(importance));
  forest->set_about({{"trees", made}});
  return forest;
}

}  // namespace

extern const Learner learner_forest;
const Learner learner_forest = learner<Options>(
    {.name = "forest",
     .title = "Random forest",
     .help = "Many deep trees, each on its own draw of the rows: hard to get wrong.",
     .tasks = {Task::classify, Task::regress},
     .wants = {},
     .fields = {field("trees", &Options::trees, "how many", {.min = 1, .max = 100000}),
                field("extra", &Options::extra, "extremely random: one random threshold for each feature, all rows"),
                field("feature-share", &Options::feature_share,
                      "share of the features that each split looks at; 0: as usual for the task", {.min = 0, .max = 1}),
                field("min-rows", &Options::min_rows, "rows in a leaf at least", {.min = 1, .max = 1e9}),
                field("depth", &Options::depth, "levels at most; 0: no limit", {.min = 0, .max = 1000}),
                field("bootstrap", &Options::bootstrap, "each tree sees a draw of the rows with repetition")}},
    train);

}  // namespace gyre
