#include "learn/prepare.hpp"

namespace gyre {

namespace {

struct Options {
  std::vector<std::string> columns;
};

std::string select(const Options& options, const SqlShape& shape) {
  std::vector<std::string> list;
  for (auto& name : options.columns) list.push_back(shape.get(name).quoted());
  for (auto& column : shape.columns)
    if (options.columns.empty()) list.push_back(column.quoted());
  return "SELECT * EXCLUDE (gyre_row) FROM (SELECT *, row_number() OVER () AS gyre_row FROM \"table\") QUALIFY "
         "row_number() OVER (PARTITION BY " +
         joined(list, ", ") + " ORDER BY gyre_row) = 1 ORDER BY gyre_row";
}

}  // namespace

extern const Step step_remove_duplicates;
const Step step_remove_duplicates =
    step<Options>({.name = "remove-duplicates",
                   .command = "table unique",
                   .group = "data",
                   .title = "Remove duplicate rows",
                   .help = "Keeps the first of rows that are the same.",
                   .inputs = {table_in},
                   .outputs = {table_out},
                   .parallel = true},
                  {field("columns", &Options::columns, "what must be the same; the whole row when left out")},
                  run_select<Options, select>);

}  // namespace gyre
