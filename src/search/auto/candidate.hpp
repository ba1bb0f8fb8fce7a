#pragma once
// Pipelines that AutoML may try: a learner with its options and how features are made for it.
#include <string>
#include <vector>

#include "learn/featurise.hpp"
#include "learn/learner.hpp"

namespace gyre {

// Of a table, of others' answers to its rows (search/auto/stack.hpp), or of both.
enum class Sees { table, answers, both };

struct Candidate {
  std::string name;
  const Learner* learner = nullptr;
  json::object options;  // complete
  FeatureOptions features{};
  bool checked = false;  // rows of the fold decide when it stops
  Sees sees = Sees::table;
};
json::object to_json(const Candidate& candidate);

// What decides which candidates make sense.
struct Shape {
  std::size_t rows = 0;
  std::size_t numbers = 0;     // columns
  std::size_t categories = 0;  // columns with more than two of them
  bool has_pairs() const;
  // Trees that take categories as they are cost nodes in the graph for each set of categories that they ask for: of
  // many such columns more than the graph can run through in a millisecond.
  const char* category_encoding() const { return categories > 6 ? "one-hot" : "auto"; }
};
Shape shape_of(const Table& table);

// Every pipeline that is tried, by kind and in an order that makes sense without knowing more: strong and quick ones of
// different kinds first. The first is LightGBM as it comes: what is found is never below it.
std::vector<Candidate> known_candidates(const Problem& problem, const Shape& shape);
// So many of them are tried on each table before proposals choose (search/auto/former.hpp).
inline constexpr std::size_t always_tried = 7;

// What is tried on the answers of others. Their sums are smooth: where trees would ask whether an answer lies above a
// threshold, one that ONNX Runtime rounds otherwise could fall on the other side.
std::vector<Candidate> stacked_candidates(const Problem& problem, const Shape& shape);

// One around the others: options of a boosted tree, drawn for trial `number`.
Candidate drawn_candidate(const Problem& problem, const Shape& shape, std::uint64_t seed, std::size_t number);

}  // namespace gyre
