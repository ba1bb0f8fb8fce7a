#include "search/many_forecasts.hpp"

#include <charconv>
#include <cmath>

#include "base/file.hpp"
#include "data/duck.hpp"

namespace gyre {

static std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string cell = "\"";
  for (char c : text) cell.append(c == '"' ? 2 : 1, c);
  return cell + "\"";
}

static void append_number(std::string& to, double value) {
  if (!std::isfinite(value)) return;
  char text[32];
  to.append(text, std::to_chars(text, text + sizeof text, value, std::chars_format::general, 9).ptr);
}

void write_forecasts(const std::filesystem::path& file, const SeriesColumns& columns, const TimeGrid& grid,
                     const std::vector<PartitionResult>& results, int threads) {
  std::string text;
  for (auto& name : columns.by) text += csv_cell(name) + ",";
  text += csv_cell(columns.time) + ",forecast,low,high\n";
  for (auto& result : results) {
    if (!result.trouble.empty()) continue;
    std::string keys;
    for (auto& key : result.keys) keys += csv_cell(key) + ",";
    for (std::size_t h = 0; h < result.forecast.size(); h++) {
      text += keys;
      text += grid.text(grid.time(result.first_time, std::int64_t(result.points + h)));
      for (double value :
           {result.forecast[h], result.forecast[h] - result.band[h], result.forecast[h] + result.band[h]}) {
        text += ',';
        append_number(text, value);
      }
      text += '\n';
    }
  }
  if (file.extension() != ".parquet") return write_output(file, text);
  TemporaryFolder folder;
  fs::path csv = folder.path() / "forecasts.csv";
  write_output(csv, text);
  std::string types;
  for (auto& name : columns.by) types += sql_text(name) + ": 'VARCHAR', ";
  types += sql_text(columns.time) + ": " +
           (grid.unit == TimeGrid::Unit::number ? "'DOUBLE'"
            : grid.days                         ? "'DATE'"
                                                : "'TIMESTAMP'") +
           ", 'forecast': 'DOUBLE', 'low': 'DOUBLE', 'high': 'DOUBLE'";
  make_folders(file.parent_path());
  Duck duck(threads);
  duck.run("COPY (SELECT * FROM read_csv(" + sql_text(csv.string()) +
           ", auto_detect = false, header = true, columns = {" + types + "})) TO " + sql_text(file.string()) +
           " (FORMAT parquet)");
}

}  // namespace gyre
