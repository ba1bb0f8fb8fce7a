#pragma once
// AutoML of what is odd: every learner of usual rows is tried, and the best is learned from all rows.
#include <functional>
#include <string>

#include "learn/unsupervised/anomaly.hpp"

namespace gyre {

struct AnomalyRequest {
  int threads = 1;
  std::uint64_t seed = 1;
  std::function<bool()> stop;
  std::function<void(const std::string&)> say;
};

struct AutoAnomaly {
  std::string bytes;    // of the ONNX file
  json::object report;  // as of tables: leaderboard, members, scores; findings
};

// `odd`: which rows are, to judge by, never to learn from; or nullptr. Then a learner is judged by whether it says the
// same of rows when it has learned from others.
AutoAnomaly find_anomaly_model(const Table& table, const OddRows* odd, const AnomalyRequest& request,
                               const json::object& lineage);

}  // namespace gyre
