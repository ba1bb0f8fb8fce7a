#include "base/file.hpp"
#include "data/duck.hpp"
#include "serve/score_rows.hpp"

namespace gyre {

void parquet_from_csv(const fs::path& csv, const std::vector<AnswerColumn>& columns, const fs::path& to) {
  std::string types;
  for (auto& column : columns)
    types += (types.empty() ? "" : ", ") + sql_name(column.name) + ": " + sql_text(column.type);
  fs::path part = to.string() + ".writing";
  remove_tree(part);
  Duck duck(1);  // several threads would cut the rows into groups as they happen to run
  duck.run("set temp_directory = ''");
  duck.run("copy (select * from read_csv(" + sql_text(csv.string()) +
           ", header = false, auto_detect = false, delim = " +
           "',', quote = '\"', escape = '\"', new_line = '\\n', max_line_size = 67108864, columns = {" + types +
           "})) to " + sql_text(part.string()) + " (format parquet)");
  sync_file(part);
  fs::rename(part, to);
}

}  // namespace gyre
