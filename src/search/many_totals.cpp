#include "search/many_totals.hpp"

#include <cmath>
#include <map>

#include "data/gather.hpp"
#include "learn/parallel.hpp"
#include "search/reconcile.hpp"

namespace gyre {

namespace {

double end_of(const PartitionResult& result, const TimeGrid& grid) {
  return grid.time(result.first_time, std::int64_t(result.points));
}

// Those that end where most do.
std::vector<std::size_t> that_add_up(const std::vector<PartitionResult>& results, const TimeGrid& grid,
                                     StepContext& context) {
  std::map<double, std::vector<std::size_t>> by_end;
  std::size_t models = 0;
  for (std::size_t i = 0; i < results.size(); i++)
    if (results[i].trouble.empty()) by_end[end_of(results[i], grid)].push_back(i), models++;
  std::vector<std::size_t> most;
  for (auto& [end, members] : by_end)
    if (members.size() >= most.size()) most = members;
  if (most.size() < results.size())
    context.say(
        counted(results.size() - most.size(), "partition is", "partitions are") + " in no total: without a model, or " +
        counted(models - most.size(), "history that ends", "histories that end") + " at another time than most");
  return most;
}

// The sum of histories; where one has not begun it adds nothing.
Partition summed(const TotalGroup& group, const std::vector<const Partition*>& parts) {
  Partition total{.keys = group.keys};
  for (auto member : group.members) {
    auto& part = *parts[member];
    std::size_t longest = std::max(total.values.size(), part.values.size());
    if (longest == part.values.size()) total.first_time = part.first_time;
    total.values.insert(total.values.begin(), longest - total.values.size(), 0.0);  // all end at the same time
    std::size_t from = longest - part.values.size();
    for (std::size_t i = 0; i < part.values.size(); i++) total.values[from + i] += part.values[i];
  }
  return total;
}

}  // namespace

void add_totals(const std::string& how, const ManyPlan& plan, const SeriesTable& table,
                std::vector<PartitionResult>& results, StepContext& context) {
  if (how == "none" || plan.columns.by.empty()) return;
  auto places = that_add_up(results, table.grid, context);
  std::vector<std::vector<std::string>> keys;
  std::vector<const Partition*> parts;
  for (auto place : places) {
    keys.push_back(results[place].keys);
    parts.push_back(&table.partitions[place]);
  }
  auto groups = total_groups(keys);
  std::size_t horizon = plan.test.horizon;
  std::vector<PartitionResult> totals(groups.size());
  ManyPlan above = plan;
  above.columns.ahead.clear();  // what is known ahead of a partition is not known of a sum
  GraphChecks checks;
  for_each(groups.size(), context.threads(), [&](std::size_t g) {
    Partition total = summed(groups[g], parts);
    auto& result = totals[g];
    ForecastGraphs graphs;
    if (how == "ols") result = learn_partition(above, total, checks, graphs);
    bool learned = how == "ols" && result.trouble.empty();
    result.trouble.clear();
    result.keys = groups[g].keys;
    result.keys.resize(plan.columns.by.size());
    result.points = total.values.size();
    result.first_time = total.first_time;
    std::string().swap(result.bytes);
    if (learned) return;
    result.forecast.assign(horizon, 0.0);
    for (auto member : groups[g].members)
      for (std::size_t h = 0; h < horizon; h++) result.forecast[h] += results[places[member]].forecast[h];
  });
  std::vector<double> own(places.size()), sums(groups.size());
  for (std::size_t h = 0; h < horizon && how == "ols"; h++) {
    for (std::size_t i = 0; i < places.size(); i++) own[i] = results[places[i]].forecast[h];
    for (std::size_t g = 0; g < groups.size(); g++) sums[g] = totals[g].forecast[h];
    own = reconciled(own, sums, groups);
    for (std::size_t i = 0; i < places.size(); i++) results[places[i]].forecast[h] = own[i];
    for (std::size_t g = 0; g < groups.size(); g++) {
      totals[g].forecast[h] = 0;
      for (auto member : groups[g].members) totals[g].forecast[h] += own[member];
    }
  }
  for (auto& total : totals) {
    // A sum's band from those of its parts, as if their errors were independent, unless its own is known.
    if (total.band.empty()) {
      auto& members = groups[std::size_t(&total - totals.data())].members;
      total.band.assign(horizon, 0.0);
      for (auto member : members)
        for (std::size_t h = 0; h < horizon; h++) total.band[h] += std::pow(results[places[member]].band[h], 2);
      for (double& width : total.band) width = std::sqrt(width);
    }
    results.push_back(std::move(total));
  }
}

}  // namespace gyre
