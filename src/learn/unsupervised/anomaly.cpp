#include "learn/unsupervised/anomaly_model.hpp"

#include <cmath>
#include <map>

#include "base/error.hpp"
#include "learn/metrics.hpp"
#include "learn/scores.hpp"

namespace gyre {

const Learner& anomaly_learner(const std::string& name) {
  for (auto* learner : {&anomaly_principal_components, &anomaly_nearest_centre})
    if (learner->name == name) return *learner;
  return anomaly_isolation_forest;
}

double alarm_threshold(std::vector<double> scores, double alarms) {
  return std::nextafter(static_cast<float>(quantile(std::move(scores), 1 - alarms)), HUGE_VALF);
}

OddRows odd_rows(const Table& table, const std::string& name, const std::string& odd) {
  auto& column = table.get(name);
  std::map<std::string, std::size_t> counts;
  for (std::size_t i = 0; i < column.rows(); i++) counts[column.text(i)]++;
  std::string list;
  for (auto& [label, count] : counts)
    if (counts.size() <= 20) list += (list.empty() ? "" : ", ") + ("\"" + label + "\"");
  OddRows result{odd, {}};
  if (odd.empty()) {
    if (counts.size() != 2)
      throw Error(Code::invalid,
                  table.name + ": column \"" + column.name + "\" has " + std::to_string(counts.size()) +
                      " labels, so it does not say which rows are odd",
                  "--odd LABEL names the one that does" + (list.empty() ? "" : "; there are: " + list));
    auto first = counts.begin(), second = std::next(first);
    result.label = first->second < second->second ? first->first : second->first;
  } else if (!counts.contains(odd)) {
    throw Error(Code::invalid, table.name + ": no row has \"" + odd + "\" in the column \"" + column.name + "\"",
                list.empty() ? "" : "there are: " + list);
  }
  for (std::size_t i = 0; i < column.rows(); i++) result.odd.push_back(column.text(i) == result.label);
  return result;
}

json::object anomaly_scores(std::span<const double> scores, double threshold, const OddRows* odd) {
  Binary binary;
  std::vector<double> of_odd, of_usual, both, truth;
  std::size_t alarms = 0;
  for (std::size_t i = 0; i < scores.size(); i++) {
    bool alarm = scores[i] >= threshold;
    alarms += alarm;
    if (!odd) continue;
    (odd->odd[i] ? of_odd : of_usual).push_back(scores[i]);
    (odd->odd[i] ? alarm ? binary.true_positive : binary.false_negative
     : alarm     ? binary.false_positive
                 : binary.true_negative)++;
    truth.push_back(odd->odd[i]);
    both.push_back(-scores[i]);
    both.push_back(scores[i]);
  }
  json::object result{{"alarms", static_cast<double>(alarms) / static_cast<double>(scores.size())},
                      {"median_score", quantile({scores.begin(), scores.end()}, 0.5)}};
  if (of_odd.empty() || of_usual.empty()) return result;
  result["auc"] = roc_auc(of_odd, of_usual);
  result["average_precision"] = average_precision(Judged{.truth = truth, .probabilities = both, .classes = 2}, 1);
  result["precision"] = binary.precision();
  result["recall"] = binary.recall();
  result["f1"] = binary.f1();
  return result;
}

}  // namespace gyre
