#include "learn/prepare.hpp"

namespace gyre {

namespace {

struct Options {
  std::vector<std::string> by, compute;
};

std::string select(const Options& options, const SqlShape& shape) {
  std::vector<std::string> keys, list;
  for (auto& name : options.by) keys.push_back(shape.get(name).quoted());
  list = keys;
  for (auto& word : options.compute) {
    auto sign = word.find('=');
    if (sign == std::string::npos || sign == 0)
      throw Error(Code::invalid, "compute: \"" + word + "\" is not NAME=EXPRESSION", "like --compute total=sum(price)");
    list.push_back(word.substr(sign + 1) + " AS " + sql_name(word.substr(0, sign)));
  }
  if (options.compute.empty()) list.push_back("count(*) AS rows");
  std::string sql = "SELECT " + joined(list, ", ") + " FROM \"table\"";
  return keys.empty() ? sql : sql + " GROUP BY " + joined(keys, ", ") + " ORDER BY " + joined(keys, ", ");
}

}  // namespace

extern const Step step_group_table;
const Step step_group_table = step<Options>(
    {.name = "group-table",
     .command = "table group",
     .group = "data",
     .title = "Group rows",
     .help = "One row for each group, with what is computed from its rows.",
     .inputs = {table_in},
     .outputs = {table_out},
     .parallel = true},
    {field("by", &Options::by, "the columns that make a group"),
     field("compute", &Options::compute, "NAME=EXPRESSION in SQL, like total=sum(price); may be given several times")},
    run_select<Options, select>);

}  // namespace gyre
