#include "search/stopping.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "base/field.hpp"

namespace gyre {

namespace {

struct PolicyOptions {
  std::string type;
  std::int64_t evaluation_interval = 1;
  std::int64_t delay_evaluation = 0;
  double slack_factor = 0;
  double slack_amount = 0;
  std::int64_t truncation_percentage = 10;
  bool exclude_finished_jobs = false;
  std::int64_t divisor = 3;
  std::int64_t max_rungs = 5;
};

const std::vector<Field> fields{
    field("type", &PolicyOptions::type, "which policy",
          {.choices = {"none", "bandit", "median", "median_stopping", "truncation", "truncation_selection", "asha"},
           .required = true}),
    field("evaluation_interval", &PolicyOptions::evaluation_interval, "look after every so many reports", {.min = 1}),
    field("delay_evaluation", &PolicyOptions::delay_evaluation, "but not before so many", {.min = 0}),
    field("slack_factor", &PolicyOptions::slack_factor, "bandit: share of the best figure", {.min = 0}),
    field("slack_amount", &PolicyOptions::slack_amount, "bandit: in the figure's unit", {.min = 0}),
    field("truncation_percentage", &PolicyOptions::truncation_percentage, "truncation: worst part of those that run",
          {.min = 1, .max = 99}),
    field("exclude_finished_jobs", &PolicyOptions::exclude_finished_jobs, "truncation: compare with what runs only"),
    field("divisor", &PolicyOptions::divisor, "asha: one in so many goes on", {.min = 2}),
    field("max_rungs", &PolicyOptions::max_rungs, "asha: how often is chosen", {.min = 1}),
};

json::object from_words(const std::string& words) {
  json::object object;
  auto open = words.find('(');
  object["type"] = words.substr(0, open);
  if (open == std::string::npos) return object;
  if (!words.ends_with(")"))
    throw Error(Code::invalid, "\"" + words + "\" is no policy", "write it like bandit(slack_factor=0.1)");
  std::string inside = words.substr(open + 1, words.size() - open - 2);
  for (std::size_t at = 0; at < inside.size();) {
    std::size_t comma = std::min(inside.find(',', at), inside.size()), equals = inside.find('=', at);
    if (equals >= comma)
      throw Error(Code::invalid, "\"" + words + "\" is no policy", "write it like bandit(slack_factor=0.1)");
    std::string name = inside.substr(at, equals - at);
    name.erase(0, std::min(name.find_first_not_of(' '), name.size()));
    object[name] = inside.substr(equals + 1, comma - equals - 1);
    at = comma + 1;
  }
  return object;
}

double best_of(const Curve& curve, std::size_t count) {
  return *std::max_element(curve.reports.begin(), curve.reports.begin() + static_cast<std::ptrdiff_t>(count));
}

bool bandit_stops(const StoppingPolicy& policy, bool minimise, const std::vector<Curve>& curves, std::size_t trial) {
  std::size_t count = curves[trial].reports.size();
  double top = -1e300;
  for (auto& curve : curves)
    if (curve.reports.size() >= count) top = std::max(top, best_of(curve, count));
  // Maximising: below top / (1 + factor); minimising: above top * (1 + factor).
  double slack = std::abs(top) * (minimise ? policy.slack_factor : policy.slack_factor / (1 + policy.slack_factor));
  return best_of(curves[trial], count) < top - std::max(slack, policy.slack_amount);
}

bool median_stops(const std::vector<Curve>& curves, std::size_t trial) {
  std::size_t count = curves[trial].reports.size();
  std::vector<double> averages;
  for (auto& curve : curves)
    if (curve.reports.size() >= count)
      averages.push_back(
          std::accumulate(curve.reports.begin(), curve.reports.begin() + static_cast<std::ptrdiff_t>(count), 0.0) /
          static_cast<double>(count));
  if (averages.size() < 3) return false;  // a median of two says nothing
  std::sort(averages.begin(), averages.end());
  std::size_t middle = averages.size() / 2;
  double median = averages.size() % 2 ? averages[middle] : (averages[middle - 1] + averages[middle]) / 2;
  return best_of(curves[trial], count) < median;
}

bool truncation_stops(const StoppingPolicy& policy, const std::vector<Curve>& curves, std::size_t trial) {
  std::size_t count = curves[trial].reports.size(), worse = 0, all = 0;
  double mine = curves[trial].reports[count - 1];
  for (auto& curve : curves) {
    if (curve.reports.size() < count || (policy.exclude_finished_jobs && curve.ended)) continue;
    all++;
    worse += curve.reports[count - 1] < mine;
  }
  auto cut = static_cast<std::size_t>(static_cast<double>(all) * policy.truncation_percentage / 100);
  return worse < cut;
}

// Rungs after interval, interval * divisor, interval * divisor^2 ... reports: who is not among the best goes.
bool asha_stops(const StoppingPolicy& policy, const std::vector<Curve>& curves, std::size_t trial) {
  std::size_t count = curves[trial].reports.size(), rung = policy.evaluation_interval;
  std::size_t level = 0;
  while (rung < count && ++level < policy.max_rungs) rung *= policy.divisor;
  if (rung != count) return false;
  std::size_t better = 0, reached = 0;
  double mine = best_of(curves[trial], count);
  for (auto& curve : curves) {
    if (curve.reports.size() < count) continue;
    reached++;
    better += best_of(curve, count) > mine;
  }
  return better >= std::max<std::size_t>(1, (reached + policy.divisor - 1) / policy.divisor);
}

}  // namespace

StoppingPolicy StoppingPolicy::from_json(const json::value& value) {
  if (value.is_null()) return {};
  if (!value.is_string() && !value.is_object())
    throw Error(Code::invalid, "early_termination is no policy", "for example {type: bandit, slack_factor: 0.1}");
  json::object object = value.is_string() ? from_words(std::string(value.get_string())) : value.get_object();
  auto options = from_fields<PolicyOptions>(fields, object, "early_termination");
  StoppingPolicy policy{.evaluation_interval = static_cast<std::size_t>(options.evaluation_interval),
                        .delay_evaluation = static_cast<std::size_t>(options.delay_evaluation),
                        .slack_factor = options.slack_factor,
                        .slack_amount = options.slack_amount,
                        .truncation_percentage = static_cast<double>(options.truncation_percentage),
                        .exclude_finished_jobs = options.exclude_finished_jobs,
                        .divisor = static_cast<std::size_t>(options.divisor),
                        .max_rungs = static_cast<std::size_t>(options.max_rungs)};
  policy.kind = options.type == "bandit"             ? StoppingKind::bandit
                : options.type.starts_with("median") ? StoppingKind::median
                : options.type.starts_with("trunca") ? StoppingKind::truncation
                : options.type == "asha"             ? StoppingKind::asha
                                                     : StoppingKind::none;
  return policy;
}

bool should_stop(const StoppingPolicy& policy, bool minimise, const std::vector<Curve>& curves, std::size_t trial) {
  std::size_t count = curves[trial].reports.size();
  if (policy.kind == StoppingKind::none || count == 0 || count <= policy.delay_evaluation) return false;
  if (policy.kind == StoppingKind::asha) return asha_stops(policy, curves, trial);
  if (count % policy.evaluation_interval != 0) return false;
  if (policy.kind == StoppingKind::bandit) return bandit_stops(policy, minimise, curves, trial);
  if (policy.kind == StoppingKind::median) return median_stops(curves, trial);
  return truncation_stops(policy, curves, trial);
}

}  // namespace gyre
