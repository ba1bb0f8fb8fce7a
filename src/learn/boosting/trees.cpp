#include "learn/boosting/trees.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace gyre {

using Integers = std::vector<std::int64_t>;

TreeEnsemble::TreeEnsemble(std::size_t features, std::size_t outputs, Link link)
    : features_(features), outputs_(outputs), link_(link), base_(outputs) {}

void TreeEnsemble::scale(double factor) {
  for (auto& tree : trees_)
    for (auto& node : tree.nodes) node.value *= factor;
  for (auto& tree : trees_)
    for (double& value : tree.rows) value *= factor;
}

std::size_t TreeEnsemble::add_set(CategorySet set) {
  for (std::size_t i = 0; i < sets_.size(); i++)
    if (sets_[i].feature == set.feature && sets_[i].member == set.member) return features_ + i;
  sets_.push_back(std::move(set));
  return features_ + sets_.size() - 1;
}

static bool is_member(const CategorySet& set, float value) {
  if (!(value >= 0) || value >= static_cast<float>(set.member.size())) return false;
  return set.member[static_cast<std::size_t>(value)];
}

std::vector<double> TreeEnsemble::sums(const Matrix& features, int threads) const {
  std::vector<double> sums(features.rows * outputs_);
  for_rows(features.rows, threads, [&](std::size_t from, std::size_t to) {
    std::vector<float> values(features_ + sets_.size());
    for (std::size_t i = from; i < to; i++) {
      auto row = features.row(i);
      std::copy(row.begin(), row.end(), values.begin());
      for (std::size_t s = 0; s < sets_.size(); s++)
        values[features_ + s] = is_member(sets_[s], row[sets_[s].feature]) ? 1 : 0;
      double* sum = sums.data() + i * outputs_;
      std::copy(base_.begin(), base_.end(), sum);
      for (auto& tree : trees_) {
        const TreeNode* node = tree.nodes.data();
        while (node->feature >= 0) {
          float value = values[static_cast<std::size_t>(node->feature)];
          bool left = std::isnan(value) ? node->missing_left : value <= node->threshold;
          node = tree.nodes.data() + (left ? node->left : node->right);
        }
        if (tree.rows.empty()) {
          sum[tree.output] += node->value;
          continue;
        }
        const double* leaf = tree.rows.data() + static_cast<std::size_t>(node->left) * outputs_;
        for (std::size_t o = 0; o < outputs_; o++) sum[o] += leaf[o];
      }
    }
  });
  return sums;
}

std::vector<double> linked(std::vector<double> sums, std::size_t outputs, Link link) {
  if (link == Link::none) return sums;
  if (link == Link::exponential) {
    for (double& value : sums) value = std::exp(value);
    return sums;
  }
  if (link == Link::sigmoid) {
    std::vector<double> both(sums.size() * 2);
    for (std::size_t i = 0; i < sums.size(); i++) {
      double p = 1 / (1 + std::exp(-sums[i]));
      both[2 * i] = 1 - p, both[2 * i + 1] = p;
    }
    return both;
  }
  for (std::size_t i = 0; i < sums.size(); i += outputs) {
    double* row = sums.data() + i;
    double top = *std::max_element(row, row + outputs), total = 0;
    for (std::size_t c = 0; c < outputs; c++) {
      row[c] = link == Link::softmax  ? std::exp(row[c] - top)
               : link == Link::rivals ? 1 / (1 + std::exp(-row[c]))
                                      : std::max(0.0, row[c]);
      total += row[c];
    }
    for (std::size_t c = 0; c < outputs; c++) row[c] = total > 0 ? row[c] / total : 1.0 / static_cast<double>(outputs);
  }
  return sums;
}

std::vector<double> TreeEnsemble::predict(const Matrix& features, int threads) const {
  return linked(sums(features, threads), outputs_, link_);
}

std::string export_link(GraphBuilder& graph, const std::string& sums, Link link) {
  switch (link) {
    case Link::none:
      return sums;
    case Link::exponential:
      return graph.node("Exp", {sums});
    case Link::softmax:
      return graph.node("Softmax", {sums}, {{"axis", std::int64_t{1}}});
    case Link::sigmoid: {
      std::string p = graph.node("Sigmoid", {sums});
      return graph.node("Concat", {graph.node("Sub", {graph.constant(1.0f), p}), p}, {{"axis", std::int64_t{1}}});
    }
    case Link::rivals:
    case Link::shares: {
      std::string votes = link == Link::rivals ? graph.node("Sigmoid", {sums}) : sums;
      std::string positive = graph.node("Max", {votes, graph.constant(1e-30f)});
      std::string total = graph.node("ReduceSum", {positive, graph.constant(Integers{1})});
      return graph.node("Div", {positive, total});
    }
  }
  return sums;
}

// The sets of a feature are the columns of one table with a row for each category: looking it up answers all of them.
// Features with about as many sets share a table, so that many features are still few nodes.
class TreeEnsemble::SetTables {
 public:
  explicit SetTables(const std::vector<CategorySet>& sets) : sets_(sets) {
    std::map<std::size_t, std::vector<std::size_t>> by_feature;
    for (std::size_t s = 0; s < sets.size(); s++) by_feature[sets[s].feature].push_back(s);
    for (auto& [feature, own] : by_feature) alike_[std::bit_width(own.size() - 1)].emplace_back(feature, own);
  }
  // The features with those made of them behind; `place` gets where each set came to lie among the latter.
  std::string export_to(GraphBuilder& graph, const std::string& features, std::vector<std::size_t>& place) const {
    if (sets_.empty()) return features;
    place.resize(sets_.size());
    std::vector<std::string> parts{features};
    std::size_t before = 0;
    for (auto& [width, members] : alike_) parts.push_back(export_alike(graph, features, members, before, place));
    return graph.node("Concat", parts, {{"axis", std::int64_t{1}}});
  }

 private:
  using Member = std::pair<std::size_t, std::vector<std::size_t>>;  // a feature and the numbers of its sets
  std::string export_alike(GraphBuilder& graph, const std::string& features, const std::vector<Member>& members,
                           std::size_t& before, std::vector<std::size_t>& place) const {
    auto count = static_cast<std::int64_t>(members.size());
    std::size_t width = 0;
    Integers columns, begins;
    std::vector<float> sizes;
    std::int64_t rows = 0;
    for (auto& [feature, own] : members) {
      std::size_t size = 0;
      for (auto s : own) size = std::max(size, sets_[s].member.size());
      width = std::max(width, own.size());
      columns.push_back(static_cast<std::int64_t>(feature));
      begins.push_back(rows);
      sizes.push_back(static_cast<float>(size));
      rows += static_cast<std::int64_t>(size) + 1;  // the last one is of no member
    }
    Tensor table = Tensor::zeros(DataType::f32, {rows, static_cast<std::int64_t>(width)});
    for (std::size_t m = 0; m < members.size(); m++)
      for (std::size_t k = 0; k < members[m].second.size(); k++) {
        auto s = members[m].second[k];
        place[s] = before + m * width + k;
        for (std::size_t c = 0; c < sets_[s].member.size(); c++)
          table.as<float>()[(static_cast<std::size_t>(begins[m]) + c) * width + k] = sets_[s].member[c];
      }
    before += members.size() * width;
    std::string codes = graph.node("Gather", {features, graph.constant(columns)}, {{"axis", std::int64_t{1}}});
    std::string nobody = graph.constant(Tensor::floats({1, count}, sizes));
    std::string known = graph.node(
        "And", {graph.node("GreaterOrEqual", {codes, graph.constant(0.0f)}), graph.node("Less", {codes, nobody})});
    std::string row = graph.node("Cast", {graph.node("Where", {known, codes, nobody})}, {{"to", std::int64_t{7}}});
    std::string found = graph.node("Gather", {graph.constant(table), graph.node("Add", {row, graph.constant(begins)})},
                                   {{"axis", std::int64_t{0}}});
    return graph.node("Reshape", {found, graph.constant(Integers{-1, count * static_cast<std::int64_t>(width)})});
  }
  const std::vector<CategorySet>& sets_;
  std::map<int, std::vector<Member>> alike_;
};

// The middle of a tree's leaves. Numbers may lie far from 0 beside their differences: without it, floats sum up what
// makes rows different.
static double middle_of(const Tree& tree) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (auto& node : tree.nodes)
    if (node.feature < 0) low = std::min(low, node.value), high = std::max(high, node.value);
  return low / 2 + high / 2;
}

std::string TreeEnsemble::export_sums(GraphBuilder& graph, const std::string& features) const {
  bool apart = link_ == Link::none;  // what all rows have in common follows in doubles
  std::vector<std::size_t> places;
  std::string with_sets = SetTables(sets_).export_to(graph, features, places);
  auto place_of = [&](const TreeNode& node) {
    auto feature = static_cast<std::size_t>(node.feature);
    return static_cast<std::int64_t>(feature < features_ ? feature : features_ + places[feature - features_]);
  };
  Integers tree_ids, node_ids, feature_ids, left, right, tracks, leaf_trees, leaf_nodes, leaf_outputs;
  std::vector<float> thresholds, weights;
  std::vector<std::string> modes;
  for (std::size_t t = 0; t < trees_.size(); t++) {
    auto& nodes = trees_[t].nodes;
    double middle = apart ? middle_of(trees_[t]) : 0;
    for (std::size_t n = 0; n < nodes.size(); n++) {
      auto& node = nodes[n];
      bool leaf = node.feature < 0;
      tree_ids.push_back(static_cast<std::int64_t>(t));
      node_ids.push_back(static_cast<std::int64_t>(n));
      feature_ids.push_back(leaf ? 0 : place_of(node));
      thresholds.push_back(leaf ? 0 : node.threshold);
      modes.push_back(leaf ? "LEAF" : "BRANCH_LEQ");
      left.push_back(leaf ? 0 : node.left);
      right.push_back(leaf ? 0 : node.right);
      tracks.push_back(!leaf && node.missing_left);
      if (!leaf) continue;
      auto add = [&](std::size_t output, double value) {
        leaf_trees.push_back(static_cast<std::int64_t>(t));
        leaf_nodes.push_back(static_cast<std::int64_t>(n));
        leaf_outputs.push_back(static_cast<std::int64_t>(output));
        weights.push_back(static_cast<float>(value));
      };
      auto& rows = trees_[t].rows;
      if (rows.empty())
        add(trees_[t].output, node.value - middle);
      else
        for (std::size_t o = 0; o < outputs_; o++) add(o, rows[static_cast<std::size_t>(node.left) * outputs_ + o]);
    }
  }
  std::vector<float> base(outputs_);
  if (!apart) std::copy(base_.begin(), base_.end(), base.begin());
  return graph.node("ai.onnx.ml.TreeEnsembleRegressor", {with_sets},
                    {{"n_targets", static_cast<std::int64_t>(outputs_)},
                     {"base_values", base},
                     {"nodes_treeids", tree_ids},
                     {"nodes_nodeids", node_ids},
                     {"nodes_featureids", feature_ids},
                     {"nodes_values", thresholds},
                     {"nodes_modes", modes},
                     {"nodes_truenodeids", left},
                     {"nodes_falsenodeids", right},
                     {"nodes_missing_value_tracks_true", tracks},
                     {"target_treeids", leaf_trees},
                     {"target_nodeids", leaf_nodes},
                     {"target_ids", leaf_outputs},
                     {"target_weights", weights}});
}

static std::string add_in_doubles(GraphBuilder& graph, const std::string& sums, const std::vector<double>& values) {
  Tensor row = Tensor::zeros(DataType::f64, {1, static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), row.as<double>().begin());
  std::string wide = graph.node("Cast", {sums}, {{"to", std::int64_t{11}}});
  return graph.node("Cast", {graph.node("Add", {wide, graph.constant(row)})}, {{"to", std::int64_t{1}}});
}

std::string TreeEnsemble::export_to(GraphBuilder& graph, const std::string& features) const {
  std::string sums;
  if (trees_.empty()) {  // a constant for every row
    std::string zero =
        graph.node("ReduceSum", {graph.node("Mul", {features, graph.constant(0.0f)}), graph.constant(Integers{1})});
    std::string still = graph.node("Where", {graph.node("IsNaN", {zero}), graph.constant(0.0f), zero});
    std::vector<float> base(base_.begin(), base_.end());
    sums = graph.node("Add", {still, graph.constant(Tensor::floats({1, static_cast<std::int64_t>(outputs_)}, base))});
  } else {
    sums = export_sums(graph, features);
    if (link_ == Link::none) {
      std::vector<double> common = base_;
      for (auto& tree : trees_) common[tree.output] += middle_of(tree);
      sums = add_in_doubles(graph, sums, common);
    }
  }
  return export_link(graph, sums, link_);
}

}  // namespace gyre
