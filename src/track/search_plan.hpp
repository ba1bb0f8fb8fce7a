#pragma once
// The way to the runs that a search asks for. PostgreSQL knows how many rows a condition leaves, and finds it by
// itself; for SQLite it is found here.
#include <optional>
#include <span>
#include <string>

#include "store/workspace.hpp"
#include "track/filter.hpp"

namespace gyre {

// `experiments`: the condition on the column of that name. In both what is bound is bound in `sql`.

// Few runs that an index finds, by one of the clauses: to sort them is less work than to walk through all in their
// order, looking at each, until `wanted` are found.
struct FewRuns {
  std::size_t clause = 0;
  std::string runs;  // "(SELECT run FROM ...)"
};
std::optional<FewRuns> few_runs(Workspace& workspace, SqlText& sql, std::span<const Clause> clauses,
                                const std::string& experiments, std::size_t wanted);

// An index that has the runs in the order asked for first, by a metric or a param: a page reads no more than itself.
// Runs without that key follow them.
struct FirstOrder {
  std::string table, key;
  std::string join = " JOIN ";
  std::string condition{};  // of the index's rows, beside the key
  std::string by{};
};
std::optional<FirstOrder> first_order(Workspace& workspace, SqlText& sql, const Order& order,
                                      std::span<const Clause> clauses, const std::string& experiments);

}  // namespace gyre
