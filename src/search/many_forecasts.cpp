#include "search/many_forecasts.hpp"

#include <charconv>
#include <cmath>

#include "base/file.hpp"
#include "data/duck.hpp"
#include "learn/parallel.hpp"

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

static void append_forecast(std::string& to, const PartitionResult& result, const TimeGrid& grid) {
  if (!result.trouble.empty()) return;
  std::string keys;
  for (auto& key : result.keys) keys += csv_cell(key) + ",";
  for (std::size_t h = 0; h < result.forecast.size(); h++) {
    to += keys;
    to += grid.text(grid.time(result.first_time, std::int64_t(result.points + h)));
    for (double value :
         {result.forecast[h], result.forecast[h] - result.band[h], result.forecast[h] + result.band[h]}) {
      to += ',';
      append_number(to, value);
    }
    to += '\n';
  }
}

void write_forecasts(const std::filesystem::path& file, const SeriesColumns& columns, const TimeGrid& grid,
                     const std::vector<PartitionResult>& results, int threads) {
  std::string text;
  for (auto& name : columns.by) text += csv_cell(name) + ",";
  text += csv_cell(columns.time) + ",forecast,low,high\n";
  constexpr std::size_t at_once = 256;
  std::vector<std::string> parts((results.size() + at_once - 1) / at_once);
  for_each(parts.size(), threads, [&](std::size_t part) {
    for (auto i = part * at_once; i < std::min(results.size(), (part + 1) * at_once); i++)
      append_forecast(parts[part], results[i], grid);
  });
  for (auto& part : parts) text += part;
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
