#include "edge/module_runtime.hpp"

#include <unistd.h>

#include <chrono>
#include <cmath>
#include <optional>
#include <utility>

#include "base/file.hpp"
#include "base/process.hpp"
#include "edge/input_folder.hpp"
#include "edge/series_window.hpp"
#include "model/predict.hpp"
#include "model/sketch.hpp"

namespace gyre {

namespace {

using Clock = std::chrono::steady_clock;

void write_line(const json::object& line) { write_all(STDOUT_FILENO, canonical(line) + "\n", "standard output"); }

double milliseconds_since(Clock::time_point start) {
  double ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  return std::round(ms * 1000) / 1000;
}

class Module {
 public:
  explicit Module(const ModuleOptions& options) : options_(options), predictor_(options.model) {
    auto& signature = predictor_.signature();
    if (signature.takes == "series" && signature.samples > 0)
      window_.emplace(static_cast<std::size_t>(signature.samples));
  }

  // What the model answered when it was made must come again on this machine.
  bool ready() {
    double difference = predictor_.check_golden();
    bool good = difference <= predictor_.golden_tolerance();
    // Its memory too: a check of a few samples is over before anybody outside has looked.
    json::object line{{"ready", good}, {"golden", difference}, {"pss_mb", process_pss_mb(::getpid())}};
    if (!good) line["error"] = "the golden inputs get other answers here than when the model was made";
    write_line(line);
    return good;
  }

  void answer(const std::string& name, bool join_series) {
    auto start = Clock::now();
    json::object line{{"name", name}};
    try {
      std::string bytes = read_file(options_.input / name);
      if (join_series && window_) {
        auto joined = window_->add(bytes);
        if (!joined) {
          line["waiting"] = std::to_string(window_->have()) + " of " + std::to_string(window_->need()) + " rows";
          return write_line(line);
        }
        bytes = std::move(*joined);
      }
      Tensor input;
      Answer answer = predict(bytes, name, &input);
      line["ms"] = milliseconds_since(start);
      line["answer"] = answer.to_json(predictor_.signature());
      sketch_.add(predictor_.signature(), input, answer);
    } catch (const Error& error) {
      line["error"] = error.text();
    }
    write_line(line);
  }

  // Tells what was seen since the last time, when there is something and `seconds` have passed.
  void tell_sketch(double seconds) {
    if (sketch_.count == 0 || milliseconds_since(told_) < seconds * 1000) return;
    write_line({{"sketch", std::exchange(sketch_, {}).to_json()}});
    told_ = Clock::now();
  }

 private:
  // Predictor::predict, which keeps no input: the sketch needs it.
  Answer predict(std::string_view bytes, const std::string& name, Tensor* input) const {
    std::vector<std::string> notes;
    *input = predictor_.to_tensor(bytes, name, &notes);
    Answer answer = predictor_.to_answer(predictor_.session().run({*input}));
    answer.notes = std::move(notes);
    return answer;
  }

  const ModuleOptions& options_;
  Predictor predictor_;
  std::optional<SeriesWindow> window_;
  Sketch sketch_;
  Clock::time_point told_ = Clock::now();
};

}  // namespace

int run_module(const ModuleOptions& options, const std::atomic<bool>& stop) {
  Module module(options);
  if (!module.ready()) return row_of(Code::invalid).exit_code;
  InputFolder input(options.input);
  while (!stop) {
    for (auto& name : input.fresh()) {
      if (stop) break;
      module.answer(name, /*join_series=*/true);
      module.tell_sketch(options.sketch_seconds);
    }
    module.tell_sketch(options.sketch_seconds);
    if (!stop) input.wait(500);
  }
  module.tell_sketch(0);
  return 0;
}

int check_module(const ModuleOptions& options, const std::atomic<bool>& stop) {
  Module module(options);
  if (!module.ready()) return row_of(Code::invalid).exit_code;
  for (auto& file : files_below(options.input)) {
    if (stop) return row_of(Code::cancelled).exit_code;
    module.answer(file.string(), /*join_series=*/false);
  }
  return 0;
}

}  // namespace gyre
