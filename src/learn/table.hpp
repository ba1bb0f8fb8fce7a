#pragma once
// A table in memory: columns by name, each with a type, holes where cells are missing. Read from CSV, Parquet or JSON
// lines; the types are worked out from every cell, not from the first few.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace gyre {

enum class ColumnType { number, category, text, time, boolean };
std::string_view name_of(ColumnType type);
ColumnType column_type_named(std::string_view name);  // Error{invalid} names the ones there are

struct Column {
  std::string name;
  ColumnType type = ColumnType::number;
  std::vector<double> numbers;      // of a number: NaN where a cell is missing
  std::vector<std::int32_t> codes;  // of the others: the place in `words`, -1 where a cell is missing
  std::vector<std::string> words;   // each text that occurs, in the order in which they first do

  bool is_number() const { return type == ColumnType::number; }
  std::size_t rows() const { return is_number() ? numbers.size() : codes.size(); }
  bool is_missing(std::size_t row) const;
  std::size_t missing() const;
  // "" where it is missing; numbers in their shortest form.
  std::string text(std::size_t row) const;
};

struct Table {
  std::string name;  // of the file, for messages
  std::vector<Column> columns;
  std::vector<std::uint32_t> row_numbers;  // of the source's data rows, from 1: what messages say
  std::vector<std::string> findings;       // what was odd when it was read, by column and row

  std::size_t rows() const { return row_numbers.size(); }
  const Column* find(std::string_view column) const;  // by its exact name, else written in other letters
  const Column& get(std::string_view column) const;   // Error{invalid} lists the columns
  // Many at once: tables may have tens of thousands of columns.
  std::vector<const Column*> get_all(std::span<const std::string> names) const;
  Table take(std::span<const std::size_t> rows) const;
  Table without(std::string_view column) const;
  std::string place(std::size_t row) const;  // "data.csv: row 17"
};

struct TableOptions {
  std::map<std::string, ColumnType> types{};  // instead of what is worked out
  std::vector<std::string> columns{};         // only these; all when empty
  std::string name{};                         // for messages, when the path is none to show
  int threads = 1;
  // What is learned. Where labels are learned ("classify"), or it looks like it ("auto"), a text among a target's
  // numbers is a label, not a slip.
  std::string target{}, task{};
};

// Few whole numbers are labels: grades and kinds, not measurements.
bool look_like_labels(std::span<const double> numbers);

// By what is in the file: Parquet and JSON lines tell by their first bytes, all else is CSV. A header with a name twice
// gets numbers behind it; lines that are no rows, text that is not UTF-8, numbers beyond all measure and odd cells in a
// column of numbers become findings. Error{invalid} where there is nothing to learn from.
Table read_table(const std::filesystem::path& file, const TableOptions& options = {});

// "price=number" of a command line, several of them.
std::map<std::string, ColumnType> types_from(const std::vector<std::string>& words);

// Decides what kind of column texts make: time where nearly all are dates, text where they are sentences.
ColumnType type_of_words(const Column& column);

}  // namespace gyre
