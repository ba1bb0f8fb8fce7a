#include <mutex>
#include <set>

#include "base/file.hpp"
#include "model/predict.hpp"
#include "serve/score_rows.hpp"

namespace gyre {

namespace {

// A model that plans its memory for the shapes that come first, and one that keeps nothing for all others: pictures may
// have any number of sizes, and memory is bounded.
class BoundedPredictor {
 public:
  explicit BoundedPredictor(const fs::path& model)
      : path_(model), written_(fs::last_write_time(model)), planned_(model, Plans::kept) {}
  const Signature& signature() const { return planned_.signature(); }
  Answer predict(std::string_view bytes, const std::string& where) const {
    std::vector<std::string> notes;
    auto inputs = planned_.to_tensors(bytes, where, &notes);
    return (is_planned(inputs) ? planned_ : plain()).predict(inputs, where);
  }

 private:
  static constexpr std::size_t most_shapes = 1000;
  bool is_planned(const std::vector<Tensor>& inputs) const {
    std::vector<std::vector<std::int64_t>> shapes;
    for (auto& input : inputs) shapes.push_back(input.shape);
    std::lock_guard lock(mutex_);
    if (shapes_.size() == most_shapes) return shapes_.contains(shapes);
    shapes_.insert(std::move(shapes));
    return true;
  }
  const Predictor& plain() const {
    std::lock_guard lock(mutex_);
    if (!plain_ && fs::last_write_time(path_) != written_)
      throw Error(Code::conflict, path_.string() + " was written while it was used", "start again");
    if (!plain_) plain_.emplace(path_);
    return *plain_;
  }
  fs::path path_;
  fs::file_time_type written_;
  Predictor planned_;
  mutable std::mutex mutex_;  // guards what follows
  mutable std::set<std::vector<std::vector<std::int64_t>>> shapes_;
  mutable std::optional<Predictor> plain_;
};

// Pictures, sounds and series, each answered as `gyre predict` answers it.
class FileScorer final : public ChunkScorer {
 public:
  explicit FileScorer(const ScoreOptions& options)
      : folder_(options.data), json_(options.out.extension() == ".jsonl"), predictor_(options.model) {}

  std::vector<AnswerColumn> columns() const override {
    auto& task = predictor_.signature().task;
    std::vector<AnswerColumn> columns{{"file", "VARCHAR"}};
    auto add = [&](const char* name, const char* type) { columns.push_back({name, type}); };
    if (task == "classify") {
      add("label", "VARCHAR");
      add("confidence", "FLOAT");
    }
    add(task == "regress" ? "value" : "score", "FLOAT");
    if (task == "anomaly") add("alarm", "BOOLEAN");
    return columns;
  }

  ScoredChunk score(const RecordChunk& chunk) const override {
    ScoredChunk scored;
    std::int64_t row = chunk.first_row;
    auto& task = predictor_.signature().task;
    for (std::string_view rest = chunk.records; !rest.empty(); row++) {
      auto end = rest.find('\n');
      std::string name(rest.substr(0, end));
      rest.remove_prefix(end + 1);
      try {
        auto answer = predictor_.predict(read_file(folder_ / name), name);
        AnswerLine line(scored.lines, json_);
        line.text("file", name);
        if (task == "classify") {
          line.text("label", answer.label);
          line.number("confidence", static_cast<float>(answer.confidence));
        }
        if (task == "regress") line.number("value", static_cast<float>(answer.value));
        if (task == "classify" || task == "anomaly") {
          if (answer.has_score)
            line.number("score", static_cast<float>(answer.score));
          else
            line.text("score", "");
        }
        if (task == "anomaly") line.flag("alarm", answer.alarm);
        line.end();
        scored.rows++;
      } catch (const Error& error) {
        scored.failed += std::to_string(row) + ',';
        append_csv_cell(scored.failed, error.text());
        scored.failed += '\n';
        scored.failures++;
      }
    }
    return scored;
  }

 private:
  fs::path folder_;
  bool json_;
  BoundedPredictor predictor_;
};

}  // namespace

std::unique_ptr<ChunkScorer> file_scorer(const ScoreOptions& options) { return std::make_unique<FileScorer>(options); }

}  // namespace gyre
