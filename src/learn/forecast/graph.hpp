#pragma once
// A forecaster as an ONNX file: a window of the last values in, the next ones out. docs/many.md.
#include <string>

#include "base/json.hpp"
#include "learn/forecast/forecaster.hpp"

namespace gyre {

struct ForecastGraph {
  std::string target;                   // the column that is forecast
  std::vector<std::string> covariates;  // those that are known ahead
  std::int64_t last_step = 0;           // the number of the last step that was learned from; the first is 0
  std::string about;
};

// Input "series" f32 [1, window (+ horizon), columns]: the target, the columns known ahead, "step" (the row's number
// since the first value that was learned from). With columns known ahead, rows of the horizon follow those of the
// window; their target is not looked at. Output "forecast" f32 [horizon].
std::string forecast_graph(const ForecastForm& form, const ForecastGraph& about, const json::value& lineage);

}  // namespace gyre
