#pragma once
// Training on a table that is larger than the memory it may take. Features are made from a sample of the rows; learners
// then go over all rows block by block.
#include "base/file.hpp"
#include "learn/table_model.hpp"
#include "learn/table_stream.hpp"

namespace gyre {

enum class RowPart : std::uint8_t { learn, check, hold, none };

// What is known of every row beside its cells.
struct LargeTable {
  Table sample;                       // the columns to learn from
  std::vector<std::uint32_t> places;  // of the sample's rows in the file
  TableStream stream;                 // all columns but the target
  Target target;                      // of every row of the file; NaN where it is missing
  std::vector<double> weights;        // empty, or one for each row
  std::vector<RowPart> parts;         // one for each row
  std::size_t count(RowPart part) const;
};

// Which rows are held back, as held_back_rows() says, which decide when to stop (a share of the others), which learn.
void part_rows(LargeTable& table, double hold, double check, std::uint64_t seed);

// `scratch`: a folder for what is as long as the table, where many passes are made over its features.
TablePipeline train_pipeline(const TableTraining& training, const LargeTable& table, const fs::path& scratch);

// A model's answers for the rows of a part, in their order, and the truth about them.
struct PartAnswers {
  std::vector<double> answers;
  Target truth;
};
PartAnswers answers_for(const TableModel& model, const LargeTable& table, RowPart part, int threads);

}  // namespace gyre
