#include "learn/table_stream.hpp"

#include <algorithm>
#include <future>
#include <unordered_set>

#include "learn/column_reader.hpp"

namespace gyre {

TableStream::TableStream(std::filesystem::path file, const Table& like, int threads)
    : file_(std::move(file)), name_(like.name), threads_(threads) {
  for (auto& column : like.columns) columns_.emplace_back(column.name, column.type);
}

TableStream TableStream::only(const std::vector<std::string>& columns) const {
  TableStream narrow = *this;
  std::unordered_set<std::string_view> wanted(columns.begin(), columns.end());
  std::erase_if(narrow.columns_, [&](auto& column) { return !wanted.contains(column.first); });
  return narrow;
}

namespace {

// Reads the cells of some columns into tables of a few rows.
class BlockReader {
 public:
  BlockReader(std::string name, const TableSource& source,
              const std::vector<std::pair<std::string, ColumnType>>& columns)
      : name_(std::move(name)) {
    std::map<std::string_view, const SourceColumn*> known;
    for (auto& column : source.columns) known[column.name] = &column;
    for (auto& [column, type] : columns) {
      auto& from = *known.at(column);
      fresh_.emplace_back(from, from.type == type ? std::nullopt : std::optional(type));
    }
    readers_ = fresh_;
  }
  std::string select() const {
    std::string sql;
    for (auto& reader : readers_) sql += (sql.empty() ? "SELECT " : ", ") + reader.select();
    return sql;
  }
  void take(const Duck::Vectors& rows) {
    for (std::size_t i = 0; i < readers_.size(); i++) readers_[i].take(rows, i, first_ + rows_, nullptr);
    rows_ += rows.rows();
  }
  std::size_t rows() const { return rows_; }
  std::size_t first() const { return first_; }
  Table finish() {
    Table block{name_, {}, {}, {}};
    for (auto& reader : readers_) block.columns.push_back(reader.finish(nullptr, {}));
    for (std::size_t i = 0; i < rows_; i++) block.row_numbers.push_back(static_cast<std::uint32_t>(first_ + i + 1));
    readers_ = fresh_;
    first_ += rows_;
    rows_ = 0;
    return block;
  }

 private:
  std::string name_;
  std::vector<ColumnReader> fresh_, readers_;
  std::size_t first_ = 0, rows_ = 0;
};

}  // namespace

void TableStream::each(const std::function<void(const Table&, std::size_t)>& take) const {
  Duck duck(threads_, megabytes_ahead);
  TableSource source = table_source(duck, file_, name_);
  BlockReader reader(name_, source, columns_);
  constexpr std::size_t cells_of_block = 8'000'000;  // of wide tables, so that a block has a bounded size
  std::size_t rows = std::min(rows_of_block, cells_of_block / std::max<std::size_t>(1, columns_.size()) + 1);
  std::future<void> taking;
  auto hand_over = [&] {
    std::size_t first = reader.first();
    Table block = reader.finish();
    if (taking.valid()) taking.get();
    taking = std::async(std::launch::async, [&take, first, block = std::move(block)] { take(block, first); });
  };
  try {
    duck.stream(reader.select() + " FROM " + source.from, [&](const Duck::Vectors& some) {
      reader.take(some);
      if (reader.rows() >= rows) hand_over();
    });
  } catch (const Error& error) {
    if (taking.valid()) taking.get();
    throw cannot_read(error, name_);
  }
  if (reader.rows()) hand_over();
  if (taking.valid()) taking.get();
}

}  // namespace gyre
