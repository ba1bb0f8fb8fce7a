#include "learn/column_reader.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "data/gather.hpp"
#include "learn/date.hpp"
#include "model/missing.hpp"
#include "model/number.hpp"

namespace gyre {

namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t longest_missing = 4;                     // of the words for missing cells
constexpr double largest = std::numeric_limits<float>::max();  // models compute in floats

std::string odd_dates(const Column& column, const RowNumbers& number_of, const std::vector<std::uint32_t>& kept) {
  DateOrder order = date_order(column.words);
  std::vector<bool> odd;
  for (auto& word : column.words) odd.push_back(!date_from(word, order).known);
  std::size_t count = 0, first = 0;
  for (std::size_t i = 0; i < column.codes.size(); i++)
    if (column.codes[i] >= 0 && odd[static_cast<std::size_t>(column.codes[i])] && count++ == 0) first = i;
  if (!count) return {};
  return counted(count, "cell is", "cells are") + " no date and taken as missing; the first is \"" +
         column.text(first).substr(0, 60) + "\" in row " +
         std::to_string(number_of(kept.empty() ? first : kept[first])) +
         (kept.empty() ? "" : " (of " + counted(kept.size(), "row", "rows") + " that were looked at)");
}

}  // namespace

RowNumbers::RowNumbers(std::vector<std::size_t> left_out) : left_out_(std::move(left_out)) {
  left_out_.erase(std::unique(left_out_.begin(), left_out_.end()), left_out_.end());
}

std::uint32_t RowNumbers::operator()(std::size_t row) const {
  // Before the record `left_out_[j]` lie `left_out_[j] - 1 - j` rows.
  std::size_t low = 0, high = left_out_.size();
  while (low < high) {
    std::size_t j = (low + high) / 2;
    if (left_out_[j] - 1 - j <= row)
      low = j + 1;
    else
      high = j;
  }
  return static_cast<std::uint32_t>(row + 1 + low);
}

void ColumnReader::note_infinite(std::size_t row) {
  if (infinite_++ == 0) first_infinite_ = row;
}

void ColumnReader::take_numbers(const Duck::Vectors& rows, std::size_t place, std::size_t first,
                                const std::vector<std::uint32_t>* kept) {
  auto numbers = rows.numbers(place);
  bool holes = rows.has_holes(place), far = false;
  for (double number : numbers) far |= std::abs(number) > largest;
  if (far)
    for (std::size_t i = 0; i < numbers.size(); i++)
      if (std::abs(numbers[i]) > largest && !rows.missing(place, i)) note_infinite(first + i);
  auto cell = [&](std::size_t i) { return holes && rows.missing(place, i) ? nothing : numbers[i]; };
  if (kept)
    for (auto i : *kept) numbers_.push_back(cell(i));
  else if (holes)
    for (std::size_t i = 0; i < numbers.size(); i++) numbers_.push_back(cell(i));
  else
    numbers_.insert(numbers_.end(), numbers.begin(), numbers.end());
}

void ColumnReader::take_text(std::string_view text, std::size_t row, bool keep) {
  if (auto number = may_be_number() ? number_from(text) : std::nullopt) {
    numbers_seen_++;
    if (std::abs(*number) > largest) note_infinite(row);
    if (keep) add(*number, -1);
    return;
  }
  if (texts_++ == 0) first_text_ = row, first_text_word_ = text;
  if (keep) add(nothing, code_of(text));
}

void ColumnReader::take(const Duck::Vectors& rows, std::size_t place, std::size_t first,
                        const std::vector<std::uint32_t>* kept) {
  if (is_typed()) return take_numbers(rows, place, first, kept);
  std::size_t next = 0;
  for (std::size_t i = 0; i < rows.rows(); i++) {
    bool keep = !kept || (next < kept->size() && (*kept)[next] == i);
    if (kept && keep) next++;
    // A file with types may hold the words for missing cells as texts; a model's graph takes them for holes, too.
    std::string_view text = rows.missing(place, i) ? std::string_view() : rows.text(place, i);
    if (text.size() > longest_missing || !means_missing(text))
      take_text(text, first + i, keep);
    else if (keep)
      add(nothing, -1);
  }
}

std::int32_t ColumnReader::code_of(std::string_view text) {
  if (auto found = places_.find(text); found != places_.end()) return found->second;
  auto code = static_cast<std::int32_t>(words_.size());
  words_.emplace_back(text);
  places_.emplace(text, code);
  return code;
}

// Numbers are kept while there may be some, codes from the first text on.
void ColumnReader::add(double number, std::int32_t code) {
  if (may_be_number()) numbers_.push_back(number);
  if (code >= 0 && codes_.empty() && may_be_number()) codes_.assign(numbers_.size() - 1, -1);
  if (!may_be_number() || code >= 0 || !codes_.empty()) codes_.push_back(code);
}

void ColumnReader::thin(const std::vector<bool>& keep) {
  auto thinned = [&](auto& values) {
    std::size_t to = 0;
    for (std::size_t i = 0; i < values.size(); i++)
      if (keep[i]) values[to++] = values[i];
    values.resize(to);
  };
  thinned(numbers_);
  if (codes_.empty()) return;
  thinned(codes_);
  std::vector<std::string> words = std::move(words_);
  words_.clear(), places_.clear();
  for (auto& code : codes_)
    if (code >= 0) code = code_of(words[static_cast<std::size_t>(code)]);
}

bool ColumnReader::is_mixed() const {
  if (type_ || !texts_ || !numbers_seen_) return false;
  if (texts_ * 20 > numbers_seen_ + texts_ || texts_are_ == Texts::labels) return true;
  return texts_are_ == Texts::maybe_labels && look_like_labels(numbers_);
}

void ColumnReader::read_as_texts(std::vector<std::string>& findings, const RowNumbers& number_of) {
  findings.push_back("column \"" + name_ + "\": numbers and " + counted(texts_, "text", "texts") + ", the first is \"" +
                     first_text_word_.substr(0, 60) + "\" in row " + std::to_string(number_of(first_text_)) +
                     ": all of it is taken as texts");
  type_ = ColumnType::category;
  given_ = false;
  numbers_.clear(), codes_.clear(), words_.clear(), places_.clear();
  texts_ = numbers_seen_ = infinite_ = 0;
}

std::string ColumnReader::odd_texts(const RowNumbers& number_of) const {
  return counted(texts_, "cell is", "cells are") + " no number and taken as missing; the first is \"" +
         first_text_word_.substr(0, 60) + "\" in row " + std::to_string(number_of(first_text_));
}

std::string ColumnReader::infinite_numbers(const RowNumbers& number_of) const {
  return counted(infinite_, "number is", "numbers are") +
         " infinite or beyond 3.4e38 and taken as missing; the first is in row " +
         std::to_string(number_of(first_infinite_));
}

Column ColumnReader::finish(std::vector<std::string>* findings, const RowNumbers& number_of,
                            const std::vector<std::uint32_t>& kept) {
  auto say = [&](const std::string& what) {
    if (findings && !what.empty()) findings->push_back("column \"" + name_ + "\": " + what);
  };
  Column column{name_, ColumnType::number, {}, {}, {}};
  if (may_be_number() && (type_ || texts_ == 0 || numbers_seen_)) {
    if (texts_) say(odd_texts(number_of));
    if (infinite_) say(infinite_numbers(number_of));
    column.numbers = std::move(numbers_);
    if (infinite_)
      for (double& number : column.numbers)
        if (std::abs(number) > largest) number = nothing;
    return column;
  }
  if (codes_.empty()) codes_.assign(numbers_.size(), -1);  // of texts that were seen, none was kept
  column.codes = std::move(codes_);
  column.words = std::move(words_);
  column.type = ColumnType::category;
  bool decided = given_ || type_ == ColumnType::boolean || type_ == ColumnType::time;
  column.type = decided ? *type_ : type_of_words(column);
  if (findings && column.type == ColumnType::time) say(odd_dates(column, number_of, kept));
  return column;
}

}  // namespace gyre
