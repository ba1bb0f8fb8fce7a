#pragma once
// One column of a table while its cells come by. Every cell is looked at; which rows' cells are kept is the reader's
// choice. Cells of a column that may be anything are read as numbers and, where they are none, as texts; what the
// column is, is decided when all of it was seen.
#include <unordered_map>

#include "learn/table_source.hpp"

namespace gyre {

// The numbers of the records that were read, where some lines were left out: what messages say.
class RowNumbers {
 public:
  RowNumbers() = default;
  explicit RowNumbers(std::vector<std::size_t> left_out);  // numbers of records, rising
  std::uint32_t operator()(std::size_t row) const;

 private:
  std::vector<std::size_t> left_out_;
};

class ColumnReader {
 public:
  enum class Texts { slips, maybe_labels, labels };  // among numbers
  ColumnReader(const SourceColumn& source, std::optional<ColumnType> wanted, Texts texts_are = Texts::slips)
      : name_(source.name),
        type_(wanted ? wanted : source.type),
        given_(wanted.has_value()),
        sql_(source.sql),
        texts_are_(texts_are) {}
  const std::string& name() const { return name_; }
  std::string select() const { return is_typed() ? "CAST(" + sql_ + " AS DOUBLE)" : "CAST(" + sql_ + " AS VARCHAR)"; }

  // `first`: the place of the first of these rows in the file. `kept`: which of them are kept; all when nullptr.
  void take(const Duck::Vectors& rows, std::size_t place, std::size_t first, const std::vector<std::uint32_t>* kept);
  void thin(const std::vector<bool>& keep);  // forgets some of the rows that were kept
  // Numbers with texts among them that are no slips: all of it has to be read again, as texts.
  bool is_mixed() const;
  void read_as_texts(std::vector<std::string>& findings, const RowNumbers& number_of);
  // What is odd is said where there is room for it. `kept`: the places of the rows that were kept; all when empty.
  Column finish(std::vector<std::string>* findings, const RowNumbers& number_of,
                const std::vector<std::uint32_t>& kept = {});

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  bool is_typed() const { return type_ && !given_ && *type_ == ColumnType::number; }  // the file says: a number
  bool may_be_number() const { return !type_ || *type_ == ColumnType::number; }
  void take_numbers(const Duck::Vectors& rows, std::size_t place, std::size_t first,
                    const std::vector<std::uint32_t>* kept);
  void take_text(std::string_view text, std::size_t row, bool keep);
  std::int32_t code_of(std::string_view text);
  void add(double number, std::int32_t code);
  void note_infinite(std::size_t row);
  std::string odd_texts(const RowNumbers& number_of) const;
  std::string infinite_numbers(const RowNumbers& number_of) const;

  std::string name_;
  std::optional<ColumnType> type_;
  bool given_;  // by the user
  std::string sql_;
  Texts texts_are_;
  std::vector<double> numbers_;
  std::vector<std::int32_t> codes_;
  std::vector<std::string> words_;
  std::unordered_map<std::string, std::int32_t, TextHash, std::equal_to<>> places_;
  std::size_t texts_ = 0, numbers_seen_ = 0, infinite_ = 0;  // among all cells
  std::size_t first_text_ = 0, first_infinite_ = 0;          // their rows
  std::string first_text_word_;
};

}  // namespace gyre
