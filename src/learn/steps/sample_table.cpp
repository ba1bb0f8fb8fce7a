#include "learn/prepare.hpp"

namespace gyre {

namespace {

struct Options {
  double share = 0.1;
  std::int64_t rows = 0;
  std::int64_t seed = 1;
};

// By a hash of the row's place: one thread or many, the same rows.
std::string select(const Options& options, const SqlShape&) {
  std::string drawn = "hash(gyre_row, " + std::to_string(options.seed) + ")";
  std::string numbered = "(SELECT *, row_number() OVER () AS gyre_row FROM \"table\")";
  if (options.rows > 0)
    return "SELECT * EXCLUDE (gyre_row) FROM (SELECT * FROM " + numbered + " ORDER BY " + drawn + " LIMIT " +
           std::to_string(options.rows) + ") ORDER BY gyre_row";
  return "SELECT * EXCLUDE (gyre_row) FROM " + numbered + " WHERE " + drawn + " / 18446744073709551616.0 < " +
         json::serialize(json::value(options.share)) + " ORDER BY gyre_row";
}

}  // namespace

extern const Step step_sample_table;
const Step step_sample_table = step<Options>({.name = "sample-table",
                                              .command = "table sample",
                                              .group = "data",
                                              .title = "Sample rows",
                                              .help = "Draws rows by chance; the same seed draws the same.",
                                              .inputs = {table_in},
                                              .outputs = {table_out},
                                              .parallel = true},
                                             {field("share", &Options::share, "of the rows", {.min = 0, .max = 1}),
                                              field("rows", &Options::rows, "how many, instead of a share", {.min = 0}),
                                              field("seed", &Options::seed, "another one draws others", {.min = 0})},
                                             run_select<Options, select>);

}  // namespace gyre
