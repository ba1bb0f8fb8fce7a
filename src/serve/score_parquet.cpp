#include <array>
#include <condition_variable>
#include <deque>
#include <limits>
#include <mutex>
#include <thread>

#include "base/file.hpp"
#include "data/duck.hpp"
#include "serve/score_rows.hpp"

namespace gyre {

namespace {

constexpr std::int64_t chunk_rows = 16384;
constexpr std::size_t chunks_ahead = 2;

bool holds_numbers(std::string_view type) {
  static constexpr std::array<std::string_view, 13> types{"TINYINT",  "SMALLINT",  "INTEGER",  "BIGINT",  "HUGEINT",
                                                          "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
                                                          "FLOAT",    "DOUBLE",    "BOOLEAN"};
  for (auto one : types)
    if (type == one) return true;
  return type.starts_with("DECIMAL");
}

// Rows of a Parquet file. A thread of its own reads them, once and in order, and keeps a little ahead.
class ParquetSource final : public RecordSource {
 public:
  explicit ParquetSource(const fs::path& path)
      : from_("read_parquet(" + sql_text(path.string()) + ", file_row_number = true)"), duck_(1) {
    duck_.query("select column_name::varchar, column_type::varchar from (describe select * from read_parquet(" +
                    sql_text(path.string()) + "))",
                [&](const Duck::Cells& row) {
                  columns_.push_back(row.text(0).value_or(""));
                  types_.push_back(row.text(1).value_or(""));
                  // Of lists and the like the text is kept.
                  if (types_.back().find_first_of("[(") != std::string::npos && !types_.back().starts_with("DECIMAL"))
                    types_.back() = "VARCHAR";
                });
    duck_.query("select count(*)::double from " + from_,
                [&](const Duck::Cells& row) { rows_ = static_cast<std::int64_t>(row.number(0)); });
  }
  ~ParquetSource() override {
    {
      std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
    if (reader_.joinable()) reader_.join();
  }
  RecordForm form() const override { return RecordForm::columns; }
  const std::vector<std::string>& columns() const override { return columns_; }
  std::string type_of(std::size_t column) const override { return types_.at(column); }
  double size() const override { return static_cast<double>(rows_); }
  void go_to(const SourcePlace& place) override { place_ = place; }
  void select(const std::vector<SelectedColumn>& wanted) override { wanted_ = wanted; }

  bool next(RecordChunk& chunk) override {
    if (!reader_.joinable()) reader_ = std::thread([this, first = place_.offset] { read_from(first); });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !ready_.empty() || ended_; });
    if (ready_.empty()) {
      if (error_) std::rethrow_exception(error_);
      return false;
    }
    auto& first = ready_.front();
    chunk.columns = std::move(first.columns);
    chunk.rows = first.rows;
    ready_.pop_front();
    changed_.notify_all();
    chunk.first_row = place_.row + 1;
    place_.offset = place_.row += chunk.rows;
    chunk.end = place_;
    return true;
  }

 private:
  struct Part {
    std::vector<ChunkColumn> columns;
    std::int64_t rows = 0;
  };
  struct Stopped {};
  enum class Kind { floats, numbers, texts };

  Kind kind_of(const SelectedColumn& wanted) const {
    auto& type = types_[wanted.column];
    if (!wanted.as_number || !holds_numbers(type)) return Kind::texts;
    return type == "FLOAT" ? Kind::floats : Kind::numbers;
  }

  void read_from(std::int64_t first) {
    std::exception_ptr error;
    try {
      std::string names;
      std::vector<Kind> kinds;
      for (auto& one : wanted_) {
        kinds.push_back(kind_of(one));
        names += (names.empty() ? "" : ", ") + sql_name(columns_[one.column]) +
                 (kinds.back() == Kind::floats    ? "::float"
                  : kinds.back() == Kind::numbers ? "::double"
                                                  : "::varchar");
      }
      Part part{std::vector<ChunkColumn>(wanted_.size()), 0};
      duck_.stream("select " + (names.empty() ? "1" : names) + " from " + from_ +
                       (first ? " where file_row_number >= " + std::to_string(first) : ""),
                   [&](const Duck::Vectors& rows) {
                     for (std::size_t from = 0; from < rows.rows();) {
                       auto count = std::min(rows.rows() - from, static_cast<std::size_t>(chunk_rows - part.rows));
                       for (std::size_t i = 0; i < kinds.size(); i++)
                         append(rows, i, kinds[i], from, count, part.columns[i]);
                       part.rows += static_cast<std::int64_t>(count);
                       from += count;
                       if (part.rows == chunk_rows) give(part);
                     }
                   });
      if (part.rows) give(part);
    } catch (const Stopped&) {
    } catch (...) {
      error = std::current_exception();
    }
    std::lock_guard lock(mutex_);
    ended_ = true;
    error_ = error;
    changed_.notify_all();
  }

  static void append(const Duck::Vectors& rows, std::size_t column, Kind kind, std::size_t from, std::size_t count,
                     ChunkColumn& to) {
    auto numbers = [&](auto values, auto& list) {
      std::size_t before = list.size();
      list.insert(list.end(), values.begin() + static_cast<std::ptrdiff_t>(from),
                  values.begin() + static_cast<std::ptrdiff_t>(from + count));
      for (std::size_t i = 0; i < count; i++)
        if (rows.missing(column, from + i)) list[before + i] = std::numeric_limits<float>::quiet_NaN();
    };
    if (kind == Kind::floats) return numbers(rows.floats(column), to.floats);
    if (kind == Kind::numbers) return numbers(rows.numbers(column), to.numbers);
    for (std::size_t i = from; i < from + count; i++)
      to.texts.emplace_back(rows.missing(column, i) ? std::string_view() : rows.text(column, i));
  }

  void give(Part& part) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ready_.size() < chunks_ahead || stopped_; });
    if (stopped_) throw Stopped();
    ready_.push_back(std::move(part));
    part = {std::vector<ChunkColumn>(wanted_.size()), 0};
    changed_.notify_all();
  }

  std::string from_;
  Duck duck_;  // the thread's, once it runs
  std::vector<std::string> columns_, types_;
  std::vector<SelectedColumn> wanted_;
  std::int64_t rows_ = 0;
  SourcePlace place_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<Part> ready_;
  bool ended_ = false, stopped_ = false;
  std::exception_ptr error_;
  std::thread reader_;
};

}  // namespace

std::unique_ptr<RecordSource> parquet_source(const fs::path& path) { return std::make_unique<ParquetSource>(path); }

void parquet_from_csv(const fs::path& csv, const std::vector<AnswerColumn>& columns, const fs::path& to) {
  std::string types;
  for (auto& column : columns)
    types += (types.empty() ? "" : ", ") + sql_name(column.name) + ": " + sql_text(column.type);
  fs::path part = to.string() + ".writing";
  remove_tree(part);
  Duck duck(1);  // several threads would cut the rows into groups as they happen to run
  duck.run("set temp_directory = ''");
  duck.run("copy (select * from read_csv(" + sql_text(csv.string()) +
           ", header = false, auto_detect = false, delim = " +
           "',', quote = '\"', escape = '\"', new_line = '\\n', max_line_size = 67108864, columns = {" + types +
           "})) to " + sql_text(part.string()) + " (format parquet)");
  sync_file(part);
  fs::rename(part, to);
}

}  // namespace gyre
