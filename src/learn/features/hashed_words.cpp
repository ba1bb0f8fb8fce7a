#include "learn/features/hashed_words.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "learn/features/words.hpp"

namespace gyre {

// MurmurHash3 of 32 bits (Austin Appleby, public domain), as ONNX Runtime's operator and scikit-learn compute it.
static std::int64_t hash_of(std::string_view text) {
  auto mixed = [](std::uint32_t k) { return std::rotl(k * 0xcc9e2d51u, 15) * 0x1b873593u; };
  std::uint32_t h = 0;
  std::size_t whole = text.size() / 4 * 4;
  for (std::size_t i = 0; i < whole; i += 4) {
    std::uint32_t k;
    std::memcpy(&k, text.data() + i, 4);
    h = std::rotl(h ^ mixed(k), 13) * 5 + 0xe6546b64u;
  }
  std::uint32_t rest = 0;
  for (std::size_t i = text.size(); i-- > whole;) rest = rest << 8 | static_cast<unsigned char>(text[i]);
  h ^= mixed(rest) ^ static_cast<std::uint32_t>(text.size());
  h = (h ^ h >> 16) * 0x85ebca6bu;
  h = (h ^ h >> 13) * 0xc2b2ae35u;
  return static_cast<std::int32_t>(h ^ h >> 16);
}

std::vector<Feature> HashedWordsBlock::features() const {
  std::vector<Feature> list;
  for (std::size_t i = 0; i < places_; i++) list.push_back({column_ + "#" + std::to_string(i)});
  return list;
}

void HashedWordsBlock::write(const Table& table, Matrix& to, std::size_t place) const {
  auto& column = table.get(column_);
  for (std::size_t i = 0; i < column.codes.size(); i++) {
    auto row = to.row(i).subspan(place, places_);
    std::fill(row.begin(), row.end(), 0.0f);
    if (column.codes[i] < 0) continue;
    for (auto& word : words_of(column.words[static_cast<std::size_t>(column.codes[i])])) {
      std::int64_t hash = hash_of(word);
      // One of four thousand million words has the hash of the graph's filling, and counts for nothing in both.
      if (hash != hash_of(no_word)) row[static_cast<std::size_t>(std::abs(hash)) % places_] += hash < 0 ? -1 : hash > 0;
    }
    to_unit_length(row);
  }
}

std::string HashedWordsBlock::export_to(GraphBuilder& graph, const std::map<std::string, std::string>& inputs) const {
  auto ints = [&](std::vector<std::int64_t> values) { return graph.constant(std::move(values)); };
  auto places = static_cast<std::int64_t>(places_);
  std::string words = export_words(graph, inputs.at(column_));
  std::string hashes = graph.node("com.microsoft.MurmurHash3", {words}, {{"positive", std::int64_t{0}}});
  std::string wide = graph.node("Cast", {hashes}, {{"to", std::int64_t{7}}});
  std::string at = graph.node("Mod", {graph.node("Abs", {wide}), ints({places})});
  std::string is_word = graph.node("Not", {graph.node("Equal", {wide, ints({hash_of(no_word)})})});
  std::string counts = graph.node("Mul", {graph.node("Cast", {graph.node("Sign", {wide})}, {{"to", std::int64_t{1}}}),
                                          graph.node("Cast", {is_word}, {{"to", std::int64_t{1}}})});
  std::string rows = graph.node("Slice", {graph.node("Shape", {words}), ints({0}), ints({1})});
  std::string shape = graph.node("Concat", {rows, ints({places})}, {{"axis", std::int64_t{0}}});
  std::string zeros = graph.node("Expand", {graph.constant(0.0f), shape});
  std::string sums = graph.node("ScatterElements", {zeros, at, counts},
                                {{"axis", std::int64_t{1}}, {"reduction", std::string("add")}});
  return export_unit_rows(graph, sums);
}

}  // namespace gyre
