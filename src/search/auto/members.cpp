#include "search/auto/members.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "search/auto/ensemble.hpp"

namespace gyre {

// The best, and the best of each kind of learner: others would only cost time.
static std::vector<const Entry*> contenders(const Race& race) {
  std::vector<const Entry*> all;
  for (auto& entry : race.entries()) all.push_back(&entry);
  std::stable_sort(all.begin(), all.end(), [](auto* a, auto* b) { return a->score > b->score; });
  std::map<std::string, int> of_kind;
  std::vector<const Entry*> chosen;
  for (auto* entry : all)
    if (of_kind[entry->candidate.learner->name]++ < 2 || chosen.size() < 24) chosen.push_back(entry);
  return chosen;
}

Chosen choose_members(const Race& race, std::size_t bags, std::uint64_t seed, const std::function<bool()>& stop) {
  auto chosen = contenders(race);
  std::vector<std::span<const double>> answers;
  for (auto* entry : chosen) answers.push_back(entry->answers);
  auto judged = [&](std::span<const double> mean) { return race.objective().score(race.truth(), mean); };
  constexpr std::size_t steps = 30;
  Ensemble ensemble = select_bagged_ensemble(answers, judged, steps, bags, seed, stop);
  constexpr double least_weight = 0.01;  // below, a member costs more than it brings
  Chosen members;
  for (std::size_t i = 0; i < chosen.size(); i++)
    if (ensemble.weights[i] > least_weight)
      members.push_back({chosen[i], ensemble.weights[i], chosen[i]->models.size()});
  std::stable_sort(members.begin(), members.end(), [](auto& a, auto& b) { return a.weight > b.weight; });
  return members;
}

static double all_weights(const Chosen& members) {
  double all = 0;
  for (auto& member : members) all += member.weight;
  return all;
}

std::vector<double> judged_answers(const Chosen& members) {
  std::vector<double> mean(members[0].entry->answers.size());
  double all = all_weights(members);
  for (auto& member : members)
    for (std::size_t i = 0; i < mean.size(); i++) mean[i] += member.weight / all * member.entry->answers[i];
  return mean;
}

namespace {

// The models of the file, whether they are members' or a second level stands on them.
using Parts = std::map<const TablePipeline*, const Candidate*>;

Parts parts_of(const Chosen& members) {
  Parts parts;
  for (auto& member : members) {
    for (std::size_t i = 0; i < member.models; i++)
      parts.emplace(member.entry->models[i].get(), &member.entry->candidate);
    if (!member.entry->stack) continue;
    for (auto& base : member.entry->stack->bases())
      for (auto& model : base.models) parts.emplace(model.get(), &base.candidate);
  }
  return parts;
}

}  // namespace

LeftOut left_out(const Table& table, const Chosen& members) {
  std::set<std::string> used;
  std::set<LeftOutColumn> unused;
  for (auto& [model, candidate] : parts_of(members)) {
    auto& featuriser = model->featuriser();
    used.insert(featuriser.columns().begin(), featuriser.columns().end());
    unused.insert(featuriser.left_out().begin(), featuriser.left_out().end());
  }
  LeftOut out;
  for (auto& column : table.columns)
    if (!used.contains(column.name)) out.columns.push_back(column.name);
  std::set<std::string> names(out.columns.begin(), out.columns.end());
  for (auto& one : unused)
    if (names.contains(one.column)) out.findings.push_back(one.text());
  return out;
}

EnsembleModel model_of(const Chosen& members, const Adjustment& adjustment) {
  double all = all_weights(members);
  std::vector<EnsembleMember> parts;
  for (auto& member : members)
    for (std::size_t i = 0; i < member.models; i++) {
      std::shared_ptr<const TableModel> model = member.entry->models[i];
      if (member.entry->stack) model = std::make_shared<StackedModel>(member.entry->stack, member.entry->models[i]);
      parts.push_back({std::move(model), member.weight / all / static_cast<double>(member.models)});
    }
  return EnsembleModel(std::move(parts), adjustment);
}

// What its trees do; what has none weighs nothing to speak of.
double megabytes_of(const Candidate& candidate, const TablePipeline& model, const Problem& problem, std::size_t rows) {
  double nodes = 0, sums = static_cast<double>(problem.outputs() > 2 ? problem.outputs() : 1);
  double rounds = find_number(model.fitted().about(), "rounds").value_or(0);
  if (auto trees = find_number(candidate.options, "trees"))  // deep ones, a leaf for each few rows; all labels in one
    nodes = *trees * (static_cast<double>(rows) / 3) * sums;
  else if (auto leaves = find_number(candidate.options, "leaves"))
    nodes = rounds * *leaves * 2 * sums;
  else if (auto depth = find_number(candidate.options, "depth"))
    nodes = rounds * std::min(std::exp2(*depth), static_cast<double>(rows) / 3) * sums;
  return nodes * 50e-6;
}

double work_of(const Chosen& members, const Problem& problem, std::size_t rows) {
  double sum = 0;
  for (auto& [model, candidate] : parts_of(members)) sum += megabytes_of(*candidate, *model, problem, rows) + 0.03;
  return sum;
}

bool reduce(Chosen& members, const Problem& problem, std::size_t rows) {
  if (members.size() > 1 && members.back().weight < 0.06) return members.pop_back(), true;
  auto is_stacked = [](const Member& member) { return member.entry->stack != nullptr; };
  if (!std::all_of(members.begin(), members.end(), is_stacked) && std::erase_if(members, is_stacked)) return true;
  auto room = [&](const Member& member) {
    if (member.models == 1) return -1.0;
    double megabytes = 1e-6;
    for (std::size_t i = 0; i < member.models; i++)
      megabytes += megabytes_of(member.entry->candidate, *member.entry->models[i], problem, rows);
    return megabytes / member.weight;
  };
  auto largest = std::max_element(members.begin(), members.end(), [&](auto& a, auto& b) { return room(a) < room(b); });
  if (largest->models > 1) return largest->models--, true;
  if (members.size() > 1) return members.pop_back(), true;
  return false;
}

}  // namespace gyre
