// LightGBM's saved text, read into trees of ours.
#include <charconv>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "learn/boosting/lightgbm.hpp"

namespace gyre {

namespace {

using Entries = std::map<std::string, std::string_view, std::less<>>;

template <class T>
std::vector<T> numbers(const Entries& entries, std::string_view key) {
  std::vector<T> list;
  auto found = entries.find(key);
  if (found == entries.end()) return list;
  const char *at = found->second.data(), *end = at + found->second.size();
  while (at < end) {
    T value{};
    auto [stop, error] = std::from_chars(at, end, value);
    if (error != std::errc())
      throw Error(Code::internal, "LightGBM's model has no number at " + std::string(key) + "=" + std::string(at, end));
    list.push_back(value);
    at = stop;
    while (at < end && *at == ' ') at++;
  }
  return list;
}

// The largest float that is not above: of floats, the same ones are <= it.
float float_below(double value) {
  if (value > std::numeric_limits<float>::max()) return std::numeric_limits<float>::max();
  if (value < std::numeric_limits<float>::lowest()) return -std::numeric_limits<float>::infinity();
  auto narrow = static_cast<float>(value);
  return double{narrow} > value ? std::nextafter(narrow, -std::numeric_limits<float>::infinity()) : narrow;
}

struct Splits {
  std::vector<int> features, decisions, left, right;
  std::vector<double> thresholds, leaves, gains;
  std::vector<std::uint32_t> bits;      // of sets of categories
  std::vector<std::size_t> boundaries;  // where each set's bits begin
};

void fill_split(TreeNode& node, const Splits& splits, std::size_t i, TreeEnsemble& ensemble) {
  constexpr int category = 1, default_left = 2;
  int missing = splits.decisions[i] >> 2 & 3;  // 0: like 0, 1: and zeros, 2: NaN
  node.feature = splits.features[i];
  if (splits.decisions[i] & category) {
    auto set = static_cast<std::size_t>(splits.thresholds[i]);
    std::vector<bool> member;
    for (std::size_t word = splits.boundaries[set]; word < splits.boundaries[set + 1]; word++)
      for (int bit = 0; bit < 32; bit++) member.push_back(splits.bits[word] >> bit & 1);
    node.feature =
        static_cast<std::int32_t>(ensemble.add_set({static_cast<std::size_t>(node.feature), std::move(member)}));
    node.threshold = 0.5f;
    std::swap(node.left, node.right);  // entries go left in LightGBM; here the feature is 1 for them
    return;
  }
  node.threshold = float_below(splits.thresholds[i]);
  node.missing_left = missing == 0 ? node.threshold >= 0 : (splits.decisions[i] & default_left) != 0;
}

Tree tree_from(const Entries& entries, TreeEnsemble& ensemble, std::vector<double>& importance) {
  Splits splits{numbers<int>(entries, "split_feature"),
                numbers<int>(entries, "decision_type"),
                numbers<int>(entries, "left_child"),
                numbers<int>(entries, "right_child"),
                numbers<double>(entries, "threshold"),
                numbers<double>(entries, "leaf_value"),
                numbers<double>(entries, "split_gain"),
                numbers<std::uint32_t>(entries, "cat_threshold"),
                numbers<std::size_t>(entries, "cat_boundaries")};
  Tree tree;
  std::size_t inner = splits.features.size();
  if (splits.leaves.empty()) throw Error(Code::internal, "LightGBM's model has a tree without leaves");
  auto place = [&](int child) {  // splits first, then leaves: LightGBM numbers leaves -1, -2 ...
    return static_cast<std::int32_t>(child >= 0 ? static_cast<std::size_t>(child)
                                                : inner + static_cast<std::size_t>(~child));
  };
  for (std::size_t i = 0; i < inner; i++) {
    TreeNode node;
    node.left = place(splits.left.at(i)), node.right = place(splits.right.at(i));
    if (static_cast<std::size_t>(splits.features[i]) < importance.size())
      importance[static_cast<std::size_t>(splits.features[i])] += splits.gains.at(i);
    fill_split(node, splits, i, ensemble);
    tree.nodes.push_back(node);
  }
  for (double leaf : splits.leaves) tree.nodes.push_back({.value = leaf});
  return tree;
}

}  // namespace

TreeEnsemble trees_from_text(const std::string& text, std::size_t features, std::size_t outputs, Link link) {
  TreeEnsemble ensemble(features, outputs, link);
  std::vector<double> importance(features);
  Entries entries;
  bool within = false, average = false;
  std::size_t count = 0;
  auto finish = [&] {
    if (!within) return;
    Tree tree = tree_from(entries, ensemble, importance);
    tree.output = count++ % outputs;
    ensemble.add(std::move(tree));
    within = false;
  };
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.starts_with("Tree=")) {
      finish();
      entries.clear();
      within = true;
    } else if (line == "end of trees") {
      finish();
    } else if (line == "average_output") {
      average = true;
    } else if (auto sign = line.find('='); within && sign != std::string_view::npos) {
      entries[std::string(line.substr(0, sign))] = line.substr(sign + 1);
    }
  }
  if (average && count) ensemble.scale(static_cast<double>(outputs) / static_cast<double>(count));
  ensemble.set_importance(std::move(importance));
  return ensemble;
}

}  // namespace gyre
