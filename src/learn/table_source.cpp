#include "learn/table_source.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <set>

#include "base/file.hpp"
#include "base/utf8.hpp"
#include "data/csv_line.hpp"
#include "data/gather.hpp"
#include "model/missing.hpp"

namespace gyre {

namespace {

std::size_t line_that_is_no_utf8(const fs::path& file) {  // from 1; 0: there is none
  std::ifstream stream(file, std::ios::binary);
  std::string text;
  for (std::size_t line = 1; std::getline(stream, text); line++)
    if (!is_utf8(text)) return line;
  return 0;
}

// DuckDB takes nothing else.
std::shared_ptr<TemporaryFolder> copy_in_utf8(const fs::path& file) {
  auto folder = std::make_shared<TemporaryFolder>();
  fs::path copy = folder->path() / "table.csv";
  std::ifstream from(file, std::ios::binary);
  std::ofstream to(copy, std::ios::binary);
  std::string text;
  while (to && std::getline(from, text)) to << utf8_from_windows(text) << '\n';
  to.close();
  if (!to) throw system_error(errno, "writing " + copy.string());
  return folder;
}

bool is_number(std::string_view text) {
  double value;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

// No name twice, none empty: what was changed is said.
void make_distinct(std::vector<std::string>& names, std::vector<std::string>& findings) {
  std::set<std::string> taken(names.begin(), names.end()), seen;
  for (std::size_t i = 0; i < names.size(); i++) {
    std::string name = names[i].empty() ? "column" + std::to_string(i + 1) : names[i];
    if (!names[i].empty() && seen.insert(name).second) continue;
    std::string fresh = name;
    for (int n = 2; names[i].empty() ? !taken.insert(fresh).second : taken.count(fresh); n++)
      fresh = name + "_" + std::to_string(n);
    findings.push_back("column " + std::to_string(i + 1) +
                       (names[i].empty() ? " has no name" : " is named \"" + name + "\" like one before it") +
                       ": it is taken as \"" + fresh + "\"");
    names[i] = fresh;
    taken.insert(fresh);
    seen.insert(fresh);
  }
}

std::string list_of_missing_words() {
  std::string list;
  for (auto word : missing_words) list += (list.empty() ? "" : ", ") + sql_text(word);
  return "[" + list + "]";
}

// Whether the lines that follow end with a divider that the header lacks, as some programs write them.
bool ends_with_divider(std::istream& stream, char delimiter, std::size_t columns) {
  std::string line;
  std::size_t lines = 0;
  while (lines < 10 && std::getline(stream, line)) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) continue;
    auto cells = csv_cells(line, delimiter);
    if (cells.size() != columns + 1 || !cells.back().empty()) return false;
    lines++;
  }
  return lines > 0;
}

TableSource csv_source(fs::path file, const std::string& name) {
  TableSource source{name, {}, {}, {}, true, {}};
  if (std::size_t broken = line_that_is_no_utf8(file)) {
    source.findings.push_back("line " + std::to_string(broken) +
                              " is not UTF-8: what is not is read as Latin-1 (Windows-1252)");
    source.copy = copy_in_utf8(file);
    file = source.copy->path() / "table.csv";
  }
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  if (line.ends_with('\r')) line.pop_back();
  if (line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);
  if (line.empty()) throw Error(Code::invalid, name + ": the first line is empty", "the first line names the columns");
  if (line.find('\0') != std::string::npos)
    throw Error(Code::invalid, name + " is no table in text", "a CSV, JSON lines or Parquet file is needed");
  char delimiter = ',';
  auto times = [&](char c) { return std::count(line.begin(), line.end(), c); };
  for (char c : {';', '\t', '|'})
    if (times(c) > times(delimiter)) delimiter = c;
  auto names = csv_cells(line, delimiter);
  bool headless = std::all_of(names.begin(), names.end(), is_number);
  if (headless) {
    source.findings.push_back("the first line is all numbers: the columns have no names and are column1, column2 ...");
    for (std::size_t i = 0; i < names.size(); i++) names[i] = "column" + std::to_string(i + 1);
  }
  if (ends_with_divider(stream, delimiter, names.size())) names.emplace_back();  // a column of holes, and said to be
  make_distinct(names, source.findings);
  std::string columns;
  for (std::size_t i = 0; i < names.size(); i++) {  // DuckDB takes "a" and "A" for one: it gets names of ours
    std::string inner = "c" + std::to_string(i);
    columns += (i ? ", '" : "'") + inner + "': 'VARCHAR'";
    source.columns.push_back({names[i], inner, std::nullopt});
  }
  source.from = "read_csv(" + sql_text(file.string()) +
                ", auto_detect = false, header = " + (headless ? "false" : "true") +
                ", delim = " + sql_text(std::string(1, delimiter)) + ", quote = '\"', escape = '\"', columns = {" +
                columns + "}, nullstr = " + list_of_missing_words() +
                (line.size() > 100'000 ? ", max_line_size = " + std::to_string(line.size() * 16) : "") +
                ", store_rejects = true, rejects_limit = 0)";
  return source;
}

std::optional<ColumnType> type_of_sql(std::string_view type) {
  if (type == "BOOLEAN") return ColumnType::boolean;
  if (type == "DATE" || type.starts_with("TIMESTAMP")) return ColumnType::time;
  for (std::string_view number : {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT",
                                  "UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL"})
    if (type.starts_with(number) && type.find('[') == std::string_view::npos) return ColumnType::number;
  return std::nullopt;
}

TableSource typed_source(Duck& duck, const std::string& from, const std::string& name) try {
  TableSource source{name, from, {}, {}, false, {}};
  duck.query("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM " + from + ")", [&](const auto& row) {
    std::string column = *row.text(0), type = row.text(1).value_or(""), quoted = sql_name(column);
    auto known = type_of_sql(type);
    std::string sql = type == "VARCHAR"             ? quoted
                      : type == "JSON"              ? "json_extract_string(" + quoted + ", '$')"
                      : known == ColumnType::number ? "CAST(" + quoted + " AS DOUBLE)"
                                                    : "CAST(" + quoted + " AS VARCHAR)";
    source.columns.push_back({column, sql, known});
  });
  return source;
} catch (const Error& error) {
  throw cannot_read(error, name);
}

}  // namespace

Error cannot_read(const Error& error, const std::string& name) {
  std::string why = error.text();
  why = why.substr(0, why.find("\n"));
  if (auto path = why.find(" in file \""); path != std::string::npos)
    if (auto end = why.find('"', path + 10); end != std::string::npos)
      why.erase(path, std::min(why.size(), why.find_first_not_of(", ", end + 1)) - path - 1);
  while (why.ends_with(' ')) why.pop_back();
  return {error.code, name + " cannot be read: " + why, error.hint};
}

TableSource table_source(Duck& duck, const fs::path& file, const std::string& name) {
  if (!fs::exists(file)) throw Error(Code::not_found, name + " does not exist");
  if (fs::is_directory(file)) {  // a data set of one table
    auto files = files_below(file);
    if (files.size() != 1)
      throw Error(Code::invalid, name + " is a folder of " + std::to_string(files.size()) + " files",
                  "name one table: a CSV, JSON lines or Parquet file");
    return table_source(duck, file / files[0], name);
  }
  std::ifstream stream(file, std::ios::binary);
  char start[4]{};
  stream.read(start, sizeof start);
  if (stream.gcount() == 0) throw Error(Code::invalid, name + " is empty");
  std::string_view begins(start, static_cast<std::size_t>(stream.gcount()));
  if (begins == "PAR1") return typed_source(duck, "read_parquet(" + sql_text(file.string()) + ")", name);
  if (begins[0] == '{')
    return typed_source(
        duck,
        "read_json(" + sql_text(file.string()) +
            ", format = 'newline_delimited', sample_size = -1, "
            "convert_strings_to_integers = false, dateformat = 'iso', timestampformat = 'iso', maximum_depth = 1)",
        name);
  return csv_source(file, name);
}

std::vector<std::string> left_out_lines(Duck& duck, const TableSource& source, std::vector<std::size_t>& records) {
  std::vector<std::string> lines;
  if (!source.csv) return lines;
  std::size_t last = 0;
  duck.query("SELECT line::DOUBLE, error_type::VARCHAR, coalesce(error_message, '') FROM reject_errors ORDER BY line",
             [&](const Duck::Cells& row) {
               auto line = static_cast<std::size_t>(row.number(0));
               if (line == last) return;
               last = line;
               records.push_back(line > 1 ? line - 1 : 1);
               if (lines.size() > 20) return;
               std::string type = row.text(1).value_or(""), why = row.text(2).value_or("");
               std::string words = type == "MISSING COLUMNS"    ? "it has too few cells"
                                   : type == "TOO MANY COLUMNS" ? "it has too many cells"
                                                                : why.substr(0, why.find('\n'));
               lines.push_back("line " + std::to_string(line) + " is left out: " + words);
             });
  if (records.size() > lines.size())
    lines.push_back("in all " + counted(records.size(), "line is", "lines are") + " left out");
  return lines;
}

}  // namespace gyre
