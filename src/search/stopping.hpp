#pragma once
// Whether a trial that runs is worth going on with, by what trials reported so far.
#include <string>
#include <vector>

#include "base/json.hpp"

namespace gyre {

enum class StoppingKind { none, bandit, median, truncation, asha };

struct StoppingPolicy {
  StoppingKind kind = StoppingKind::none;
  std::size_t evaluation_interval = 1;  // looked at after every so many reports
  std::size_t delay_evaluation = 0;     // but not before so many
  double slack_factor = 0;              // bandit: of the best trial's figure
  double slack_amount = 0;              // bandit: in the figure's own unit
  double truncation_percentage = 10;    // truncation: the worst of those that run
  bool exclude_finished_jobs = false;
  std::size_t divisor = 3;    // asha: one in so many goes on
  std::size_t max_rungs = 5;  // asha

  // {"type": "bandit", "slack_factor": 0.1, ...} or "bandit(slack_factor=0.1)".
  static StoppingPolicy from_json(const json::value& value);
};

// What a trial reported, the higher the better; of a metric that is to be small: its negative.
struct Curve {
  std::vector<double> reports;
  bool ended = false;
};

// Looked at after each report of `trial`.
bool should_stop(const StoppingPolicy& policy, bool minimise, const std::vector<Curve>& curves, std::size_t trial);

}  // namespace gyre
