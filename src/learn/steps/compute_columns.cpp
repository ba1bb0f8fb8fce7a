#include <algorithm>

#include "learn/prepare.hpp"

namespace gyre {

namespace {

struct Options {
  std::vector<std::string> set;
};

std::string select(const Options& options, const SqlShape& shape) {
  std::vector<std::string> replaced, added;
  for (auto& word : options.set) {
    auto sign = word.find('=');
    if (sign == std::string::npos || sign == 0)
      throw Error(Code::invalid, "set: \"" + word + "\" is not NAME=EXPRESSION", "like --set area=width*height");
    std::string name = word.substr(0, sign), sql = word.substr(sign + 1) + " AS " + sql_name(name);
    bool known =
        std::any_of(shape.columns.begin(), shape.columns.end(), [&](auto& column) { return column.name == name; });
    (known ? replaced : added).push_back(sql);
  }
  return "SELECT *" + (replaced.empty() ? "" : " REPLACE (" + joined(replaced, ", ") + ")") +
         (added.empty() ? "" : ", " + joined(added, ", ")) + " FROM \"table\"";
}

}  // namespace

extern const Step step_compute_columns;
const Step step_compute_columns = step<Options>(
    {.name = "compute-columns",
     .command = "table compute",
     .group = "data",
     .title = "Compute columns",
     .help = "Adds columns that are computed from the others, or puts them in their place.",
     .inputs = {table_in},
     .outputs = {table_out},
     .parallel = true},
    {field("set", &Options::set, "NAME=EXPRESSION in SQL, like area=width*height; may be given several times",
           {.required = true})},
    run_select<Options, select>);

}  // namespace gyre
