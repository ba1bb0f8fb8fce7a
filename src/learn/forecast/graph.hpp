#pragma once
// A forecaster as an ONNX file: a window of the last values in, the next ones out. docs/many.md.
#include <map>
#include <string>

#include "base/json.hpp"
#include "learn/forecast/forecaster.hpp"
#include "model/onnx/graph_template.hpp"

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
// `golden` as pack_golden() gives it; may be empty.
std::string forecast_graph(const ForecastForm& form, const ForecastGraph& about, const json::value& lineage,
                           const std::string& golden = {});

// The same for one form after another, byte for byte, in a fraction of the time: graphs of one shape are built once.
// Target, covariates and lineage are those of the first.
class ForecastGraphs {
 public:
  std::string graph(const ForecastForm& form, const ForecastGraph& about, const json::value& lineage,
                    const std::string& golden);

 private:
  std::map<std::string, GraphTemplate> of_shape_;
};

// Forms of one shape have the same graph but for its constants.
std::string shape_of(const ForecastForm& form);

}  // namespace gyre
