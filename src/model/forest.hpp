#pragma once
// Trees added up, as boosted ensembles and random forests are: ONNX's TreeEnsembleRegressor over rows of floats, with
// its answers bit for bit, several times as quick as ONNX Runtime's. A walk down a tree waits for memory and for its
// own last comparison at each node; here eight rows go down together, without a branch, so that they wait together.
#include <cstdint>
#include <span>
#include <vector>

namespace gyre {

// The operator's attributes, node by node and weight by weight.
struct ForestParts {
  enum Mode : std::int64_t { leaf, less_or_equal, less };
  std::vector<std::int64_t> trees, nodes, features, modes, true_nodes, false_nodes;
  std::vector<std::int64_t> missing_is_true;  // may be empty
  std::vector<float> thresholds;
  std::vector<std::int64_t> weight_trees, weight_nodes, weight_targets;
  std::vector<float> weights;
  std::vector<float> base;  // of each target; may be empty
  std::int64_t targets = 1;
};

class Forest {
 public:
  // Error{unsupported} for what is left to ONNX Runtime, Error{invalid} for what is no forest.
  explicit Forest(const ForestParts& parts);
  std::size_t columns() const { return columns_; }  // rows have at least so many
  std::size_t targets() const { return targets_; }
  // `rows`: count x columns, row-major; `sums`: count x targets.
  void run(const float* rows, std::size_t count, std::size_t columns, float* sums) const;

 private:
  friend class ForestBuilder;
  // Children lie side by side: the next node is `first` when the comparison holds, else the one behind it. A leaf's
  // comparison never holds and its `first` is the node before it: whoever has come to a leaf stays there.
  struct Node {
    float threshold;
    std::int32_t feature;
    std::int32_t first;
    std::int32_t missing_holds;  // whether the comparison holds for NaN
  };
  struct Tree {
    std::int32_t root;
    std::int32_t sure, depth;  // steps to the nearest leaf, and to the farthest
  };
  template <bool missing, std::size_t lanes>
  void walk(const Tree& tree, const float* rows, std::size_t columns, std::int32_t* at) const;
  template <bool missing, std::size_t lanes>
  void add(const Tree& tree, const float* rows, std::size_t columns, float* sums) const;
  template <bool missing>
  void run_block(const float* rows, std::size_t count, std::size_t columns, float* sums) const;

  std::vector<Node> nodes_;
  std::vector<Tree> trees_;
  // Of a leaf: its weights are from weight_first_[node] up to weight_first_[node + 1].
  std::vector<std::uint32_t> weight_first_;
  std::vector<float> weights_;
  std::vector<std::uint32_t> weight_targets_;
  std::vector<float> leaf_value_;  // of each node, where every leaf has one weight for the one target
  std::vector<float> base_;
  std::size_t columns_ = 1, targets_ = 1;
  bool missing_ = false;
};

}  // namespace gyre
