#pragma once
// Data in chunks of whole records, in order, from any place on.
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace gyre {

enum class RecordForm { csv, json_lines, columns, files };

// Where a chunk begins: what a job is resumed with.
struct SourcePlace {
  std::int64_t offset = 0;  // bytes of a file, rows of a Parquet file, files of a folder
  std::int64_t row = 0;
};

// A column as it lies in a file that knows types: in one of the three.
struct ChunkColumn {
  std::vector<float> floats;  // NaN where there is none
  std::vector<double> numbers;
  std::vector<std::string> texts;  // empty where there is none
};

struct RecordChunk {
  std::size_t index = 0;  // 0, 1, 2 ... of this run
  std::int64_t first_row = 0;
  std::string records;
  std::vector<ChunkColumn> columns;  // instead, of RecordForm::columns: those that were selected, in that order
  std::int64_t rows = 0;             // of them
  SourcePlace end;                   // where the next one begins
};

// Of RecordForm::columns: a column that is read, as numbers where it holds some and they are asked for.
struct SelectedColumn {
  std::size_t column = 0;
  bool as_number = false;
};

class RecordSource {
 public:
  virtual ~RecordSource() = default;
  virtual RecordForm form() const = 0;
  virtual const std::vector<std::string>& columns() const = 0;  // of a table
  virtual std::string type_of(std::size_t column) const = 0;    // as SQL calls it
  virtual bool next(RecordChunk& chunk) = 0;                    // from the place on; false at the end
  virtual void go_to(const SourcePlace& place) = 0;
  virtual void select(const std::vector<SelectedColumn>&) {}  // before the first next()
  virtual double size() const = 0;                            // in the unit of offsets
};

// By the name: .csv, .jsonl / .ndjson, .parquet, or a folder. Error{unsupported} for others.
std::unique_ptr<RecordSource> record_source(const std::filesystem::path& data);
std::unique_ptr<RecordSource> parquet_source(const std::filesystem::path& path);

}  // namespace gyre
