// Tables from files: one pass over the rows, and another one over columns that turn out to be texts after all.
#include <algorithm>
#include <limits>
#include <set>
#include <unordered_set>

#include "base/error.hpp"
#include "data/gather.hpp"
#include "learn/column_reader.hpp"
#include "learn/parallel.hpp"
#include "learn/table_stream.hpp"

namespace gyre {

bool is_sampled(std::size_t row, std::size_t one_in) {
  std::uint64_t h = row + 0x9e3779b97f4a7c15u;  // splitmix64
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
  return ((h ^ (h >> 31)) & (one_in - 1)) == 0;
}

namespace {

// Reads columns; keeps one row in so many that their cells do not become too many.
class Sampling {
 public:
  Sampling(Duck& duck, const TableSource& source, std::size_t most_cells, int threads)
      : duck_(duck), source_(source), most_cells_(most_cells), threads_(threads) {}

  // `thinned`: columns of which the sampled rows are kept; of the others all are.
  void read(const std::vector<ColumnReader*>& thinned, const std::vector<ColumnReader*>& whole) {
    std::string sql;
    for (auto* readers : {&thinned, &whole})
      for (auto* reader : *readers) sql += (sql.empty() ? "SELECT " : ", ") + reader->select();
    rows_ = 0;
    places_.clear();
    try {
      duck_.stream(sql + " FROM " + source_.from, [&](const Duck::Vectors& rows) { take(rows, thinned, whole); });
    } catch (const Error& error) {
      throw cannot_read(error, source_.name);
    }
  }
  std::size_t rows() const { return rows_; }
  // Of the rows that were kept; empty: all.
  std::vector<std::uint32_t> places() const { return one_in_ > 1 ? places_ : std::vector<std::uint32_t>{}; }

 private:
  void take(const Duck::Vectors& rows, const std::vector<ColumnReader*>& thinned,
            const std::vector<ColumnReader*>& whole) {
    std::vector<std::uint32_t> kept;
    for (std::size_t i = 0; i < rows.rows(); i++)
      if (is_sampled(rows_ + i, one_in_)) {
        kept.push_back(static_cast<std::uint32_t>(i));
        places_.push_back(static_cast<std::uint32_t>(rows_ + i));
      }
    for (std::size_t i = 0; i < thinned.size(); i++) thinned[i]->take(rows, i, rows_, one_in_ > 1 ? &kept : nullptr);
    for (std::size_t i = 0; i < whole.size(); i++) whole[i]->take(rows, thinned.size() + i, rows_, nullptr);
    rows_ += rows.rows();
    while (places_.size() * thinned.size() > most_cells_ && places_.size() > fewest_rows) thin(thinned);
  }
  void thin(const std::vector<ColumnReader*>& readers) {
    one_in_ *= 2;
    std::vector<bool> keep;
    for (auto place : places_) keep.push_back(is_sampled(place, one_in_));
    for_each(readers.size(), threads_, [&](std::size_t i) { readers[i]->thin(keep); });
    std::erase_if(places_, [&](auto place) { return !is_sampled(place, one_in_); });
  }
  static constexpr std::size_t fewest_rows = 1000;  // however many columns there are
  Duck& duck_;
  const TableSource& source_;
  std::size_t most_cells_;
  int threads_;
  std::size_t rows_ = 0, one_in_ = 1;
  std::vector<std::uint32_t> places_;
};

void check_types(const TableSource& source, const TableOptions& options) {
  std::unordered_set<std::string_view> known;
  for (auto& column : source.columns) known.insert(column.name);
  auto need = [&](const std::string& name) {
    if (known.contains(name)) return;
    std::string list;
    for (auto& column : source.columns) list += (list.empty() ? "" : ", ") + column.name;
    throw Error(Code::invalid, source.name + " has no column \"" + name + "\"", "it has: " + list.substr(0, 1000));
  };
  for (auto& [name, type] : options.types) need(name);
  for (auto& name : options.columns) need(name);
}

}  // namespace

TableSample sample_table(const std::filesystem::path& file, const TableOptions& options, std::size_t most_cells,
                         const std::vector<std::string>& whole) {
  Duck duck(options.threads, megabytes_ahead);
  TableSource source = table_source(duck, file, options.name.empty() ? name_of_input(file, "the table") : options.name);
  check_types(source, options);
  TableSample sample;
  Table& table = sample.table;
  table.name = source.name;
  table.findings = source.findings;
  using Texts = ColumnReader::Texts;
  Texts targets = options.task == "classify" ? Texts::labels
                  : options.task == "auto"   ? Texts::maybe_labels
                                             : Texts::slips;
  Table names{source.name, {}, {}, {}};
  for (auto& column : source.columns) names.columns.push_back({column.name, {}, {}, {}, {}});
  auto* target = names.find(options.target);
  std::vector<ColumnReader> readers;
  for (auto& column : source.columns) {
    auto& some = options.columns;
    if (!some.empty() && std::find(some.begin(), some.end(), column.name) == some.end()) continue;
    auto wanted = options.types.find(column.name);
    readers.emplace_back(column, wanted == options.types.end() ? std::nullopt : std::optional(wanted->second),
                         target && column.name == target->name ? targets : Texts::slips);
  }
  std::set<std::string> wanted_whole;
  for (auto& name : whole) wanted_whole.insert(names.get(name).name);
  auto is_whole = [&](const ColumnReader& reader) { return wanted_whole.count(reader.name()) > 0; };
  std::vector<ColumnReader*> thinned, kept_whole, thinned_again, whole_again;
  for (auto& reader : readers) (is_whole(reader) ? kept_whole : thinned).push_back(&reader);
  Sampling sampling(duck, source, most_cells, options.threads);
  sampling.read(thinned, kept_whole);
  sample.rows = sampling.rows();
  std::vector<std::size_t> left_out;
  auto lines = left_out_lines(duck, source, left_out);
  table.findings.insert(table.findings.end(), lines.begin(), lines.end());
  if (sample.rows == 0)
    throw Error(Code::invalid, table.name + " has no rows" + (lines.empty() ? "" : ": " + lines[0]));
  RowNumbers number_of(std::move(left_out));
  for (auto& reader : readers)
    if (reader.is_mixed()) {
      reader.read_as_texts(table.findings, number_of);
      (is_whole(reader) ? whole_again : thinned_again).push_back(&reader);
    }
  if (!thinned_again.empty() || !whole_again.empty()) sampling.read(thinned_again, whole_again);
  sample.places = sampling.places();
  auto all_rows = [&](Table& of) {
    for (std::size_t i = 0; i < sample.rows; i++) of.row_numbers.push_back(number_of(i));
  };
  if (sample.is_whole()) {
    all_rows(table);
    for (auto& reader : readers) table.columns.push_back(reader.finish(&table.findings, number_of));
    return sample;
  }
  for (auto place : sample.places) table.row_numbers.push_back(number_of(place));
  sample.whole.name = table.name;
  if (!kept_whole.empty()) all_rows(sample.whole);
  for (auto& reader : readers) {
    if (is_whole(reader))
      sample.whole.columns.push_back(reader.finish(&table.findings, number_of));
    else
      table.columns.push_back(reader.finish(&table.findings, number_of, sample.places));
  }
  return sample;
}

Table read_table(const std::filesystem::path& file, const TableOptions& options) {
  return std::move(sample_table(file, options, std::numeric_limits<std::size_t>::max()).table);
}

}  // namespace gyre
