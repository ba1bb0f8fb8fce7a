#pragma once
// Pipelines that AutoML may try: a learner with its options and how features are made for it.
#include <string>
#include <vector>

#include "learn/featurise.hpp"
#include "learn/learner.hpp"

namespace gyre {

struct Candidate {
  std::string name;
  const Learner* learner = nullptr;
  json::object options;  // complete
  FeatureOptions features{};
  bool checked = false;  // rows of the fold decide when it stops
};
json::object to_json(const Candidate& candidate);

// What decides which candidates make sense.
struct Shape {
  std::size_t rows = 0, numbers = 0;  // columns of numbers
  bool has_pairs() const;
};
Shape shape_of(const Table& table);

// In the order in which they are tried: strong and quick ones of different kinds first. The first is LightGBM as it
// comes: what is found is never below it.
std::vector<Candidate> first_candidates(const Problem& problem, const Shape& shape);

// One around the others: options of a boosted tree, drawn for trial `number`.
Candidate drawn_candidate(const Problem& problem, const Shape& shape, std::uint64_t seed, std::size_t number);

}  // namespace gyre
