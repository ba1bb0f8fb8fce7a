#pragma once
// Sentences: words and pairs of words, counted, weighted by how rare they are (tf-idf), each row at a length of 1.
#include <unordered_map>

#include "learn/featurise.hpp"

namespace gyre {

// Runs of letters and digits; letters from A to Z become small, all beyond ASCII counts as a letter.
std::vector<std::string> words_of(std::string_view text);
// The same as nodes: texts [rows, words of the longest], what is behind a row's last word being `no_word`.
inline constexpr std::string_view no_word = "\x01";
std::string export_words(GraphBuilder& graph, const std::string& texts);
std::string export_unit_rows(GraphBuilder& graph, const std::string& values);  // at a length of 1; zeros stay
void to_unit_length(std::span<float> row);

class WordsBlock final : public FeatureBlock {
 public:
  WordsBlock(const Table& table, std::string column, std::size_t most);
  std::vector<Feature> features() const override;
  void write(const Table& table, Matrix& to, std::size_t place) const override;
  std::string export_to(GraphBuilder& graph, const std::map<std::string, std::string>& inputs) const override;

 private:
  std::string column_;
  std::vector<std::string> terms_;  // single words first, then pairs joined by a blank
  std::vector<float> weights_;
  std::unordered_map<std::string, std::size_t> places_;
};

}  // namespace gyre
