#include "base/file.hpp"
#include "model/predict.hpp"
#include "serve/score_rows.hpp"

namespace gyre {

namespace {

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
  Predictor predictor_;
};

}  // namespace

std::unique_ptr<ChunkScorer> file_scorer(const ScoreOptions& options) { return std::make_unique<FileScorer>(options); }

}  // namespace gyre
