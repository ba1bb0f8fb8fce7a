#include "model/forest.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/error.hpp"

namespace gyre {

// So many rows go through all trees before the next: they and a tree stay in the nearest cache.
static constexpr std::size_t block_rows = 128;
static constexpr float never = std::numeric_limits<float>::quiet_NaN();  // x <= never does not hold

using NodeKey = std::pair<std::int64_t, std::int64_t>;  // tree, node

static void check_sizes(const ForestParts& parts) {
  std::size_t nodes = parts.nodes.size(), weights = parts.weights.size();
  for (auto* list : {&parts.trees, &parts.features, &parts.modes, &parts.true_nodes, &parts.false_nodes})
    if (list->size() != nodes) throw Error(Code::invalid, "a forest's lists of nodes differ in length");
  if (parts.thresholds.size() != nodes || (!parts.missing_is_true.empty() && parts.missing_is_true.size() != nodes))
    throw Error(Code::invalid, "a forest's lists of nodes differ in length");
  for (auto* list : {&parts.weight_trees, &parts.weight_nodes, &parts.weight_targets})
    if (list->size() != weights) throw Error(Code::invalid, "a forest's lists of weights differ in length");
  if (parts.targets < 1 || (!parts.base.empty() && parts.base.size() != static_cast<std::size_t>(parts.targets)))
    throw Error(Code::unsupported, "a forest without targets, or with other base values than one for each");
  if (nodes == 0 || nodes > (1u << 30)) throw Error(Code::unsupported, "a forest without nodes, or with too many");
}

// Lays the nodes down in the order in which they are walked.
class ForestBuilder {
 public:
  ForestBuilder(const ForestParts& parts, Forest& to) : parts_(parts), to_(to), taken_(parts.nodes.size()) {
    for (std::size_t i = 0; i < parts.nodes.size(); i++)
      if (!places_.emplace(NodeKey(parts.trees[i], parts.nodes[i]), i).second)
        throw Error(Code::invalid, "two nodes of a tree have one number");
    for (std::size_t i = 0; i < parts.weights.size(); i++) {
      if (parts.weight_targets[i] < 0 || parts.weight_targets[i] >= parts.targets)
        throw Error(Code::invalid, "a weight is for a target that is not there");
      weights_[{parts.weight_trees[i], parts.weight_nodes[i]}].push_back(i);
    }
  }

  void build() {
    // A tree's root is the first of its nodes.
    for (std::size_t i = 0; i < parts_.nodes.size(); i++)
      if (i == 0 || parts_.trees[i] != parts_.trees[i - 1]) add_tree(i);
    if (std::find(taken_.begin(), taken_.end(), false) != taken_.end())
      throw Error(Code::unsupported, "a forest with nodes that no tree reaches");
    to_.weight_first_.push_back(static_cast<std::uint32_t>(to_.weights_.size()));
    if (to_.targets_ != 1) return;
    if (!one_weight_) throw Error(Code::unsupported, "a leaf of one target has no weight, or several");
    to_.leaf_value_.resize(to_.nodes_.size());
    for (std::size_t i = 0; i < to_.nodes_.size(); i++)
      if (to_.weight_first_[i] < to_.weight_first_[i + 1]) to_.leaf_value_[i] = to_.weights_[to_.weight_first_[i]];
  }

 private:
  // Each level's nodes are laid down before the next level's.
  void add_tree(std::size_t root) {
    Forest::Tree tree{static_cast<std::int32_t>(to_.nodes_.size()), -1, -1};
    to_.nodes_.emplace_back();
    std::vector<std::size_t> level{root}, next;
    for (auto at = static_cast<std::size_t>(tree.root); !level.empty(); level.swap(next), next.clear()) {
      tree.depth++;
      for (auto place : level) {
        if (taken_[place]) throw Error(Code::invalid, "a node of a tree has two parents");
        taken_[place] = true;
        bool leaf = parts_.modes[place] == ForestParts::leaf;
        if (leaf && tree.sure < 0) tree.sure = tree.depth;
        to_.weight_first_.push_back(static_cast<std::uint32_t>(to_.weights_.size()));
        to_.nodes_[at] = leaf ? add_leaf(place, at) : branch(place);
        at++;
        if (leaf) continue;
        to_.nodes_.resize(to_.nodes_.size() + 2);
        next.push_back(place_of(parts_.trees[place], parts_.true_nodes[place]));
        next.push_back(place_of(parts_.trees[place], parts_.false_nodes[place]));
      }
    }
    to_.trees_.push_back(tree);
  }

  Forest::Node add_leaf(std::size_t place, std::size_t at) {
    auto found = weights_.find({parts_.trees[place], parts_.nodes[place]});
    std::size_t count = found == weights_.end() ? 0 : found->second.size();
    one_weight_ = one_weight_ && count == 1;
    for (std::size_t i = 0; i < count; i++) {
      to_.weights_.push_back(parts_.weights[found->second[i]]);
      to_.weight_targets_.push_back(static_cast<std::uint32_t>(parts_.weight_targets[found->second[i]]));
    }
    return {never, 0, static_cast<std::int32_t>(at) - 1, 0};
  }

  Forest::Node branch(std::size_t place) {
    constexpr float lowest = -std::numeric_limits<float>::infinity();
    if (parts_.features[place] < 0 || parts_.features[place] > std::numeric_limits<std::int32_t>::max())
      throw Error(Code::invalid, "a node compares a column that cannot be");
    float threshold = parts_.thresholds[place];
    // x < t is x <= the number before t.
    if (parts_.modes[place] == ForestParts::less)
      threshold = threshold == lowest ? never : std::nextafter(threshold, lowest);
    bool missing = !parts_.missing_is_true.empty() && parts_.missing_is_true[place] != 0;
    to_.missing_ = to_.missing_ || missing;
    auto feature = static_cast<std::int32_t>(parts_.features[place]);
    to_.columns_ = std::max(to_.columns_, static_cast<std::size_t>(feature) + 1);
    return {threshold, feature, static_cast<std::int32_t>(to_.nodes_.size()), missing ? 1 : 0};
  }

  std::size_t place_of(std::int64_t tree, std::int64_t node) const {
    auto found = places_.find({tree, node});
    if (found == places_.end()) throw Error(Code::invalid, "a node's child is not there");
    return found->second;
  }

  const ForestParts& parts_;
  Forest& to_;
  std::map<NodeKey, std::size_t> places_;
  std::map<NodeKey, std::vector<std::size_t>> weights_;
  std::vector<bool> taken_;
  bool one_weight_ = true;
};

Forest::Forest(const ForestParts& parts) : base_(parts.base), targets_(static_cast<std::size_t>(parts.targets)) {
  check_sizes(parts);
  ForestBuilder(parts, *this).build();
}

template <bool missing, std::size_t lanes>
inline void Forest::walk(const Tree& tree, const float* rows, std::size_t columns, std::int32_t* at) const {
  const Node* nodes = nodes_.data();
  std::fill_n(at, lanes, tree.root);
  auto step = [&] {
    std::int32_t moved = 0;
    for (std::size_t lane = 0; lane < lanes; lane++) {
      const Node& node = nodes[at[lane]];
      float value = rows[lane * columns + static_cast<std::size_t>(node.feature)];
      bool holds = value <= node.threshold;
      if constexpr (missing) holds = holds | ((value != value) & (node.missing_holds != 0));
      std::int32_t next = node.first + static_cast<std::int32_t>(!holds);
      moved |= next ^ at[lane];
      at[lane] = next;
    }
    return moved != 0;
  };
  for (std::int32_t i = 0; i < tree.sure; i++) step();
  for (std::int32_t i = tree.sure; i < tree.depth && step(); i++) {
  }
}

template <bool missing, std::size_t lanes>
inline void Forest::add(const Tree& tree, const float* rows, std::size_t columns, float* sums) const {
  std::int32_t at[lanes];
  walk<missing, lanes>(tree, rows, columns, at);
  for (std::size_t lane = 0; lane < lanes; lane++) {
    auto leaf = static_cast<std::size_t>(at[lane]);
    if (!leaf_value_.empty()) {
      sums[lane] += leaf_value_[leaf];
    } else {
      for (auto i = weight_first_[leaf]; i < weight_first_[leaf + 1]; i++)
        sums[lane * targets_ + weight_targets_[i]] += weights_[i];
    }
  }
}

template <bool missing>
void Forest::run_block(const float* rows, std::size_t count, std::size_t columns, float* sums) const {
  constexpr std::size_t lanes = 8;
  std::size_t together = count / lanes * lanes;
  for (auto& tree : trees_) {
    for (std::size_t row = 0; row < together; row += lanes)
      add<missing, lanes>(tree, rows + row * columns, columns, sums + row * targets_);
    for (std::size_t row = together; row < count; row++)
      add<missing, 1>(tree, rows + row * columns, columns, sums + row * targets_);
  }
}

void Forest::run(const float* rows, std::size_t count, std::size_t columns, float* sums) const {
  if (columns < columns_)
    throw Error(Code::invalid,
                "the trees compare " + std::to_string(columns_) + " columns, the rows have " + std::to_string(columns));
  std::fill_n(sums, count * targets_, 0.0f);
  for (std::size_t first = 0; first < count; first += block_rows) {
    std::size_t here = std::min(block_rows, count - first);
    if (missing_)
      run_block<true>(rows + first * columns, here, columns, sums + first * targets_);
    else
      run_block<false>(rows + first * columns, here, columns, sums + first * targets_);
  }
  if (base_.empty()) return;
  for (std::size_t i = 0; i < count * targets_; i++) sums[i] += base_[i % targets_];
}

}  // namespace gyre
