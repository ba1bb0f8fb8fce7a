#include "learn/prepare.hpp"

namespace gyre {

namespace {

struct Options {
  std::vector<std::string> rename, types;
};

std::pair<std::string, std::string> halves(const std::string& word, const char* option) {
  auto sign = word.rfind('=');
  if (sign == std::string::npos || sign == 0 || sign + 1 == word.size())
    throw Error(Code::invalid,
                std::string(option) + ": \"" + word + "\" is not COLUMN=" + (option[0] == 'r' ? "NAME" : "TYPE"));
  return {word.substr(0, sign), word.substr(sign + 1)};
}

std::string select(const Options& options, const SqlShape& shape) {
  std::vector<std::string> list;
  for (auto& word : options.rename) shape.get(halves(word, "rename").first);
  for (auto& word : options.types) shape.get(halves(word, "types").first);
  for (auto& column : shape.columns) {
    std::string sql = column.quoted(), name = column.name;
    for (auto& word : options.types) {
      auto [of, type] = halves(word, "types");
      if (of != column.name) continue;
      std::string_view known = type == "number"    ? "DOUBLE"
                               : type == "whole"   ? "BIGINT"
                               : type == "text"    ? "VARCHAR"
                               : type == "time"    ? "TIMESTAMP"
                               : type == "boolean" ? "BOOLEAN"
                                                   : "";
      if (known.empty())
        throw Error(Code::invalid, "types: there is no type \"" + type + "\"",
                    "types are number, whole, text, time, boolean");
      sql = "CAST(" + sql + " AS " + std::string(known) + ")";
    }
    for (auto& word : options.rename)
      if (auto [of, to] = halves(word, "rename"); of == column.name) name = to;
    list.push_back(sql + " AS " + sql_name(name));
  }
  return "SELECT " + joined(list, ", ") + " FROM \"table\"";
}

}  // namespace

extern const Step step_edit_columns;
const Step step_edit_columns = step<Options>(
    {.name = "edit-columns",
     .command = "table edit",
     .group = "data",
     .title = "Rename columns and change types",
     .help = "Gives columns other names and types; a cell that cannot be of the type is an error that names it.",
     .inputs = {table_in},
     .outputs = {table_out},
     .parallel = true},
    {field("rename", &Options::rename, "COLUMN=NAME; may be given several times"),
     field("types", &Options::types, "COLUMN=TYPE: number, whole, text, time, boolean; may be given several times")},
    run_select<Options, select>);

}  // namespace gyre
