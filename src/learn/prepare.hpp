#pragma once
// Steps that make a table from a table, each said as one SELECT. Tables come as CSV, JSON lines or Parquet and leave as
// Parquet. What a user writes as SQL can read nothing but the tables that the step was given.
#include <string>
#include <vector>

#include "base/step.hpp"
#include "data/duck.hpp"

namespace gyre {

struct SqlColumn {
  std::string name;
  bool number = false;
  std::string type{};  // in SQL
  std::string quoted() const { return sql_name(name); }
};

struct SqlShape {
  std::vector<SqlColumn> columns;
  std::string table;                                    // its name, for messages
  const SqlColumn& get(const std::string& name) const;  // Error{invalid} lists the columns
  // Those named; all numbers when none is. Error{invalid} for a text where numbers are needed.
  std::vector<std::string> numbers(const std::vector<std::string>& names) const;
};

// The inputs of the step as views of their ports' names ("table", "other"), and nothing else that could be read.
class SqlInputs {
 public:
  // `output`: one of the step's outputs; all are written beside it.
  explicit SqlInputs(StepContext& context, const std::vector<std::string>& ports = {"table"},
                     const std::string& output = "table");
  // A file in the outputs' folder beside them, as a view of this port's name; messages call it `name`.
  void add(const std::string& port, const std::string& name, const std::filesystem::path& file);
  const SqlShape& shape(const std::string& port = "table") const;
  // What is learned from: "like" where it is given, so that new rows become what former ones did; else "table".
  std::string learned_from() const { return shapes_.back().first == "like" ? "like" : "table"; }
  // Columns of numbers there and in the table: those named, else all of the table.
  std::vector<std::string> learned_numbers(const std::vector<std::string>& names) const;
  // The values of aggregates over it, as SQL.
  std::vector<std::string> learned(const std::vector<std::string>& aggregates);
  // Writes what is selected to the output, in its order, and tells how many rows it is.
  std::size_t write(const std::string& select, const std::string& output = "table");
  std::string path_of(const std::string& output) const;  // as SQL text: where it may be written
  Duck& duck() { return duck_; }

 private:
  StepContext& context_;
  std::string folder_;  // of the outputs
  Duck duck_;
  std::vector<std::pair<std::string, SqlShape>> shapes_;
};

// SELECT of all columns, some of them replaced: {"price" -> "price / 100"}.
std::string select_replacing(const SqlShape& shape, const std::vector<std::pair<std::string, std::string>>& columns);
std::string joined(const std::vector<std::string>& parts, std::string_view between);

template <class Options, std::string (*select)(const Options&, const SqlShape&)>
void run_select(const Options& options, StepContext& context) {
  SqlInputs inputs(context);
  inputs.write(select(options, inputs.shape()));
}

inline const Port table_in{"table", "table", "a CSV, JSON lines or Parquet file"};
inline const Port like_in{"like", "table", "the table that is learned from; the one at hand when left out", true};
inline const Port table_out{"table", "table", "a Parquet file"};

}  // namespace gyre
