#include <algorithm>

#include "learn/prepare.hpp"

namespace gyre {

namespace {

struct Options {
  std::vector<std::string> columns, leave_out;
};

std::string select(const Options& options, const SqlShape& shape) {
  std::vector<std::string> list;
  for (auto& name : options.columns) list.push_back(shape.get(name).quoted());
  for (auto& name : options.leave_out) shape.get(name);
  if (options.columns.empty())
    for (auto& column : shape.columns)
      if (std::find(options.leave_out.begin(), options.leave_out.end(), column.name) == options.leave_out.end())
        list.push_back(column.quoted());
  if (list.empty()) throw Error(Code::invalid, "no column of " + shape.table + " is left");
  return "SELECT " + joined(list, ", ") + " FROM \"table\"";
}

}  // namespace

extern const Step step_select_columns;
const Step step_select_columns =
    step<Options>({.name = "select-columns",
                   .command = "table select",
                   .group = "data",
                   .title = "Select columns",
                   .help = "Keeps some columns, in the order named, or all but some.",
                   .inputs = {table_in},
                   .outputs = {table_out},
                   .parallel = true},
                  {field("columns", &Options::columns, "the columns to keep; all when left out"),
                   field("leave-out", &Options::leave_out, "columns to leave out, when none is named to keep")},
                  run_select<Options, select>);

}  // namespace gyre
