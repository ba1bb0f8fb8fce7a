#pragma once
// AutoML of one series: every learner of series is judged by rolling back-test, the best is fitted to the whole
// history.
#include <filesystem>
#include <string>

#include "base/json.hpp"
#include "search/many_model.hpp"

namespace gyre {

struct AutoForecast {
  std::string bytes;    // of the ONNX file
  json::object report;  // as of tables: leaderboard, members, scores; findings
};

AutoForecast find_forecaster(const std::filesystem::path& file, const std::string& name, ManyPlan plan, int threads);

}  // namespace gyre
