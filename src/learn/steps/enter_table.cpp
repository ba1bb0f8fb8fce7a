// gyre table enter: a small table that is typed in.
#include <fstream>

#include "base/file.hpp"
#include "learn/prepare.hpp"

namespace gyre {

namespace {

struct Options {
  std::vector<std::string> row;
};

void run(const Options& options, StepContext& context) {
  fs::path typed = fs::canonical(context.output("table").parent_path()) / "typed.csv";
  std::ofstream out(typed);
  for (auto& line : options.row) out << line << '\n';
  if (!out.flush()) throw Error(Code::unavailable, "cannot write " + typed.string());
  out.close();
  SqlInputs inputs(context, std::vector<std::string>{});
  inputs.add("table", "what was typed", typed);
  inputs.write("SELECT * FROM \"table\"");
  fs::remove(typed);
}

}  // namespace

extern const Step step_enter_table;
const Step step_enter_table = step<Options>(
    {.name = "enter-table",
     .command = "table enter",
     .group = "data",
     .title = "Enter a table",
     .help = "A small table that is typed in: --row name,age --row Ada,36",
     .outputs = {table_out},
     .parallel = true},
    {field("row", &Options::row, "a line of CSV: first the columns' names; given several times", {.required = true})},
    run);

}  // namespace gyre
