#include "learn/prepare.hpp"

#include <fstream>

#include "base/file.hpp"
#include "data/gather.hpp"
#include "model/missing.hpp"

namespace gyre {

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  std::string text;
  for (auto& part : parts) {
    if (!text.empty()) text += between;
    text += part;
  }
  return text;
}

const SqlColumn& SqlShape::get(const std::string& name) const {
  std::vector<std::string> names;
  for (auto& column : columns) {
    if (column.name == name) return column;
    names.push_back(column.name);
  }
  throw Error(Code::invalid, table + " has no column \"" + name + "\"",
              "it has: " + joined(names, ", ").substr(0, 1000));
}

std::vector<std::string> SqlShape::numbers(const std::vector<std::string>& names) const {
  std::vector<std::string> result;
  if (names.empty())
    for (auto& column : columns)
      if (column.number) result.push_back(column.name);
  for (auto& name : names) {
    if (!get(name).number)
      throw Error(Code::invalid, table + ": column \"" + name + "\" is no number",
                  "`gyre data profile` tells the types");
    result.push_back(name);
  }
  return result;
}

std::string select_replacing(const SqlShape& shape, const std::vector<std::pair<std::string, std::string>>& columns) {
  std::vector<std::string> list;
  for (auto& column : shape.columns) {
    std::string sql = column.quoted();
    for (auto& [name, other] : columns)
      if (name == column.name) sql = other + " AS " + column.quoted();
    list.push_back(sql);
  }
  return "SELECT " + joined(list, ", ") + " FROM \"table\"";
}

// What reads a file: types are worked out from every row.
static std::string reading(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  char start[4]{};
  stream.read(start, sizeof start);
  std::string_view begins(start, static_cast<std::size_t>(stream.gcount()));
  std::string path = sql_text(file.string());
  if (begins == "PAR1") return "read_parquet(" + path + ")";
  if (begins.starts_with('{')) return "read_json(" + path + ", format = 'newline_delimited', sample_size = -1)";
  std::string missing;
  for (auto word : missing_words) missing += (missing.empty() ? "" : ", ") + sql_text(word);
  return "read_csv(" + path + ", header = true, sample_size = -1, nullstr = [" + missing + "])";
}

// Links are followed: DuckDB judges whether it may read by where a file really is.
static fs::path one_file(const fs::path& input) {
  if (!fs::is_directory(input)) return fs::canonical(input);
  auto files = files_below(input);
  if (files.size() != 1)
    throw Error(Code::invalid, "the input is a folder of " + std::to_string(files.size()) + " files",
                "name one table: a CSV, JSON lines or Parquet file");
  return fs::canonical(input / files[0]);
}

SqlInputs::SqlInputs(StepContext& context, const std::vector<std::string>& ports, const std::string& output)
    : context_(context),
      folder_(fs::canonical(context.output(output).parent_path()).string()),
      duck_(context.threads()) {
  std::vector<std::string> readable;
  for (auto& port : ports) {
    if (!context.has_input(port)) continue;
    fs::path file = one_file(context.input(port));
    readable.push_back(sql_text(file.string()));
    add(port, name_of_input(context.input(port), port), file);
  }
  duck_.run("SET allowed_paths = [" + joined(readable, ", ") + "]");
  duck_.run("SET allowed_directories = [" + sql_text(folder_) + "]");
  duck_.run("SET enable_external_access = false");
  duck_.run("SET lock_configuration = true");
}

void SqlInputs::add(const std::string& port, const std::string& name, const fs::path& file) {
  SqlShape shape;
  shape.table = name;
  try {
    duck_.run("CREATE VIEW " + sql_name(port) + " AS SELECT * FROM " + reading(file));
    duck_.query("SELECT column_name, column_type FROM (DESCRIBE " + sql_name(port) + ")", [&](const auto& row) {
      std::string type = row.text(1).value_or("");
      bool number =
          type.find("INT") != std::string::npos || type == "DOUBLE" || type == "FLOAT" || type.starts_with("DECIMAL");
      shape.columns.push_back({*row.text(0), number, type});
    });
  } catch (const Error& error) {
    std::string why = error.text();
    throw Error(error.code, shape.table + " cannot be read: " + why.substr(0, why.find('\n')));
  }
  shapes_.emplace_back(port, std::move(shape));
}

const SqlShape& SqlInputs::shape(const std::string& port) const {
  for (auto& [name, shape] : shapes_)
    if (name == port) return shape;
  throw Error(Code::internal, "the step has no table \"" + port + "\"");
}

std::vector<std::string> SqlInputs::learned_numbers(const std::vector<std::string>& names) const {
  auto numbers = shape().numbers(names);
  if (!numbers.empty()) shape(learned_from()).numbers(numbers);
  return numbers;
}

std::vector<std::string> SqlInputs::learned(const std::vector<std::string>& aggregates) {
  std::vector<std::string> values, list;
  for (auto& aggregate : aggregates) list.push_back("(" + aggregate + ")::VARCHAR");
  if (list.empty()) return values;
  duck_.query("SELECT " + joined(list, ", ") + " FROM " + sql_name(learned_from()), [&](const auto& row) {
    for (std::size_t i = 0; i < list.size(); i++) {
      auto text = row.text(i);
      values.push_back(text ? sql_text(*text) : "NULL");
    }
  });
  return values;
}

std::string SqlInputs::path_of(const std::string& output) const {
  return sql_text((fs::path(folder_) / context_.output(output).filename()).string());
}

std::size_t SqlInputs::write(const std::string& select, const std::string& output) {
  double rows = 0;
  try {
    std::string to = path_of(output);
    duck_.run("COPY (" + select + ") TO " + to + " (FORMAT parquet)");
    duck_.query("SELECT count(*)::DOUBLE FROM read_parquet(" + to + ")",
                [&](const auto& row) { rows = row.number(0); });
  } catch (const Error& error) {
    std::string why = error.text();
    throw Error(error.code, shapes_.front().second.table + ": " + why.substr(0, why.find("\n\nLINE")));
  }
  context_.metric("rows", rows);
  return static_cast<std::size_t>(rows);
}

}  // namespace gyre
