#include "learn/prepare.hpp"

namespace gyre {

namespace {

struct Options {
  std::int64_t folds = 5;
  std::vector<std::string> by;
  std::string alike;
  std::string name = "fold";
  std::int64_t seed = 1;
};

// By a hash of the content: the same rows come into the same folds, however the table is ordered.
std::string select(const Options& options, const SqlShape& shape) {
  for (auto& column : shape.columns)
    if (column.name == options.name)
      throw Error(Code::invalid, shape.table + " has a column \"" + options.name + "\" already",
                  "name another: --name");
  std::vector<std::string> parts;
  for (auto& name : options.by) parts.push_back(shape.get(name).quoted());
  if (parts.empty())
    for (auto& column : shape.columns) parts.push_back(column.quoted());
  std::string hash = "hash(" + joined(parts, ", ") + ", " + std::to_string(options.seed) + ")";
  std::string count = std::to_string(options.folds), fold = hash + " % " + count;
  if (!options.alike.empty())  // dealt out within each label, equal rows beside one another
    fold = "(row_number() OVER (PARTITION BY " + shape.get(options.alike).quoted() + " ORDER BY " + hash + ") - 1) % " +
           count;
  return "SELECT * EXCLUDE (gyre_row) FROM (SELECT *, (" + fold + ")::INTEGER AS " + sql_name(options.name) +
         " FROM (SELECT *, row_number() OVER () AS gyre_row FROM \"table\")) ORDER BY gyre_row";
}

}  // namespace

extern const Step step_assign_folds;
const Step step_assign_folds =
    step<Options>({.name = "assign-folds",
                   .command = "table folds",
                   .group = "data",
                   .title = "Assign rows to folds",
                   .help = "Adds a column that says which of so many folds a row is in, from 0.",
                   .inputs = {table_in},
                   .outputs = {table_out},
                   .parallel = true},
                  {field("folds", &Options::folds, "how many", {.min = 2, .max = 100000}),
                   field("by", &Options::by, "columns that tell what belongs together; the whole row when left out"),
                   field("alike", &Options::alike,
                         "a column whose labels are as frequent in each fold; rows are dealt out one by one"),
                   field("name", &Options::name, "of the new column"),
                   field("seed", &Options::seed, "another one makes other folds", {.min = 0})},
                  run_select<Options, select>);

}  // namespace gyre
