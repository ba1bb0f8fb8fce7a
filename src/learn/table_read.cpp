// Tables from files: one pass over the rows. Cells of a column that may be anything are read as numbers and, where they
// are none, as texts; what the column is, is decided when all of it was seen.
#include <charconv>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "base/error.hpp"
#include "data/gather.hpp"
#include "learn/date.hpp"
#include "learn/table_source.hpp"

namespace gyre {

namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
constexpr double largest = std::numeric_limits<float>::max();  // models compute in floats

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

std::optional<double> number_from(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  double number;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return text[0] == '-' ? -HUGE_VAL : HUGE_VAL;
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

class ColumnReader {
 public:
  ColumnReader(const SourceColumn& source, std::optional<ColumnType> wanted)
      : name_(source.name), type_(wanted ? wanted : source.type), given_(wanted.has_value()), sql_(source.sql) {}

  bool is_typed() const { return type_ && !given_ && *type_ == ColumnType::number; }  // the file says: a number
  bool may_be_number() const { return !type_ || *type_ == ColumnType::number; }
  std::string select() const { return is_typed() ? "CAST(" + sql_ + " AS DOUBLE)" : "CAST(" + sql_ + " AS VARCHAR)"; }
  void take(const Duck::Vectors& rows, std::size_t place) {
    if (is_typed()) {
      auto numbers = rows.numbers(place);
      for (std::size_t i = 0; i < rows.rows(); i++) numbers_.push_back(rows.missing(place, i) ? nothing : numbers[i]);
      return;
    }
    for (std::size_t i = 0; i < rows.rows(); i++) {
      if (rows.missing(place, i)) {
        add(nothing, -1);
        continue;
      }
      std::string_view text = rows.text(place, i);
      if (auto number = may_be_number() ? number_from(text) : std::nullopt) {
        add(*number, -1);
        numbers_seen_++;
      } else {
        add(nothing, code_of(text));
        texts_++;
      }
    }
  }
  // Numbers with texts among them that are too many to be slips: all of it has to be read again, as texts.
  bool is_mixed() const { return !type_ && texts_ && numbers_seen_ && texts_ * 20 > numbers_seen_ + texts_; }
  void read_as_texts(Table& table) {
    std::size_t row = 0;
    while (codes_[row] < 0) row++;
    table.findings.push_back("column \"" + name_ + "\": numbers and " + counted(texts_, "text", "texts") +
                             ", the first is \"" + words_[0].substr(0, 60) + "\" in row " +
                             std::to_string(table.row_numbers[row]) + ": all of it is taken as texts");
    type_ = ColumnType::category;
    given_ = false;
    numbers_.clear(), codes_.clear(), words_.clear(), places_.clear();
    texts_ = numbers_seen_ = 0;
  }
  Column finish(Table& table) {
    Column column{name_, ColumnType::number, {}, {}, {}};
    if (may_be_number() && (type_ || texts_ == 0 || numbers_seen_)) {
      say_odd_texts(table);
      column.numbers = std::move(numbers_);
      hide_infinite(column, table);
      return column;
    }
    column.type = ColumnType::category;
    column.codes = std::move(codes_);
    column.words = std::move(words_);
    bool decided = given_ || type_ == ColumnType::boolean || type_ == ColumnType::time;
    column.type = decided ? *type_ : type_of_words(column);
    if (column.type == ColumnType::time) say_odd_dates(column, table);
    return column;
  }

 private:
  std::int32_t code_of(std::string_view text) {
    if (auto found = places_.find(text); found != places_.end()) return found->second;
    auto code = static_cast<std::int32_t>(words_.size());
    words_.emplace_back(text);
    places_.emplace(text, code);
    return code;
  }
  // Numbers are kept while there may be some, codes from the first text on.
  void add(double number, std::int32_t code) {
    if (may_be_number()) numbers_.push_back(number);
    if (code >= 0 && codes_.empty() && may_be_number()) codes_.assign(numbers_.size() - 1, -1);
    if (!may_be_number() || code >= 0 || !codes_.empty()) codes_.push_back(code);
  }
  void say_odd_texts(Table& table) const {
    if (!texts_) return;
    std::size_t row = 0;
    while (codes_[row] < 0) row++;
    table.findings.push_back("column \"" + name_ + "\": " + counted(texts_, "cell is", "cells are") +
                             " no number and taken as missing; the first is \"" +
                             words_[static_cast<std::size_t>(codes_[row])].substr(0, 60) + "\" in row " +
                             std::to_string(table.row_numbers[row]));
  }
  static void say_odd_dates(const Column& column, Table& table) {
    DateOrder order = date_order(column.words);
    std::vector<bool> odd;
    for (auto& word : column.words) odd.push_back(!date_from(word, order).known);
    std::size_t count = 0, first = 0;
    for (std::size_t i = 0; i < column.codes.size(); i++)
      if (column.codes[i] >= 0 && odd[static_cast<std::size_t>(column.codes[i])] && count++ == 0) first = i;
    if (count)
      table.findings.push_back("column \"" + column.name + "\": " + counted(count, "cell is", "cells are") +
                               " no date and taken as missing; the first is \"" + column.text(first).substr(0, 60) +
                               "\" in row " + std::to_string(table.row_numbers[first]));
  }
  static void hide_infinite(Column& column, Table& table) {
    std::size_t count = 0, first = 0;
    for (std::size_t i = 0; i < column.numbers.size(); i++) {
      if (!(std::abs(column.numbers[i]) > largest)) continue;
      if (count++ == 0) first = i;
      column.numbers[i] = nothing;
    }
    if (count)
      table.findings.push_back("column \"" + column.name + "\": " + counted(count, "number is", "numbers are") +
                               " infinite or beyond 3.4e38 and taken as missing; the first is in row " +
                               std::to_string(table.row_numbers[first]));
  }

  std::string name_;
  std::optional<ColumnType> type_;
  bool given_;  // by the user
  std::string sql_;
  std::vector<double> numbers_;
  std::vector<std::int32_t> codes_;
  std::vector<std::string> words_;
  std::unordered_map<std::string, std::int32_t, TextHash, std::equal_to<>> places_;
  std::size_t texts_ = 0, numbers_seen_ = 0;
};

// The numbers of the records that were read, where `left_out` were not.
std::vector<std::uint32_t> record_numbers(std::size_t rows, const std::vector<std::size_t>& left_out) {
  std::vector<std::uint32_t> numbers;
  numbers.reserve(rows);
  std::size_t next = 0;
  for (std::size_t record = 1; numbers.size() < rows; record++) {
    if (next < left_out.size() && left_out[next] == record)
      next++;
    else
      numbers.push_back(static_cast<std::uint32_t>(record));
  }
  return numbers;
}

std::size_t read_columns(Duck& duck, const TableSource& source, const std::vector<ColumnReader*>& readers) {
  std::string sql = "SELECT ";
  for (std::size_t i = 0; i < readers.size(); i++) sql += (i ? ", " : "") + readers[i]->select();
  std::size_t count = 0;
  try {
    duck.stream(sql + " FROM " + source.from, [&](const Duck::Vectors& rows) {
      for (std::size_t i = 0; i < readers.size(); i++) readers[i]->take(rows, i);
      count += rows.rows();
    });
  } catch (const Error& error) {
    throw cannot_read(error, source.name);
  }
  return count;
}

void check_types(const TableSource& source, const TableOptions& options) {
  auto need = [&](const std::string& name) {
    for (auto& column : source.columns)
      if (column.name == name) return;
    std::string list;
    for (auto& column : source.columns) list += (list.empty() ? "" : ", ") + column.name;
    throw Error(Code::invalid, source.name + " has no column \"" + name + "\"", "it has: " + list.substr(0, 1000));
  };
  for (auto& [name, type] : options.types) need(name);
  for (auto& name : options.columns) need(name);
}

}  // namespace

Table read_table(const std::filesystem::path& file, const TableOptions& options) {
  Duck duck(options.threads);
  TableSource source = table_source(duck, file, options.name.empty() ? name_of_input(file, "the table") : options.name);
  check_types(source, options);
  Table table;
  table.name = source.name;
  table.findings = source.findings;
  std::vector<ColumnReader> readers;
  for (auto& column : source.columns) {
    auto& some = options.columns;
    if (!some.empty() && std::find(some.begin(), some.end(), column.name) == some.end()) continue;
    auto wanted = options.types.find(column.name);
    readers.emplace_back(column, wanted == options.types.end() ? std::nullopt : std::optional(wanted->second));
  }
  std::vector<ColumnReader*> all, again;
  for (auto& reader : readers) all.push_back(&reader);
  std::size_t rows = read_columns(duck, source, all);
  std::vector<std::size_t> left_out;
  auto lines = left_out_lines(duck, source, left_out);
  table.findings.insert(table.findings.end(), lines.begin(), lines.end());
  if (rows == 0) throw Error(Code::invalid, table.name + " has no rows" + (lines.empty() ? "" : ": " + lines[0]));
  table.row_numbers = record_numbers(rows, left_out);
  for (auto& reader : readers)
    if (reader.is_mixed()) {
      reader.read_as_texts(table);
      again.push_back(&reader);
    }
  if (!again.empty()) read_columns(duck, source, again);
  for (auto& reader : readers) table.columns.push_back(reader.finish(table));
  return table;
}

}  // namespace gyre
