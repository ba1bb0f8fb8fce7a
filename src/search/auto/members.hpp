#pragma once
// Which candidates of a race are put together, with which weights, and how much there is to write of them.
#include <functional>
#include <vector>

#include "search/auto/ensemble_model.hpp"
#include "search/auto/race.hpp"

namespace gyre {

struct Member {
  const Entry* entry;
  double weight;
  std::size_t models;                    // of the folds, so many
  std::shared_ptr<const Stack> stack{};  // that it stands on: the entry's, perhaps with fewer models
};
using Chosen = std::vector<Member>;

// By weight, the largest first. `bags`: how many halves of the candidates are chosen from, too.
Chosen choose_members(const Race& race, std::size_t bags, std::uint64_t seed, const std::function<bool()>& stop);

// To the rows that none of their models saw.
std::vector<double> judged_answers(const Chosen& members);

// The table's columns that no member's model takes, and what its features say of those: why they are no use.
struct LeftOut {
  std::vector<std::string> columns, findings;
};
LeftOut left_out(const Table& table, const Chosen& members);

EnsembleModel model_of(const Chosen& members, const Adjustment& adjustment);

// Roughly what a model weighs in a file.
double megabytes_of(const Candidate& candidate, const TablePipeline& model, const Problem& problem, std::size_t rows);

// How much there is to write, read back and check: megabytes or so, and what each model costs however small it is.
double work_of(const Chosen& members, const Problem& problem, std::size_t rows);

// The second level then stands on this share of the models that it stood on.
void shrink_stack(Chosen& members, double share);

// One step towards a smaller model: the lightest member goes where it hardly counts, else a fold's model of the member
// that takes most room for its weight, or half of the models that the second level stands on where those do, else a
// member. False: there is nothing left to leave out.
bool reduce(Chosen& members, const Problem& problem, std::size_t rows);

}  // namespace gyre
