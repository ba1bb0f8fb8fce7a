#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>

#include "base/csv_record.hpp"
#include "base/file.hpp"
#include "model/cell.hpp"
#include "model/engine.hpp"
#include "model/signature.hpp"
#include "serve/json_cursor.hpp"
#include "serve/score_rows.hpp"
#include "serve/types.hpp"

namespace gyre {

namespace {

constexpr std::size_t usual_batch = 2048;

// An input of the model and the columns of the data that it is made of.
struct Binding {
  TensorInfo info;
  std::vector<std::size_t> columns;
};

// The rows of a chunk that can be scored, as the model's inputs.
struct Rows {
  std::vector<std::int64_t> numbers;          // which rows
  std::vector<std::vector<std::byte>> bytes;  // for each input
  std::vector<std::vector<std::string>> texts;
  std::vector<std::vector<std::string>> kept;
};

class TableScorer final : public ChunkScorer {
 public:
  TableScorer(const ScoreOptions& options, RecordSource& source)
      : form_(source.form()),
        json_(options.out.extension() == ".jsonl"),
        keep_(options.keep),
        columns_(source.columns()),
        engine_(options.model, 1) {
    bind(options);
    select_from(source);
    for (auto place : kept_places_)
      kept_types_.push_back(place < source.columns().size() ? source.type_of(place) : "VARCHAR");
    for (std::size_t i = 0; i < engine_.outputs().size(); i++) outputs_.push_back(i);
    bool joined = !bindings_.empty();
    for (auto& binding : bindings_) joined = joined && !binding.info.shape.empty() && binding.info.shape[0] < 0;
    batch_ = joined ? options.batch ? options.batch : usual_batch : 1;
  }

  std::vector<AnswerColumn> columns() const override {
    std::vector<AnswerColumn> columns{{"row", "BIGINT"}};
    for (std::size_t i = 0; i < keep_.size(); i++) columns.push_back({keep_[i], kept_types_[i]});
    for (auto& output : engine_.outputs())
      for (std::size_t i = 0, width = width_of(output); i < width; i++)
        columns.push_back({cell_name(output, i, width), sql_type(output.type)});
    return columns;
  }

  ScoredChunk score(const RecordChunk& chunk) const override {
    ScoredChunk scored;
    Rows rows = empty_rows();
    if (form_ == RecordForm::columns) {
      for (std::int64_t i = 0; i < chunk.rows; i++) {
        try {
          take(chunk, static_cast<std::size_t>(i), rows);
          rows.numbers.push_back(chunk.first_row + i);
        } catch (const Error& error) {
          fail(scored, chunk.first_row + i, error.text());
          roll_back(rows);
        }
        if (rows.numbers.size() == batch_) run(rows, scored);
      }
      if (!rows.numbers.empty()) run(rows, scored);
      return scored;
    }
    Record record;
    std::int64_t number = chunk.first_row;
    for (std::string_view rest = chunk.records; !rest.empty(); number++) {
      try {
        rest = next_record(rest, record);
        if (record.empty) continue;
        take(record, rows);
        rows.numbers.push_back(number);
      } catch (const Error& error) {
        fail(scored, number, error.text());
        roll_back(rows);
        if (record.lost) break;  // what follows cannot be told apart any more
      }
      if (rows.numbers.size() == batch_) run(rows, scored);
    }
    if (!rows.numbers.empty()) run(rows, scored);
    return scored;
  }

 private:
  struct Record {
    std::vector<std::string_view> cells;
    std::vector<std::string> own;  // texts that are not in the chunk as they are
    std::string_view line;
    bool empty = false, lost = false;
  };

  void bind(const ScoreOptions& options) {
    std::map<std::string, std::size_t> places;
    for (std::size_t i = 0; i < columns_.size(); i++) places.emplace(columns_[i], i);
    auto place_of = [&](const std::string& name) -> std::size_t {
      if (auto found = places.find(name); found != places.end()) return found->second;
      if (form_ == RecordForm::json_lines) {  // the columns are those that are asked for
        columns_.push_back(name);
        return places[name] = columns_.size() - 1;
      }
      throw Error(Code::invalid, options.data.string() + " has no column \"" + name + "\", which the model " +
                                     options.model.filename().string() + " takes");
    };
    for (auto& name : keep_) kept_places_.push_back(place_of(name));
    auto& inputs = engine_.inputs();
    for (auto& info : inputs) {
      Binding binding{info, {}};
      std::int64_t width = info.shape.size() == 2 ? info.shape[1] : info.shape.size() == 1 ? 1 : -1;
      if (width < 0)
        throw Error(Code::unsupported, "the model's input \"" + info.name + "\" has the shape " +
                                           shape_text(info.shape) + ": rows of a table cannot be put into it");
      if (width == 1) {
        binding.columns.push_back(place_of(info.name));
      } else {
        if (inputs.size() == 1)
          for (auto& name : column_names(options, static_cast<std::size_t>(width)))
            binding.columns.push_back(place_of(name));
        else  // whose column is whose cannot be guessed
          for (std::int64_t i = 0; i < width; i++)
            binding.columns.push_back(place_of(info.name + "_" + std::to_string(i)));
      }
      bindings_.push_back(std::move(binding));
    }
  }

  // Of a file that knows types only what is needed is read: the inputs' columns in their order, then what is kept.
  void select_from(RecordSource& source) const {
    std::vector<SelectedColumn> selected;
    for (auto& binding : bindings_)
      for (auto column : binding.columns)
        selected.push_back({column, binding.info.type == DataType::f32 || binding.info.type == DataType::f64});
    for (auto column : kept_places_) selected.push_back({column, false});
    source.select(selected);
  }

  // Of an input of several columns: as the model says, else those of the data that are not kept, or all, in their
  // order.
  std::vector<std::string> column_names(const ScoreOptions& options, std::size_t width) const {
    auto& metadata = engine_.metadata();
    if (auto found = metadata.find("gyre.signature"); found != metadata.end()) {
      auto columns = signature_from(parse_json(found->second, "signature")).columns;
      if (columns.size() == width) return columns;
    }
    std::vector<std::string> names;
    for (auto& column : columns_)
      if (std::find(keep_.begin(), keep_.end(), column) == keep_.end()) names.push_back(column);
    if (names.size() != width && columns_.size() == width) return columns_;
    if (names.size() != width)
      throw Error(Code::invalid,
                  "the model takes " + std::to_string(width) + " columns, " + options.data.string() + " has " +
                      std::to_string(names.size()) + " that are not kept",
                  "--keep COLUMN for each that is no input");
    return names;
  }

  std::string_view next_record(std::string_view text, Record& record) const {
    record.empty = record.lost = false;
    if (form_ == RecordForm::csv) {
      try {
        auto rest = csv_record(text, record.cells, record.own);
        record.line = text.substr(0, text.size() - rest.size());
        record.empty = record.cells.size() == 1 && record.cells[0].empty();
        if (!record.empty && record.cells.size() != columns_.size()) {
          // Nothing of the record is used, but where it ends is known: the next one is read.
          record.cells.clear();
        }
        return rest;
      } catch (const Error&) {
        record.lost = true;
        throw;
      }
    }
    auto end = text.find('\n');
    record.line = text.substr(0, end);
    record.cells.assign(columns_.size(), {});
    record.own.assign(columns_.size(), {});
    record.empty = record.line.find_first_not_of(" \t\r") == std::string_view::npos;
    return text.substr(end + 1);
  }

  void read_json(Record& record) const {
    JsonCursor cursor(record.line, "the line");
    cursor.members([&](const std::string& name) {
      auto found = std::find(columns_.begin(), columns_.end(), name);
      char next = cursor.peek();
      if (found == columns_.end()) return cursor.skip_value();
      auto place = static_cast<std::size_t>(found - columns_.begin());
      if (next == '"') {
        record.own[place] = cursor.string();
        record.cells[place] = record.own[place];
      } else if (!cursor.take_null()) {
        std::size_t from = cursor.position();
        cursor.skip_value();
        record.cells[place] = record.line.substr(from, cursor.position() - from);
      }
    });
    cursor.finish();
  }

  Rows empty_rows() const {
    Rows rows;
    rows.bytes.resize(bindings_.size());
    rows.texts.resize(bindings_.size());
    return rows;
  }

  // A row that failed half-way leaves nothing.
  void roll_back(Rows& rows) const {
    std::size_t count = rows.numbers.size();
    for (std::size_t i = 0; i < bindings_.size(); i++) {
      std::size_t cells = count * bindings_[i].columns.size();
      rows.bytes[i].resize(std::min(rows.bytes[i].size(), cells * size_of(bindings_[i].info.type)));
      rows.texts[i].resize(std::min(rows.texts[i].size(), cells));
    }
    rows.kept.resize(std::min(rows.kept.size(), count));
  }

  void take(Record& record, Rows& rows) const {
    if (form_ == RecordForm::json_lines) read_json(record);
    if (record.cells.size() != columns_.size())
      throw Error(Code::invalid, "the row does not have " + std::to_string(columns_.size()) + " cells");
    for (std::size_t i = 0; i < bindings_.size(); i++)
      for (auto column : bindings_[i].columns)
        append_cell(bindings_[i].info.type, record.cells[column], columns_[column], rows.bytes[i], rows.texts[i]);
    if (keep_.empty()) return;
    auto& kept = rows.kept.emplace_back();
    for (auto place : kept_places_) kept.emplace_back(record.cells[place]);
  }

  void take(const RecordChunk& chunk, std::size_t row, Rows& rows) const {
    std::size_t place = 0;
    for (std::size_t i = 0; i < bindings_.size(); i++) {
      auto type = bindings_[i].info.type;
      for (auto name : bindings_[i].columns) {
        auto& column = chunk.columns[place++];
        if (!column.texts.empty())
          append_cell(type, column.texts[row], columns_[name], rows.bytes[i], rows.texts[i]);
        else
          append_number(type, column.floats.empty() ? column.numbers[row] : column.floats[row], rows.bytes[i]);
      }
    }
    if (keep_.empty()) return;
    auto& kept = rows.kept.emplace_back();
    for (; place < chunk.columns.size(); place++) kept.push_back(chunk.columns[place].texts[row]);
  }

  std::vector<TensorView> views(const Rows& rows, std::size_t first, std::size_t count) const {
    std::vector<TensorView> inputs;
    for (std::size_t i = 0; i < bindings_.size(); i++) {
      auto& info = bindings_[i].info;
      std::size_t width = bindings_[i].columns.size();
      TensorView view{info.type, info.shape, {}, {}};
      if (!view.shape.empty()) view.shape[0] = static_cast<std::int64_t>(count);
      std::size_t each = width * size_of(info.type);
      view.bytes = std::span(rows.bytes[i]).subspan(first * each, count * each);
      for (std::size_t j = 0; info.type == DataType::text && j < count * width; j++)
        view.texts.emplace_back(rows.texts[i][first * width + j]);
      inputs.push_back(std::move(view));
    }
    return inputs;
  }

  void run(Rows& rows, ScoredChunk& scored) const {
    std::size_t count = rows.numbers.size();
    try {
      write(rows, 0, count, engine_.run(views(rows, 0, count), outputs_), scored);
    } catch (const Error&) {
      // One of them is to blame: each is tried by itself, and only that one fails.
      for (std::size_t i = 0; i < count; i++) {
        try {
          write(rows, i, 1, engine_.run(views(rows, i, 1), outputs_), scored);
        } catch (const Error& error) {
          fail(scored, rows.numbers[i], error.text());
        }
      }
    }
    rows = empty_rows();
  }

  void write(const Rows& rows, std::size_t first, std::size_t count, const EngineAnswer& answer,
             ScoredChunk& scored) const {
    for (auto& output : answer.outputs)
      if (output.shape.empty() || output.shape[0] != static_cast<std::int64_t>(count))
        throw Error(Code::invalid, "the model does not answer row by row");
    for (std::size_t i = 0; i < count; i++) {
      AnswerLine line(scored.lines, json_);
      line.number("row", rows.numbers[first + i]);
      for (std::size_t k = 0; k < keep_.size(); k++) line.text(keep_[k], rows.kept[first + i][k]);
      for (std::size_t o = 0; o < answer.outputs.size(); o++)
        write_cells(line, engine_.outputs()[o], answer.outputs[o], i, count);
      line.end();
    }
    scored.rows += static_cast<std::int64_t>(count);
  }

  void write_cells(AnswerLine& line, const TensorInfo& info, const TensorView& output, std::size_t row,
                   std::size_t rows) const {
    auto width = static_cast<std::size_t>(count_of(output.shape)) / rows;
    for (std::size_t i = 0; i < width; i++) {
      std::size_t at = row * width + i;
      std::string name = json_ ? cell_name(info, i, width) : std::string();
      auto value = [&]<class T>(T) {
        T result;
        std::memcpy(&result, output.bytes.data() + at * sizeof result, sizeof result);
        return result;
      };
      switch (output.type) {
        case DataType::f32:
          line.number(name, value(float{}));
          break;
        case DataType::f64:
          line.number(name, value(double{}));
          break;
        case DataType::i64:
          line.number(name, value(std::int64_t{}));
          break;
        case DataType::i32:
          line.number(name, std::int64_t{value(std::int32_t{})});
          break;
        case DataType::boolean:
          line.flag(name, output.bytes[at] != std::byte{0});
          break;
        case DataType::text:
          line.text(name, output.texts[at]);
          break;
        default:
          throw Error(Code::unsupported, "the output \"" + info.name + "\" is " +
                                             std::string(protocol_name(output.type)) + ", which a table cannot hold");
      }
    }
  }

  static std::string sql_type(DataType type) {
    switch (type) {
      case DataType::f32:
        return "FLOAT";
      case DataType::f64:
        return "DOUBLE";
      case DataType::i64:
        return "BIGINT";
      case DataType::i32:
        return "INTEGER";
      case DataType::boolean:
        return "BOOLEAN";
      default:
        return "VARCHAR";
    }
  }
  static std::size_t width_of(const TensorInfo& info) {
    std::size_t width = 1;
    for (std::size_t i = 1; i < info.shape.size(); i++) {
      if (info.shape[i] < 0)
        throw Error(Code::unsupported,
                    "the output \"" + info.name + "\" has the shape " + shape_text(info.shape) +
                        ": its columns are not known beforehand",
                    "write to a .jsonl file");
      width *= static_cast<std::size_t>(info.shape[i]);
    }
    return width;
  }
  static std::string cell_name(const TensorInfo& info, std::size_t place, std::size_t width) {
    return width == 1 ? info.name : info.name + "_" + std::to_string(place);
  }

  static void fail(ScoredChunk& scored, std::int64_t row, const std::string& why) {
    scored.failed += std::to_string(row) + ',';
    append_csv_cell(scored.failed, why);
    scored.failed += '\n';
    scored.failures++;
  }

  RecordForm form_;
  bool json_;
  std::vector<std::string> keep_;
  std::vector<std::string> columns_;
  std::vector<std::size_t> kept_places_;
  std::vector<std::string> kept_types_;
  ModelEngine engine_;
  std::vector<Binding> bindings_;
  std::vector<std::size_t> outputs_;
  std::size_t batch_ = 1;
};

}  // namespace

std::unique_ptr<ChunkScorer> table_scorer(const ScoreOptions& options, RecordSource& source) {
  return std::make_unique<TableScorer>(options, source);
}

}  // namespace gyre
