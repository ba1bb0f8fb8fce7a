#include "learn/features/words.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace gyre {

using Integers = std::vector<std::int64_t>;

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  bool within = false;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
    if (letter && !within) words.emplace_back();
    if (letter) words.back() += c;
    within = letter;
  }
  return words;
}

std::string export_words(GraphBuilder& graph, const std::string& texts) {
  auto ints = [&](Integers values) { return graph.constant(std::move(values)); };
  std::string flat = graph.node("Reshape", {texts, ints({-1})});
  std::string lower = graph.node("StringNormalizer", {flat},
                                 {{"case_change_action", std::string("LOWER")}, {"locale", std::string("C")}});
  std::string tokens = graph.node("com.microsoft.Tokenizer", {graph.node("Reshape", {lower, ints({-1, 1})})},
                                  {{"mark", std::int64_t{0}},
                                   {"mincharnum", std::int64_t{1}},
                                   {"pad_value", std::string(no_word)},
                                   {"tokenexp", std::string("[0-9a-z\\x{80}-\\x{10FFFF}]+")}});
  return graph.node("Squeeze", {tokens, ints({1})});
}

void to_unit_length(std::span<float> row) {
  float squares = 0;
  for (float value : row) squares += value * value;
  if (squares <= 0) return;
  for (float& value : row) value /= std::sqrt(squares);
}

std::string export_unit_rows(GraphBuilder& graph, const std::string& values) {
  std::string squares = graph.node("ReduceSumSquare", {values}, {{"axes", Integers{1}}});
  return graph.node("Div", {values, graph.node("Max", {graph.node("Sqrt", {squares}), graph.constant(1e-30f)})});
}

static std::vector<std::string> terms_of(std::string_view text) {
  auto terms = words_of(text);
  for (std::size_t i = 0, words = terms.size(); i + 1 < words; i++) terms.push_back(terms[i] + " " + terms[i + 1]);
  return terms;
}

WordsBlock::WordsBlock(const Table& table, std::string name, std::size_t most) : column_(std::move(name)) {
  auto& column = table.get(column_);
  std::vector<std::size_t> rows(column.words.size());
  for (auto code : column.codes)
    if (code >= 0) rows[static_cast<std::size_t>(code)]++;
  std::map<std::string, std::size_t> seen;  // in how many rows
  for (std::size_t i = 0; i < column.words.size(); i++) {
    auto terms = terms_of(column.words[i]);
    for (auto& term : std::set<std::string>(terms.begin(), terms.end())) seen[term] += rows[i];
  }
  std::vector<std::pair<std::string, std::size_t>> frequent;
  for (auto& [term, count] : seen)
    if (count >= 2) frequent.emplace_back(term, count);
  std::stable_sort(frequent.begin(), frequent.end(), [](auto& a, auto& b) { return a.second > b.second; });
  if (frequent.size() > most) frequent.resize(most);
  auto is_pair = [](auto& one) { return one.first.find(' ') != std::string::npos; };
  std::stable_partition(frequent.begin(), frequent.end(), [&](auto& one) { return !is_pair(one); });
  double all = static_cast<double>(column.codes.size());
  for (auto& [term, count] : frequent) {
    places_[term] = terms_.size();
    terms_.push_back(term);
    weights_.push_back(static_cast<float>(std::log((1 + all) / (1 + static_cast<double>(count))) + 1));
  }
}

std::vector<Feature> WordsBlock::features() const {
  std::vector<Feature> list;
  for (auto& term : terms_) list.push_back({column_ + "~" + term});
  return list;
}

void WordsBlock::write(const Table& table, Matrix& to, std::size_t place) const {
  auto& column = table.get(column_);
  for (std::size_t i = 0; i < column.codes.size(); i++) {
    auto row = to.row(i).subspan(place, terms_.size());
    std::fill(row.begin(), row.end(), 0.0f);
    if (column.codes[i] < 0) continue;
    for (auto& term : terms_of(column.words[static_cast<std::size_t>(column.codes[i])]))
      if (auto found = places_.find(term); found != places_.end()) row[found->second] += weights_[found->second];
    to_unit_length(row);
  }
}

std::string WordsBlock::export_to(GraphBuilder& graph, const std::map<std::string, std::string>& inputs) const {
  std::string words = export_words(graph, inputs.at(column_));
  std::vector<std::string> pool;
  Integers indexes;
  std::int64_t singles = 0;
  for (std::size_t i = 0; i < terms_.size(); i++) {
    auto parts = words_of(terms_[i]);
    singles += parts.size() == 1;
    pool.insert(pool.end(), parts.begin(), parts.end());
    indexes.push_back(static_cast<std::int64_t>(i));
  }
  std::string values = graph.node("TfIdfVectorizer", {words},
                                  {{"min_gram_length", std::int64_t{1}},
                                   {"max_gram_length", std::int64_t{2}},
                                   {"max_skip_count", std::int64_t{0}},
                                   {"mode", std::string("TFIDF")},
                                   {"ngram_counts", Integers{0, singles}},
                                   {"ngram_indexes", indexes},
                                   {"pool_strings", pool},
                                   {"weights", weights_}});
  return export_unit_rows(graph, values);
}

}  // namespace gyre
