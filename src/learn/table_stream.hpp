#pragma once
// Tables that are larger than the memory they may take: some of the rows at once, all of them block by block.
#include <filesystem>
#include <functional>

#include "learn/table.hpp"

namespace gyre {

struct TableSample {
  Table table;                        // all rows, or some that are spread over the file
  Table whole;                        // the columns that were wanted whole, where the table is not
  std::vector<std::uint32_t> places;  // of the table's rows in the file, from 0; empty: it is whole
  std::size_t rows = 0;               // of the file
  bool is_whole() const { return places.empty(); }
};

// Types and what is odd come from every cell. At most `most_cells` cells are kept; where the file has more, which rows
// they are depends on nothing but their places. `whole`: names of columns all of whose cells are needed.
TableSample sample_table(const std::filesystem::path& file, const TableOptions& options, std::size_t most_cells,
                         const std::vector<std::string>& whole = {});

// Whether a sample of one in `one_in` (a power of two) has the row: a larger one has those of a smaller one too.
bool is_sampled(std::size_t row, std::size_t one_in);

class TableStream {
 public:
  // With the types of `like`, a table or a sample of the same file.
  TableStream(std::filesystem::path file, const Table& like, int threads);
  TableStream only(const std::vector<std::string>& columns) const;
  // All rows, in order, with the columns of `like`; `first`: the place of the block's first row. While one block is
  // taken, on another thread, the next one is read.
  void each(const std::function<void(const Table& block, std::size_t first)>& take) const;

 private:
  static constexpr std::size_t rows_of_block = 65536;
  std::filesystem::path file_;
  std::string name_;
  std::vector<std::pair<std::string, ColumnType>> columns_;
  int threads_;
};

}  // namespace gyre
