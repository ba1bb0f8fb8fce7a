#include "track/search_plan.hpp"

#include <cmath>
#include <utility>

#include "track/search_subjects.hpp"

namespace gyre {

// A run that is looked at costs about as much as one that is sorted. Of n runs, m of which are wanted by a clause, a
// page of p is full after p * n / m looks: so m are few while m * m < p * n.
std::optional<FewRuns> few_runs(Workspace& workspace, SqlText& sql, std::span<const Clause> clauses,
                                const std::string& experiments, std::size_t wanted) {
  if (sql.dialect != Dialect::sqlite || clauses.empty()) return {};
  auto& rows = workspace.rows();
  double all = static_cast<double>(get_int(*rows.one("SELECT coalesce(max(number), 0) AS n FROM run"), "n"));
  auto few = static_cast<std::int64_t>(std::sqrt(static_cast<double>(wanted) * all)) + 1;
  std::optional<FewRuns> found;
  for (std::size_t i = 0; i < clauses.size() && few > 0; i++) {
    auto runs = indexed_runs(sql, clauses[i]);
    if (!runs) continue;
    if (clauses[i].group == "metric") *runs += " AND " + experiments;
    std::string counted = "SELECT count(*) AS n FROM (SELECT 1" + *runs + " LIMIT " + sql.bind(few) + ")";
    std::int64_t count = get_int(*rows.one(counted, sql.values), "n");
    if (count >= few) continue;
    found = {i, "(SELECT run" + *runs + ")"};
    few = count;
  }
  return found;
}

// SQLite's index of params knows no experiments: to walk it takes longer than to sort the runs of a small one.
static bool is_large(Workspace& workspace, const SqlText& sql, const std::string& experiments) {
  return workspace.rows()
      .one("SELECT 1 AS n FROM run WHERE " + experiments + " LIMIT 1 OFFSET 20000", sql.values)
      .has_value();
}

std::optional<FirstOrder> first_order(Workspace& workspace, SqlText& sql, const Order& order,
                                      std::span<const Clause> clauses, const std::string& experiments) {
  bool metric = order.group == "metric", here = sql.dialect == Dialect::sqlite;
  if (!metric && (order.group != "param" || (here && !is_large(workspace, sql, experiments)))) return {};
  FirstOrder first{.table = beside_of(run_subject(), order.group).table, .key = sql.bind(order.key)};
  std::string way = order.descending ? " DESC" : " ASC";
  if (metric) first.condition = " AND first." + experiments;
  for (auto& clause : clauses)  // the part of the index that can be meant
    if (here && metric && clause.group == "metric" && clause.key == order.key && clause.comparison != "!=") {
      std::string before = std::exchange(sql.text, " AND ");
      sql.compare("first.value", clause);
      first.condition += std::exchange(sql.text, before);
    }
  if (here) first.join = " CROSS JOIN ";                                        // in this order, whatever it supposes
  if (!metric && !here) first.by = "substr(first.value, 1, 128)" + way + ", ";  // as its index has it
  first.by += "first.value" + way;
  return first;
}

}  // namespace gyre
