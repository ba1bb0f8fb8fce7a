#pragma once
// Decision trees as every tree learner leaves them, whoever grew them: they answer here and in ONNX alike.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "learn/learner.hpp"
#include "learn/parallel.hpp"

namespace gyre {

struct TreeNode {
  std::int32_t feature = -1;  // -1: a leaf
  float threshold = 0;        // left when value <= threshold
  bool missing_left = false;
  std::int32_t left = 0, right = 0;
  double value = 0;  // of a leaf
};

struct Tree {
  std::vector<TreeNode> nodes;  // the root first
  std::size_t output = 0;       // which of the ensemble's sums it adds to
  // Where a leaf adds to every sum: a row of numbers for each; `left` of a leaf is its row.
  std::vector<double> rows{};
};

// What becomes of the sums.
// sigmoid: of one sum; rivals: of each sum against the others, brought to a sum of 1; shares: of votes, likewise.
enum class Link { none, sigmoid, softmax, exponential, shares, rivals };

// A question "is this category in that set?" asked by trees: a feature made of a feature with categories.
struct CategorySet {
  std::size_t feature = 0;
  std::vector<bool> member;  // by category; others, and missing ones, are no members
};

class TreeEnsemble final : public Fitted {
 public:
  TreeEnsemble(std::size_t features, std::size_t outputs, Link link);
  void add(Tree tree) { trees_.push_back(std::move(tree)); }
  void add_base(std::size_t output, double value) { base_[output] += value; }
  void scale(double factor);  // of every leaf
  // The number of the made feature that is 1 where the category is in the set, else 0.
  std::size_t add_set(CategorySet set);
  void drop_last_trees(std::size_t count) { trees_.resize(trees_.size() - count); }
  const std::vector<Tree>& trees() const { return trees_; }
  void set_importance(std::vector<double> importance) { importance_ = std::move(importance); }
  void set_about(json::object about) { about_ = std::move(about); }

  std::vector<double> predict(const Matrix& features, int threads) const override;
  std::vector<double> sums(const Matrix& features, int threads) const;  // before the link
  std::string export_to(GraphBuilder& graph, const std::string& features) const override;
  std::vector<double> importance() const override { return importance_; }
  json::object about() const override { return about_; }

 private:
  std::string export_sums(GraphBuilder& graph, const std::string& features) const;
  class SetTables;
  std::size_t features_, outputs_;
  Link link_;
  std::vector<double> base_;
  std::vector<Tree> trees_;
  std::vector<CategorySet> sets_;
  std::vector<double> importance_;
  json::object about_;
};

// Binary: [1 - p, p] of one sum; else as the link says. In place for doubles, as nodes for graphs.
std::vector<double> linked(std::vector<double> sums, std::size_t outputs, Link link);
std::string export_link(GraphBuilder& graph, const std::string& sums, Link link);

}  // namespace gyre
