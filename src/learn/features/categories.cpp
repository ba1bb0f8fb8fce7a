#include "learn/features/categories.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_map>

#include "base/random.hpp"
#include "model/missing.hpp"

namespace gyre {

using Integers = std::vector<std::int64_t>;

std::vector<std::size_t> CategoryBlock::places_of(const Column& column) const {
  std::unordered_map<std::string_view, std::size_t> places;
  for (std::size_t i = 0; i < words_.size(); i++) places.emplace(words_[i], i);
  std::vector<std::size_t> result;
  for (auto& word : column.words) {
    auto found = places.find(word);
    result.push_back(found == places.end() ? unknown() : found->second);
  }
  return result;
}

std::size_t CategoryBlock::place_of(const Column& column, std::size_t row,
                                    const std::vector<std::size_t>& places) const {
  auto code = column.codes[row];
  return code < 0 ? missing() : places[static_cast<std::size_t>(code)];
}

CategoryBlock::CategoryBlock(const Table& table, std::string name, const Target& target, const std::string& encoding,
                             std::size_t most, bool scaled, std::uint64_t seed)
    : column_(std::move(name)) {
  auto& column = table.get(column_);
  std::vector<std::size_t> counts(column.words.size());
  for (auto code : column.codes)
    if (code >= 0) counts[static_cast<std::size_t>(code)]++;
  std::vector<std::size_t> order;  // the frequent first
  for (std::size_t i = 0; i < counts.size(); i++)
    if (counts[i]) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return counts[a] > counts[b]; });
  for (auto i : order) words_.push_back(column.words[i]);
  if (encoding == "one-hot") {
    one_hot(most, column.missing() > 0);
  } else if (encoding == "target") {
    auto places = places_of(column);
    std::vector<std::size_t> rows;
    for (std::size_t i = 0; i < column.codes.size(); i++) rows.push_back(place_of(column, i, places));
    by_target(rows, target, scaled, seed);
  } else {
    bool native = encoding == "native";
    features_ = {{column_, native ? words_.size() : 0}};
    for (std::size_t i = 0; i < words_.size(); i++) rows_.push_back(static_cast<float>(i));
    float other = native ? std::numeric_limits<float>::quiet_NaN() : -1;
    rows_.push_back(other);
    rows_.push_back(native ? other : -2);
  }
}

void CategoryBlock::one_hot(std::size_t most, bool holes) {
  std::size_t own = std::min(words_.size(), most);
  bool rare = own < words_.size();
  for (std::size_t i = 0; i < own; i++) features_.push_back({column_ + "=" + words_[i]});
  if (rare) features_.push_back({column_ + "=(rare)"});
  if (holes) features_.push_back({column_ + "=(missing)"});
  rows_.assign((words_.size() + 2) * width(), 0);
  for (std::size_t i = 0; i < words_.size(); i++) rows_[i * width() + std::min(i, own)] = 1;
  if (rare) rows_[unknown() * width() + own] = 1;
  if (holes) rows_[missing() * width() + width() - 1] = 1;
}

// The mean target of each category, drawn to that of all by ten rows' worth. A training row gets it from the other
// folds: its own target must not show.
void CategoryBlock::by_target(const std::vector<std::size_t>& rows, const Target& target, bool scaled,
                              std::uint64_t seed) {
  constexpr double prior_rows = 10;
  constexpr std::size_t folds = 5;
  bool several = target.task == Task::classify && target.classes() > 2;
  std::size_t outputs = several ? target.classes() : 1, categories = words_.size() + 2;
  for (std::size_t o = 0; o < outputs; o++)
    features_.push_back({column_ + (several ? ".share of " + target.labels[o] : ".mean target")});
  auto plain = [&](std::size_t row, std::size_t o) {
    return several ? (target.values[row] == static_cast<double>(o) ? 1.0 : 0.0) : target.values[row];
  };
  std::vector<double> means(outputs), spreads(outputs, 1);
  for (std::size_t o = 0; scaled && o < outputs; o++) {
    double count = static_cast<double>(rows.size()), squares = 0;
    for (std::size_t i = 0; i < rows.size(); i++) means[o] += plain(i, o) / count;
    for (std::size_t i = 0; i < rows.size(); i++)
      squares += (plain(i, o) - means[o]) / count * (plain(i, o) - means[o]);
    if (squares > 0 && std::isfinite(squares)) spreads[o] = std::sqrt(squares);
  }
  auto value = [&](std::size_t row, std::size_t o) { return (plain(row, o) - means[o]) / spreads[o]; };
  std::vector<std::size_t> fold(rows.size());
  for (std::size_t i = 0; i < fold.size(); i++) fold[i] = i % folds;
  Random random(seed);
  random.shuffle(fold);
  std::vector<double> sums(categories * outputs * folds), counts(categories * folds);
  for (std::size_t i = 0; i < rows.size(); i++) {
    counts[rows[i] * folds + fold[i]]++;
    for (std::size_t o = 0; o < outputs; o++) sums[(rows[i] * outputs + o) * folds + fold[i]] += value(i, o);
  }
  auto encoded = [&](std::size_t without) {  // a table that has not seen one fold; `folds`: all seen
    std::vector<double> all(outputs);
    double total = 0;
    for (std::size_t c = 0; c < categories; c++)
      for (std::size_t f = 0; f < folds; f++) {
        if (f == without) continue;
        total += counts[c * folds + f];
        for (std::size_t o = 0; o < outputs; o++) all[o] += sums[(c * outputs + o) * folds + f];
      }
    std::vector<float> table(categories * outputs);
    for (std::size_t c = 0; c < categories; c++)
      for (std::size_t o = 0; o < outputs; o++) {
        double prior = total > 0 ? all[o] / total : 0, sum = prior * prior_rows, count = prior_rows;
        for (std::size_t f = 0; f < folds; f++) {
          if (f == without) continue;
          sum += sums[(c * outputs + o) * folds + f], count += counts[c * folds + f];
        }
        table[c * outputs + o] = static_cast<float>(sum / count);
      }
    return table;
  };
  rows_ = encoded(folds);
  std::vector<std::vector<float>> tables;
  for (std::size_t f = 0; f < folds; f++) tables.push_back(encoded(f));
  for (std::size_t i = 0; i < rows.size(); i++)
    for (std::size_t o = 0; o < outputs; o++) training_.push_back(tables[fold[i]][rows[i] * outputs + o]);
}

void CategoryBlock::write(const Table& table, Matrix& to, std::size_t place) const {
  auto& column = table.get(column_);
  auto places = places_of(column);
  for (std::size_t i = 0; i < column.codes.size(); i++)
    std::copy_n(rows_.begin() + static_cast<std::ptrdiff_t>(place_of(column, i, places) * width()), width(),
                to.row(i).begin() + static_cast<std::ptrdiff_t>(place));
}

void CategoryBlock::write_training(const Table& table, Matrix& to, std::size_t place) const {
  if (training_.empty()) return write(table, to, place);
  if (training_.size() != table.rows() * width())
    throw Error(Code::internal, "features for training were asked of other rows than those that were fitted");
  for (std::size_t i = 0; i < table.rows(); i++)
    std::copy_n(training_.begin() + static_cast<std::ptrdiff_t>(i * width()), width(),
                to.row(i).begin() + static_cast<std::ptrdiff_t>(place));
}

std::string CategoryBlock::export_to(GraphBuilder& graph, const std::map<std::string, std::string>& inputs) const {
  std::vector<std::string> keys = words_;
  Integers values(words_.size());
  std::iota(values.begin(), values.end(), 0);
  for (auto word : missing_words) {
    if (std::find(words_.begin(), words_.end(), word) != words_.end()) continue;
    keys.emplace_back(word);
    values.push_back(static_cast<std::int64_t>(missing()));
  }
  if (width() == 1) {  // one number for each category: one node
    std::vector<float> numbers;
    for (auto value : values) numbers.push_back(rows_[static_cast<std::size_t>(value)]);
    return graph.node("ai.onnx.ml.LabelEncoder", {inputs.at(column_)},
                      {{"keys_strings", keys}, {"values_floats", numbers}, {"default_float", rows_[unknown()]}});
  }
  std::string place = graph.node(
      "ai.onnx.ml.LabelEncoder", {inputs.at(column_)},
      {{"keys_strings", keys}, {"values_int64s", values}, {"default_int64", static_cast<std::int64_t>(unknown())}});
  std::string table = graph.constant(
      Tensor::floats({static_cast<std::int64_t>(words_.size() + 2), static_cast<std::int64_t>(width())}, rows_));
  std::string rows = graph.node("Gather", {table, place}, {{"axis", std::int64_t{0}}});
  return graph.node("Squeeze", {rows, graph.constant(Integers{1})});
}

}  // namespace gyre
