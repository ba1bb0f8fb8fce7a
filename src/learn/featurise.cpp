#include "learn/featurise.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "data/gather.hpp"
#include "learn/features/bins.hpp"
#include "learn/features/categories.hpp"
#include "learn/features/hashed_words.hpp"
#include "learn/features/numbers.hpp"
#include "learn/features/pairs.hpp"
#include "learn/features/words.hpp"

namespace gyre {

std::vector<Field> feature_fields() {
  return {
      field("fill", &FeatureOptions::fill, "what a missing number becomes; auto: what the learner needs",
            {.choices = {"auto", "keep", "mean", "median", "zero"}}),
      field("scale", &FeatureOptions::scale,
            "how numbers are made alike in size; auto: as the learner needs it; relevance: standard, times how "
            "much of the "
            "target goes with each alone",
            {.choices = {"auto", "none", "standard", "min-max", "robust", "relevance"}}),
      field("categories", &FeatureOptions::categories,
            "how categories become numbers; auto: by how many there are and what the learner takes",
            {.choices = {"auto", "one-hot", "ordinal", "target", "native"}}),
      field("one-hot-most", &FeatureOptions::one_hot_most, "categories of a column that are one-hot encoded",
            {.min = 1, .max = 10000}),
      field("texts", &FeatureOptions::texts,
            "sentences as words and pairs of words that come up twice, or any words, hashed into --text-terms places",
            {.choices = {"terms", "hashed"}}),
      field("text-terms", &FeatureOptions::text_terms, "words and pairs of words of a column of sentences",
            {.min = 1, .max = 100000}),
      field("bins", &FeatureOptions::bins, "number columns as so many ranges, 0 or 1 each; 0: as numbers",
            {.min = 0, .max = 1000}),
      field("pairs", &FeatureOptions::pairs,
            "products, differences and ratios of number columns too, when there are at most 12"),
      field("components", &FeatureOptions::components,
            "principal components, so many, of all features instead of them; 0: the features", {.min = 0, .max = 1000}),
      field("keep", &FeatureOptions::keep, "columns that are used though they look useless")};
}

json::object given(const FeatureOptions& options) {
  return {{"fill", options.fill},
          {"scale", options.scale},
          {"categories", options.categories},
          {"one-hot-most", options.one_hot_most},
          {"texts", options.texts},
          {"text-terms", options.text_terms},
          {"bins", options.bins},
          {"pairs", options.pairs},
          {"components", options.components},
          {"keep", json::value_from(options.keep)}};
}

namespace {

// Why a column cannot help; nothing where it can.
std::optional<std::string> useless(const Column& column) {
  std::size_t missing = column.missing(), rows = column.rows();
  if (missing == rows) return "it has no value in any row";
  if (column.is_number()) {
    double first = std::numeric_limits<double>::quiet_NaN();
    for (double value : column.numbers) {
      if (std::isnan(value)) continue;
      if (std::isnan(first)) first = value;
      if (value != first) return std::nullopt;
    }
    if (missing) return std::nullopt;  // whether it is there may tell
    return "it is the same in every row";
  }
  std::vector<bool> seen(column.words.size());
  for (auto code : column.codes)
    if (code >= 0) seen[static_cast<std::size_t>(code)] = true;
  auto different = static_cast<std::size_t>(std::count(seen.begin(), seen.end(), true));
  if (different == 1 && !missing) return "it is the same in every row";
  std::size_t present = rows - missing;
  if (column.type == ColumnType::category && present >= 20 && different * 10 > present * 9)
    return "nearly each row has another text, like an identifier";
  return std::nullopt;
}

std::string category_encoding(const Column& column, const Wants& wants, const FeatureOptions& options) {
  if (options.categories == "native" && !wants.categories)
    throw Error(Code::invalid, "this learner takes no categories as they are", "--categories one-hot or target");
  if (options.categories != "auto") return options.categories;
  if (column.words.size() <= 2) return "one-hot";
  if (wants.categories) return "native";
  return column.words.size() <= static_cast<std::size_t>(options.one_hot_most) ? "one-hot" : "target";
}

}  // namespace

Featuriser::Featuriser(const Table& table, const Target& target, const Wants& asked, const FeatureOptions& options,
                       std::uint64_t seed) {
  Wants wants = asked;
  if (options.components > 0) wants.complete = wants.scaled = true, wants.categories = false;
  std::string fill = options.fill != "auto" ? options.fill : wants.complete ? "mean" : "keep";
  if (fill == "keep" && wants.complete)
    throw Error(Code::invalid, "this learner cannot take holes", "--fill mean, median or zero");
  std::string scale = options.scale != "auto" ? options.scale : wants.scaled ? "standard" : "none";
  const Target* weighed_by = scale == "relevance" ? &target : nullptr;
  if (weighed_by) scale = "standard";
  std::vector<std::string> numbers;
  std::vector<const Column*> others;
  for (auto& column : table.columns) {
    bool kept = std::find(options.keep.begin(), options.keep.end(), column.name) != options.keep.end();
    if (auto why = kept ? std::nullopt : useless(column)) {
      left_out_.push_back({column.name, *why});
      continue;
    }
    columns_.push_back(column.name);
    texts_.push_back(!column.is_number());
    if (column.is_number())
      numbers.push_back(column.name);
    else
      others.push_back(&column);
  }
  if (columns_.empty())
    throw Error(Code::invalid, table.name + ": no column can help to learn \"" + target.column + "\"",
                left_out_.empty() ? "" : left_out_[0].text());
  if (!numbers.empty() && options.bins > 0)
    blocks_.push_back(std::make_unique<BinBlock>(table, numbers, static_cast<std::size_t>(options.bins)));
  else if (!numbers.empty())
    blocks_.push_back(std::make_unique<NumberBlock>(table, numbers, fill, scale, weighed_by));
  if (options.pairs && numbers.size() > 1 && numbers.size() <= most_paired_columns)
    blocks_.push_back(std::make_unique<PairBlock>(table, numbers, fill, scale, weighed_by));
  for (auto* column : others) {
    if (column->type == ColumnType::time)
      blocks_.push_back(std::make_unique<DateBlock>(table, column->name, fill, scale));
    else if (column->type == ColumnType::text && options.texts == "hashed")
      blocks_.push_back(std::make_unique<HashedWordsBlock>(column->name, static_cast<std::size_t>(options.text_terms)));
    else if (column->type == ColumnType::text)
      blocks_.push_back(
          std::make_unique<WordsBlock>(table, column->name, static_cast<std::size_t>(options.text_terms)));
    else
      blocks_.push_back(
          std::make_unique<CategoryBlock>(table, column->name, target, category_encoding(*column, wants, options),
                                          static_cast<std::size_t>(options.one_hot_most), scale != "none", seed));
  }
  features_ = features_of_blocks();
  if (features_.empty())
    throw Error(Code::invalid, table.name + ": nothing in its texts comes up twice", "there is nothing to learn from");
  if (options.components > 0) {
    components_ = Components(written(table, true), static_cast<std::size_t>(options.components));
    features_ = components_.features();
  }
}

std::vector<Feature> Featuriser::features_of_blocks() const {
  std::vector<Feature> list;
  for (auto& block : blocks_) {
    auto more = block->features();
    list.insert(list.end(), more.begin(), more.end());
  }
  return list;
}

Matrix Featuriser::written(const Table& table, bool training) const {
  auto features = components_.any() ? features_of_blocks() : features_;
  Matrix matrix(table.rows(), features.size());
  matrix.features = std::move(features);
  std::size_t place = 0;
  for (auto& block : blocks_) {
    if (training)
      block->write_training(table, matrix, place);
    else
      block->write(table, matrix, place);
    place += block->features().size();
  }
  return matrix;
}

std::vector<std::string> Featuriser::findings() const {
  std::vector<std::string> texts;
  for (auto& one : left_out_) texts.push_back(one.text());
  return texts;
}

Matrix Featuriser::training(const Table& table) const {
  return components_.any() ? components_.of(written(table, true)) : written(table, true);
}

Matrix Featuriser::transform(const Table& table) const {
  return components_.any() ? components_.of(written(table, false)) : written(table, false);
}

std::string Featuriser::export_to(GraphBuilder& graph, TableInputs& inputs) const {
  for (std::size_t i = 0; i < columns_.size(); i++) inputs.value(graph, columns_[i], input_type(i));
  auto values_of = inputs.values();
  std::vector<std::string> values;
  for (auto& block : blocks_)
    if (!block->features().empty()) values.push_back(block->export_to(graph, values_of));
  std::string all = values.size() == 1 ? values[0] : graph.node("Concat", values, {{"axis", std::int64_t{1}}});
  return components_.any() ? components_.export_to(graph, all) : all;
}

const std::string& TableInputs::value(GraphBuilder& graph, const std::string& column, DataType type) {
  auto [found, fresh] = values_.try_emplace(column);
  if (fresh) {
    found->second = graph.input(column, type, {-1, 1});
    columns_.push_back(column);
  }
  return found->second;
}

std::string TableInputs::once(const void* model, const std::function<std::string()>& write) {
  auto [found, fresh] = written_.try_emplace(model);
  if (fresh) found->second = write();
  return found->second;
}

std::vector<Tensor> table_tensors(const Table& table, const std::vector<std::string>& columns,
                                  std::span<const std::size_t> rows) {
  std::vector<Tensor> tensors;
  for (auto* found : table.get_all(columns)) {
    auto& column = *found;
    Tensor tensor =
        Tensor::zeros(column.is_number() ? DataType::f32 : DataType::text, {static_cast<std::int64_t>(rows.size()), 1});
    for (std::size_t i = 0; i < rows.size(); i++)
      if (column.is_number())
        tensor.as<float>()[i] = static_cast<float>(column.numbers[rows[i]]);
      else
        tensor.texts[i] = column.text(rows[i]);
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

}  // namespace gyre
