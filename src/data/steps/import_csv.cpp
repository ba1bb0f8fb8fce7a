// gyre gather csv: tables of readings, as other programs write them, become series.
#include <algorithm>
#include <cmath>
#include <fstream>

#include "base/utf8.hpp"
#include "data/csv_line.hpp"
#include "data/duck.hpp"
#include "data/gather.hpp"
#include "media/series.hpp"

namespace gyre {

namespace {

struct Options {
  std::string time;
  std::string run;
  std::vector<std::string> columns;
  std::string decimal = ".";
  std::string broken = "stop";
};

struct Table {
  std::string name;  // as the user knows it
  fs::path file;
  char delimiter = ',';
  std::vector<std::string> header;
  std::vector<std::string> columns;  // that become series
};

// What cannot name columns is told here, by name and place, before a database stumbles over it.
void check_header(const std::string& line, const std::vector<std::string>& header, const std::string& name) {
  if (line.find('\0') != std::string::npos || !is_utf8(line))
    throw Error(Code::invalid, name + ":1: the header is no text in UTF-8",
                "is it a CSV file? One in another encoding: iconv -f LATIN1 -t UTF-8 " + name);
  for (std::size_t i = 0; i < header.size(); i++) {
    if (header[i].empty())
      throw Error(Code::invalid, name + ":1: column " + std::to_string(i + 1) + " has no name",
                  "the first line names the columns");
    if (std::find(header.begin(), header.begin() + static_cast<std::ptrdiff_t>(i), header[i]) !=
        header.begin() + static_cast<std::ptrdiff_t>(i))
      throw Error(Code::invalid, name + ":1: two columns are named \"" + header[i] + "\"",
                  "give each a name of its own");
  }
}

Table opened(const fs::path& file, const std::string& name, const Options& options) {
  Table table{name, file, ',', {}, options.columns};
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  if (line.ends_with('\r')) line.pop_back();
  if (line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);
  if (line.empty()) throw Error(Code::invalid, name + ": no header", "the first line names the columns");
  auto times = [&](char c) { return std::count(line.begin(), line.end(), c); };
  for (char c : {';', '\t'})
    if (times(c) > times(table.delimiter)) table.delimiter = c;
  table.header = csv_cells(line, table.delimiter);
  check_header(line, table.header, name);
  auto need = [&](const std::string& column) {
    if (std::find(table.header.begin(), table.header.end(), column) != table.header.end()) return;
    std::string list;
    for (auto& known : table.header) list += (list.empty() ? "" : ", ") + known;
    throw Error(Code::invalid, name + " has no column \"" + column + "\"", "it has: " + list);
  };
  for (auto& column : options.columns) need(column);
  if (!options.time.empty()) need(options.time);
  if (!options.run.empty()) need(options.run);
  if (table.columns.empty())
    for (auto& column : table.header)
      if (column != options.time && column != options.run) table.columns.push_back(column);
  return table;
}

// Numbers where numbers shall be; what is read but not taken, and the time, stay text.
std::string reading(const Table& table, const Options& options) {
  std::string types;
  for (auto& column : table.header) {
    bool number = std::find(table.columns.begin(), table.columns.end(), column) != table.columns.end();
    types += (types.empty() ? "" : ", ") + sql_text(column) + ": " + (number ? "'DOUBLE'" : "'VARCHAR'");
  }
  return "read_csv(" + sql_text(table.file.string()) +
         ", auto_detect = false, header = true, delim = " + sql_text(std::string(1, table.delimiter)) +
         ", quote = '\"', escape = '\"', columns = {" + types +
         "}, nullstr = ['', 'NA', 'N/A', 'null'], decimal_separator = " + sql_text(options.decimal) +
         ", store_rejects = true, rejects_limit = 0)";
}

std::vector<std::string> rejected(Duck& duck, const Table& table) {
  std::vector<std::string> lines;
  duck.query(
      "SELECT line::VARCHAR, coalesce(column_name, ''), error_type::VARCHAR, coalesce(csv_line, ''), "
      "column_idx::DOUBLE FROM "
      "reject_errors ORDER BY line, column_idx LIMIT 1000",
      [&](const Duck::Cells& row) {
        std::string place = table.name + ":" + row.text(0).value_or("?") + ": ", type = row.text(2).value_or("");
        auto cells = csv_cells(row.text(3).value_or(""), table.delimiter);
        auto column = static_cast<std::size_t>(std::max(1.0, row.number(4)));
        if (type == "CAST")
          lines.push_back(place + "column \"" + row.text(1).value_or("") + "\": \"" +
                          (column <= cells.size() ? cells[column - 1] : "") + "\" is no number");
        else if (type == "MISSING COLUMNS" || type == "TOO MANY COLUMNS")
          lines.push_back(place + std::to_string(cells.size()) + " cells, the header names " +
                          std::to_string(table.header.size()));
        else
          lines.push_back(place + type);
      });
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  return lines;
}

void refuse_bad_times(Duck& duck, const Table& table, const Options& options) {
  if (options.time.empty()) return;
  std::string time = sql_name(options.time);
  duck.query("SELECT (rowid + 2)::VARCHAR, " + time + " FROM raw WHERE seconds IS NULL ORDER BY rowid LIMIT 1",
             [&](const Duck::Cells& row) {
               throw Error(Code::invalid,
                           table.name + ":" + row.text(0).value_or("?") + ": column \"" + options.time + "\": \"" +
                               row.text(1).value_or("") + "\" is no time",
                           "times are seconds or like 2026-02-03 04:05:06.7");
             });
}

struct Written {
  std::size_t files = 0, rows = 0, missing = 0, infinite = 0;
};

// One file for each run, or one for the table, in the order of time.
void write_runs(Duck& duck, const Table& table, const Options& options, const fs::path& to, Written& written) {
  Series series;
  if (!options.time.empty()) series.columns.push_back("time");
  for (auto& column : table.columns)
    if (column != options.time) series.columns.push_back(column);
  fs::path stem = fs::path(table.name).replace_extension();
  std::optional<std::string> run;
  auto finish = [&] {
    if (!run) return;
    std::string name = *run;
    for (char& c : name)
      if (c == '/' || c == '\0') c = '_';
    fs::path path = options.run.empty() ? stem : stem / (name.empty() || name.starts_with('.') ? "_" + name : name);
    write_output(to / (path.string() + ".csv"), encode_series(series));
    written.files++;
    series.values.clear();
  };
  std::string select =
      "SELECT " + (options.run.empty() ? "''" : "coalesce(" + sql_name(options.run) + ", '')") + " AS run";
  for (auto& column : series.columns)
    select += ", " + (column == "time" && !options.time.empty() ? "seconds" : sql_name(column) + "::DOUBLE");
  select += " FROM raw ORDER BY run" + std::string(options.time.empty() ? "" : ", seconds") + ", rowid";
  duck.query(select, [&](const Duck::Cells& row) {
    std::string here = row.text(0).value_or("");
    if (run != here) {
      finish();
      run = here;
    }
    written.rows++;
    for (std::size_t i = 0; i < series.columns.size(); i++) {
      double value = row.number(i + 1);
      written.missing += std::isnan(value);
      written.infinite += std::isinf(value);
      series.values.push_back(std::isinf(value) ? NAN : value);
    }
  });
  finish();
}

void import_table(const Table& table, const Options& options, StepContext& context, Written& written) {
  Duck duck(context.threads());
  std::string seconds = sql_name(options.time);
  seconds = options.time.empty() ? "NULL::DOUBLE"
                                 : "coalesce(try_cast(" + seconds + "::VARCHAR AS DOUBLE), epoch(try_cast(" + seconds +
                                       "::VARCHAR AS TIMESTAMP)))";
  try {
    duck.run("CREATE TABLE raw AS SELECT *, " + seconds + " AS seconds FROM " + reading(table, options));
  } catch (const Error& error) {  // of the database, which does not know the file's name
    throw Error(error.code, table.name + ": " + error.text(), error.hint);
  }
  auto broken = rejected(duck, table);
  if (!broken.empty() && options.broken == "stop")
    throw Error(
        Code::invalid,
        broken[0] + (broken.size() > 1 ? ", and " + std::to_string(broken.size() - 1) + " more broken lines" : ""),
        "correct it, take other columns (--columns), or go on without these lines: --broken leave-out");
  for (std::size_t i = 0; i < std::min<std::size_t>(5, broken.size()); i++) context.say("left out: " + broken[i]);
  if (broken.size() > 5) context.say("left out: " + std::to_string(broken.size() - 5) + " more lines");
  refuse_bad_times(duck, table, options);
  write_runs(duck, table, options, context.output("data"), written);
}

void run(const Options& options, StepContext& context) {
  fs::path from = context.input("files");
  Written written;
  auto files = files_of(from);
  bool single = fs::is_regular_file(from);
  for (std::size_t i = 0; i < files.size(); i++) {
    if (!single && !has_extension(files[i], {".csv", ".txt", ".tsv"})) {
      context.say("left out: " + files[i].string() + " is no CSV file");
      continue;
    }
    std::string name = single ? name_of_input(from, "table.csv") : files[i].string();
    import_table(opened(file_in(from, files[i]), name, options), options, context, written);
    context.progress(double(i + 1), double(files.size()), "files");
  }
  if (written.rows == 0)
    throw Error(Code::invalid, "nothing could be gathered: no file with a row", "is this the right folder?");
  context.say(counted(written.rows, "row", "rows") + " in " + counted(written.files, "file", "files"));
  if (written.missing) context.say(counted(written.missing, "reading is", "readings are") + " missing");
  if (written.infinite)
    context.say(counted(written.infinite, "reading is", "readings are") + " infinite and taken as missing");
  context.metric("rows", double(written.rows));
  context.metric("files", double(written.files));
}

}  // namespace

extern const Step step_import_csv;
const Step step_import_csv = step<Options>(
    {.name = "import-csv",
     .command = "gather csv",
     .group = "data",
     .title = "Gather series from CSV files",
     .help =
         "Takes tables of readings as series: one file for each recording, rows in the order of time.\n\nDelimiters "
         "',', ';' "
         "and tab are found by themselves; a broken line is named with its column; an empty cell is a missing reading.",
     .inputs = {{"files", "any", "a CSV file, or a folder of them"}},
     .outputs = {{"data", "series", "CSV files with a header, numbers only"}}},
    {field("time", &Options::time, "the column with the time, seconds or dates; it becomes \"time\" in seconds"),
     field("run", &Options::run, "the column that tells recordings apart: one file for each of its values"),
     field("columns", &Options::columns, "the columns to take; all but time and run when left out"),
     field("decimal", &Options::decimal, "what divides whole from part in numbers", {.choices = {".", ","}}),
     field("broken", &Options::broken, "what to do with lines that cannot be read", {.choices = corrupt_choices})},
    run);

}  // namespace gyre
