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
  constexpr std::ptrdiff_t enough = 6;
  auto confirmed = [](auto* entry) { return Race::is_confirmed(*entry); };
  if (race.confirms() && std::count_if(all.begin(), all.end(), confirmed) >= enough)
    std::erase_if(all, std::not_fn(confirmed));
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
      members.push_back({chosen[i], ensemble.weights[i], chosen[i]->models.size(), chosen[i]->stack});
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
    if (!member.stack) continue;
    for (auto& base : member.stack->bases())
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
  std::vector<EnsembleMember> parts, upper;
  std::shared_ptr<const Stack> stack;  // a race has one
  for (auto& member : members) {
    if (member.stack) stack = member.stack;
    for (std::size_t i = 0; i < member.models; i++)
      (member.stack ? upper : parts)
          .push_back({member.entry->models[i], member.weight / all / static_cast<double>(member.models)});
  }
  if (stack) parts.push_back({std::make_shared<StackedModel>(std::move(stack), EnsembleModel(std::move(upper))), 1});
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

namespace {

// What a second level stands on, beside the weight of its members; -1 where there is one model of each.
double room_of_stack(const Chosen& members, const Problem& problem, std::size_t rows) {
  const Stack* stack = nullptr;
  double weight = 0, megabytes = 1e-6;
  for (auto& member : members)
    if (member.stack) stack = member.stack.get(), weight += member.weight;
  if (!stack || stack->most_models() == 1) return -1;
  for (auto& base : stack->bases())
    for (auto& model : base.models) megabytes += megabytes_of(base.candidate, *model, problem, rows);
  return megabytes / weight;
}

}  // namespace

void shrink_stack(Chosen& members, double share) {
  std::shared_ptr<const Stack> smaller;
  for (auto& member : members) {
    if (!member.stack) continue;
    if (!smaller) {
      double most = share * static_cast<double>(member.stack->most_models());
      smaller = member.stack->with_fewer(std::max<std::size_t>(1, static_cast<std::size_t>(most)));
    }
    member.stack = smaller;
  }
}

bool reduce(Chosen& members, const Problem& problem, std::size_t rows) {
  if (members.size() > 1 && members.back().weight < 0.06) return members.pop_back(), true;
  auto room = [&](const Member& member) {
    if (member.models == 1) return -1.0;
    double megabytes = 1e-6;
    for (std::size_t i = 0; i < member.models; i++)
      megabytes += megabytes_of(member.entry->candidate, *member.entry->models[i], problem, rows);
    return megabytes / member.weight;
  };
  auto largest = std::max_element(members.begin(), members.end(), [&](auto& a, auto& b) { return room(a) < room(b); });
  if (room_of_stack(members, problem, rows) > room(*largest)) return shrink_stack(members, 0.5), true;
  if (largest->models > 1) return largest->models--, true;
  if (members.size() > 1) return members.pop_back(), true;
  return false;
}

}  // namespace gyre
