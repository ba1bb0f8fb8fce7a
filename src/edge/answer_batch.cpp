#include "edge/answer_batch.hpp"

#include <algorithm>
#include <cmath>

namespace gyre {

double percentile_of(std::vector<double> values, double percent) {
  if (values.empty()) return 0;
  auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(values.size())));
  auto at = values.begin() + static_cast<std::ptrdiff_t>(std::clamp<std::size_t>(rank, 1, values.size()) - 1);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

bool is_uncertain(const json::value& answer, double below) {
  auto* alarm = find(answer, "alarm");
  if (alarm && alarm->is_bool() && alarm->get_bool()) return true;
  auto confidence = find_number(answer, "confidence");
  return confidence && *confidence < below;
}

void AnswerBatch::add(const json::object& line, std::int64_t now_ms) {
  if (from_ == 0) from_ = now_ms;
  to_ = now_ms;
  std::string name = get_string(line, "name");
  files_.push_back(name);
  if (line.contains("error")) errors_++;
  auto* answer = line.if_contains("answer");
  if (!answer || !answer->is_object()) return;
  milliseconds_.push_back(find_number(line, "ms").value_or(0));
  json::object item{{"name", name}};
  for (auto* key : {"label", "confidence", "score", "alarm", "value"})
    if (auto* value = find(*answer, key)) item[key] = *value;
  if (auto label = find_string(*answer, "label")) labels_[*label]++;
  if (auto* alarm = find(*answer, "alarm"); alarm && alarm->is_bool() && alarm->get_bool()) alarms_++;
  items_.push_back(std::move(item));
}

json::value AnswerBatch::body() const {
  if (items_.empty() && errors_ == 0 && sketch_.is_null()) return nullptr;
  json::object labels;
  for (auto& [label, count] : labels_) labels[label] = count;
  json::object body{{"count", items_.size()},
                    {"labels", labels},
                    {"latency_ms", {percentile_of(milliseconds_, 50), percentile_of(milliseconds_, 99)}},
                    {"from", from_},
                    {"to", to_},
                    {"alarms", alarms_},
                    {"errors", errors_},
                    {"items", items_}};
  if (!sketch_.is_null()) body["sketch"] = sketch_;
  return body;
}

}  // namespace gyre
