#include <mutex>
#include <optional>
#include <set>

#include "base/file.hpp"
#include "model/engine.hpp"
#include "model/predict.hpp"
#include "serve/score_rows.hpp"

namespace gyre {

namespace {

// The engine plans its memory for each shape that it is given, and keeps the plan. Pictures may have any number of
// sizes: those that come late are answered by a predictor, which keeps nothing.
class BoundedModel {
 public:
  explicit BoundedModel(const fs::path& model)
      : path_(model),
        written_(fs::last_write_time(model)),
        engine_(model),
        signature_(checked_signature(engine_.metadata(), engine_.inputs(), engine_.outputs(), model)) {
    for (std::size_t i = 0; i < engine_.outputs().size(); i++) all_outputs_.push_back(i);
  }
  const Signature& signature() const { return signature_; }
  std::vector<Tensor> to_tensors(std::string_view bytes, const std::string& where) const {
    std::vector<std::string> notes;
    return sample_tensors(signature_, engine_.inputs(), bytes, where, &notes);
  }
  // The predictor, for inputs that memory is not planned for. What it throws concerns all rows.
  const Predictor* late(const std::vector<Tensor>& inputs) const {
    std::vector<std::vector<std::int64_t>> shapes;
    for (auto& input : inputs) shapes.push_back(input.shape);
    std::lock_guard lock(mutex_);
    if (shapes_.contains(shapes)) return nullptr;
    if (shapes_.size() < most_shapes) {
      shapes_.insert(std::move(shapes));
      return nullptr;
    }
    if (!late_ && fs::last_write_time(path_) != written_)
      throw Error(Code::conflict, path_.string() + " was written while it was used", "start again");
    if (!late_) late_.emplace(path_);
    return &*late_;
  }
  Answer predict(const std::vector<Tensor>& inputs, const Predictor* late, const std::string& where) const {
    if (late) return late->predict(inputs, where);
    try {
      std::vector<TensorView> views;
      for (auto& input : inputs)
        views.push_back({input.type, input.shape, input.bytes, {input.texts.begin(), input.texts.end()}});
      auto given = engine_.run(views, all_outputs_);
      std::vector<Tensor> outputs;
      for (auto& output : given.outputs) outputs.push_back(copy_of(output));
      return answer_from(signature_, engine_.outputs(), outputs);
    } catch (const Error& error) {
      throw Error(error.code, where + ": " + error.text(), error.hint);
    }
  }

 private:
  static constexpr std::size_t most_shapes = 1000;
  fs::path path_;
  fs::file_time_type written_;
  ModelEngine engine_;
  Signature signature_;
  std::vector<std::size_t> all_outputs_;
  mutable std::mutex mutex_;  // guards what follows
  mutable std::set<std::vector<std::vector<std::int64_t>>> shapes_;
  mutable std::optional<Predictor> late_;
};

// Pictures, sounds and series, each answered as `gyre predict` answers it.
class FileScorer final : public ChunkScorer {
 public:
  explicit FileScorer(const ScoreOptions& options)
      : folder_(options.data), json_(options.out.extension() == ".jsonl"), model_(options.model) {}

  std::vector<AnswerColumn> columns() const override {
    auto& task = model_.signature().task;
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
    for (std::string_view rest = chunk.records; !rest.empty(); row++) {
      auto end = rest.find('\n');
      std::string name(rest.substr(0, end));
      rest.remove_prefix(end + 1);
      auto fail = [&](const Error& error) {
        scored.failed += std::to_string(row) + ',';
        append_csv_cell(scored.failed, error.text());
        scored.failed += '\n';
        scored.failures++;
      };
      std::vector<Tensor> inputs;
      try {
        inputs = model_.to_tensors(read_file(folder_ / name), name);
      } catch (const Error& error) {
        fail(error);
        continue;
      }
      auto* late = model_.late(inputs);
      try {
        add_line(scored, name, model_.predict(inputs, late, name));
      } catch (const Error& error) {
        fail(error);
      }
    }
    return scored;
  }

 private:
  void add_line(ScoredChunk& scored, const std::string& name, const Answer& answer) const {
    auto& task = model_.signature().task;
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
  }
  fs::path folder_;
  bool json_;
  BoundedModel model_;
};

}  // namespace

std::unique_ptr<ChunkScorer> file_scorer(const ScoreOptions& options) { return std::make_unique<FileScorer>(options); }

}  // namespace gyre
