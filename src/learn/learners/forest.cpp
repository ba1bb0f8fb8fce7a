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

// Grows one tree. Numbers are told apart by their sums of squares. So are two labels, as 0 and 1: that is the same as
// by their impurity.
class Grower {
 public:
  Grower(const Options& options, const Problem& problem, const Examples& examples, const Bins& bins, Random random)
      : options_(options), problem_(problem), examples_(examples), bins_(bins), random_(random) {
    numbers_ = problem.task == Task::regress || problem.classes == 2;
    width_ = numbers_ ? 2 : problem.classes;
    if (problem.task == Task::regress)
      for (double target : examples.targets) middle_ += target / static_cast<double>(examples.rows());
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
      gather(std::span(rows_).subspan(here.from, here.to - here.from));
      auto split = here.depth < depth_limit() ? best_split() : std::nullopt;
      if (!split) {
        make_leaf(tree, here.node);
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
    bool draws = options_.bootstrap && !options_.extra;
    weight_of_row_.assign(count, draws ? 0 : 1);
    if (draws)
      for (std::size_t i = 0; i < count; i++) weight_of_row_[random_.below(count)]++;
    rows_.clear();
    for (std::size_t i = 0; i < count; i++) {
      if (weight_of_row_[i] > 0) rows_.push_back(static_cast<std::uint32_t>(i));
      weight_of_row_[i] *= examples_.weight(i);
    }
    gain_.assign(examples_.features->columns, 0);
  }

  // What all features of a node look at, side by side: the weights and targets of its rows, and their sums.
  void gather(std::span<const std::uint32_t> rows) {
    here_ = rows;
    weights_.resize(rows.size()), values_.resize(rows.size()), cells_.resize(rows.size());
    all_.assign(width_, 0);
    pure_ = true;
    for (std::size_t k = 0; k < rows.size(); k++) {
      double target = examples_.targets[rows[k]];
      weights_[k] = weight_of_row_[rows[k]];
      values_[k] = numbers_ ? weights_[k] * (target - middle_) : target;
      pure_ &= target == examples_.targets[rows[0]];
      add(all_.data(), k);
    }
  }

  void add(double* to, std::size_t k) const {
    if (numbers_)
      to[0] += weights_[k], to[1] += values_[k];
    else
      to[static_cast<std::size_t>(values_[k])] += weights_[k];
  }

  // What purity is worth: the larger the better, additive over groups.
  double worth(const double* sums) const {
    if (numbers_) return sums[0] > 0 ? sums[1] * sums[1] / sums[0] : 0;
    double weight = 0, squares = 0;
    for (std::size_t c = 0; c < width_; c++) weight += sums[c], squares += sums[c] * sums[c];
    return weight > 0 ? squares / weight : 0;
  }

  std::optional<Split> best_split() {
    auto least = static_cast<std::size_t>(std::max<std::int64_t>(1, options_.min_rows));
    if (here_.size() < 2 * least || here_.size() < 2 || pure_) return std::nullopt;
    Split best;
    double worth_here = worth(all_.data());
    std::size_t looked = 0;
    for (std::size_t k = 0; k < order_.size() && looked < tried_; k++) {
      std::swap(order_[k], order_[k + random_.below(order_.size() - k)]);
      looked += try_feature(order_[k], least, worth_here, best);  // a constant one does not count
    }
    return best.gain > 1e-12 * std::max(1.0, std::abs(worth_here)) ? std::optional(best) : std::nullopt;
  }

  bool try_feature(std::size_t feature, std::size_t least, double worth_here, Split& best) {
    const std::uint8_t* column = bins_.column(feature);
    std::uint8_t low = 255, high = 0;
    for (std::size_t k = 0; k < here_.size(); k++) {
      std::uint8_t bin = cells_[k] = column[here_[k]];
      low = std::min(low, bin), high = std::max(high, bin);
    }
    if (low == high) return false;
    left_.assign(width_, 0);
    std::size_t rows = 0;
    auto judge = [&](std::uint8_t bin) {
      if (rows < least || here_.size() - rows < least) return;
      for (std::size_t w = 0; w < width_; w++) right_[w] = all_[w] - left_[w];
      double gain = worth(left_.data()) + worth(right_.data()) - worth_here;
      if (gain > best.gain) best = {feature, bin, gain};
    };
    if (options_.extra) {
      auto cut = static_cast<std::uint8_t>(low + random_.below(static_cast<std::uint64_t>(high - low)));
      rows = add_up_to(cut);
      judge(cut);
    } else if (here_.size() < 128) {  // few rows: sorting them is quicker than clearing a histogram
      sorted_.clear();
      for (std::size_t k = 0; k < here_.size(); k++) sorted_.push_back(static_cast<std::uint16_t>(cells_[k] << 8 | k));
      std::sort(sorted_.begin(), sorted_.end());
      for (std::size_t i = 0; i + 1 < sorted_.size(); i++) {
        add(left_.data(), sorted_[i] & 0xff);
        rows++;
        if (sorted_[i] >> 8 != sorted_[i + 1] >> 8) judge(static_cast<std::uint8_t>(sorted_[i] >> 8));
      }
    } else {
      std::size_t bins = high - low + std::size_t{1};
      sums_.assign(bins * width_, 0), sizes_.assign(bins, 0);
      for (std::size_t k = 0; k < here_.size(); k++) {
        std::size_t bin = cells_[k] - std::size_t{low};
        add(sums_.data() + bin * width_, k);
        sizes_[bin]++;
      }
      for (std::size_t bin = 0; bin + 1 < bins; bin++) {
        if (!sizes_[bin]) continue;
        for (std::size_t w = 0; w < width_; w++) left_[w] += sums_[bin * width_ + w];
        rows += sizes_[bin];
        judge(static_cast<std::uint8_t>(low + bin));
      }
    }
    return true;
  }

  // Adds the rows up to a bin to `left_`, without a branch that nobody could foresee; gives how many they are.
  std::size_t add_up_to(std::uint8_t cut) {
    std::size_t rows = 0;
    if (!numbers_) {
      for (std::size_t k = 0; k < here_.size(); k++) {
        bool is_left = cells_[k] <= cut;
        left_[static_cast<std::size_t>(values_[k])] += is_left ? weights_[k] : 0;
        rows += is_left;
      }
      return rows;
    }
    constexpr std::size_t lanes = 4;
    double weights[lanes] = {}, values[lanes] = {};
    std::size_t k = 0;
    for (; k + lanes <= here_.size(); k += lanes)
      for (std::size_t lane = 0; lane < lanes; lane++) {
        bool is_left = cells_[k + lane] <= cut;
        weights[lane] += is_left ? weights_[k + lane] : 0;
        values[lane] += is_left ? values_[k + lane] : 0;
        rows += is_left;
      }
    for (; k < here_.size(); k++)
      if (cells_[k] <= cut) weights[0] += weights_[k], values[0] += values_[k], rows++;
    for (double weight : weights) left_[0] += weight;
    for (double value : values) left_[1] += value;
    return rows;
  }

  void make_leaf(Tree& tree, std::size_t node) const {
    double weight = numbers_ ? all_[0] : std::accumulate(all_.begin(), all_.end(), 0.0);
    if (problem_.task == Task::regress) {
      tree.nodes[node].value = middle_ + (weight > 0 ? all_[1] / weight : 0);
      return;
    }
    std::vector<double> of_label = numbers_ ? std::vector{all_[0] - all_[1], all_[1]} : all_;
    tree.nodes[node].left = static_cast<std::int32_t>(tree.rows.size() / of_label.size());
    for (double sum : of_label)
      tree.rows.push_back(weight > 0 ? sum / weight : 1 / static_cast<double>(of_label.size()));
  }

  const Options& options_;
  const Problem& problem_;
  const Examples& examples_;
  const Bins& bins_;
  Random random_;
  bool numbers_ = true;
  std::size_t width_ = 0;  // of sums: weight and weighted targets of numbers, else the weight of each label
  std::size_t tried_ = 1;
  double middle_ = 0;  // of targets that are numbers
  std::vector<std::size_t> order_;
  std::vector<std::uint32_t> rows_;
  std::vector<double> weight_of_row_, gain_;
  std::span<const std::uint32_t> here_;  // the rows of the node that is looked at
  std::vector<double> weights_, values_, all_;
  std::vector<std::uint8_t> cells_;
  bool pure_ = false;
  std::vector<double> sums_, left_, right_;
  std::vector<std::uint16_t> sorted_;  // bin and place among the node's rows
  std::vector<std::uint32_t> sizes_;
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
