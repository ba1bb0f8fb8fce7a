#include "edge/module_runtime.hpp"

#include <unistd.h>

#include <chrono>
#include <cmath>
#include <optional>

#include "base/file.hpp"
#include "edge/input_folder.hpp"
#include "edge/series_window.hpp"
#include "model/predict.hpp"

namespace gyre {

namespace {

using Clock = std::chrono::steady_clock;

void write_line(const json::object& line) { write_all(STDOUT_FILENO, json::serialize(line) + "\n", "standard output"); }

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
    bool good = difference <= golden_tolerance;
    json::object line{{"ready", good}, {"golden", difference}};
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
      Answer answer = predictor_.predict(bytes, name);
      line["ms"] = milliseconds_since(start);
      line["answer"] = answer.to_json(predictor_.signature());
    } catch (const Error& error) {
      line["error"] = error.text();
    }
    write_line(line);
  }

 private:
  static constexpr double golden_tolerance = 1e-4;
  const ModuleOptions& options_;
  Predictor predictor_;
  std::optional<SeriesWindow> window_;
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
    }
    if (!stop) input.wait(500);
  }
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
