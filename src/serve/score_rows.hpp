#pragma once
// Chunks of records to lines of answers.
#include <memory>

#include "serve/score.hpp"
#include "serve/score_source.hpp"

namespace gyre {

struct ScoredChunk {
  std::string lines;
  std::string failed;  // CSV: row, reason
  std::int64_t rows = 0, failures = 0;
};

struct AnswerColumn {
  std::string name;
  std::string type;  // as SQL calls it
};

class ChunkScorer {
 public:
  virtual ~ChunkScorer() = default;
  // Of the output. Error{unsupported} where only answers show them: lines of JSON can do without.
  virtual std::vector<AnswerColumn> columns() const = 0;
  // From any thread. The same chunk gives the same text.
  virtual ScoredChunk score(const RecordChunk& chunk) const = 0;
};

// Error{invalid} when the model cannot take what the data has.
std::unique_ptr<ChunkScorer> table_scorer(const ScoreOptions& options, RecordSource& source);
std::unique_ptr<ChunkScorer> file_scorer(const ScoreOptions& options);

// A line of the output, cell by cell, in CSV or JSON lines.
class AnswerLine {
 public:
  AnswerLine(std::string& to, bool json) : to_(to), json_(json) {}
  void number(std::string_view name, double value);
  void number(std::string_view name, float value);
  void number(std::string_view name, std::int64_t value);
  void flag(std::string_view name, bool value);
  void text(std::string_view name, std::string_view value);
  void end();

 private:
  void begin(std::string_view name);
  std::string& to_;
  bool json_;
  bool first_ = true;
};
void append_csv_cell(std::string& to, std::string_view text);

// Rows of CSV without a header to a Parquet file; the same rows give the same bytes.
void parquet_from_csv(const std::filesystem::path& csv, const std::vector<AnswerColumn>& columns,
                      const std::filesystem::path& to);

}  // namespace gyre
