#include "model/sketch.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace gyre {

namespace {

constexpr double smallest = 1e-9, largest = 1e12;
const double width = std::log(1.02);

// 0 for zero, 1 .. for growing positive values, -1 .. for growing negative ones.
int bin_of(double value) {
  double size = std::min(std::abs(value), largest);
  if (size < smallest) return 0;
  int bin = 1 + static_cast<int>(std::floor(std::log(size / smallest) / width));
  return value < 0 ? -bin : bin;
}
constexpr int most_bin = 2500;

}  // namespace

void Histogram::add(double value) {
  if (!std::isfinite(value)) {
    missing_++;
    return;
  }
  count_++;
  sum_ += value;
  squares_ += value * value;
  bins_[bin_of(value)]++;
}

void Histogram::merge(const Histogram& other) {
  count_ += other.count_;
  missing_ += other.missing_;
  sum_ += other.sum_;
  squares_ += other.squares_;
  for (auto [bin, count] : other.bins_) bins_[bin] += count;
}

double Histogram::deviation() const {
  if (count_ < 2) return 0;
  return std::sqrt(std::max(0.0, squares_ / double(count_) - mean() * mean()));
}

json::object Histogram::to_json() const {
  json::array bins;
  for (auto [bin, count] : bins_) bins.push_back({bin, count});
  return {{"sum", sum_}, {"squares", squares_}, {"missing", missing_}, {"bins", std::move(bins)}};
}

Histogram Histogram::from_json(const json::value& value) {
  Histogram result;
  result.sum_ = get_number(value, "sum");
  result.squares_ = get_number(value, "squares");
  result.missing_ = get_int(value, "missing");
  auto* bins = find(value, "bins");
  auto bad = [] { return Error(Code::invalid, "a sketch with bins that are no [bin, count] pairs"); };
  if (!bins || !bins->is_array() || result.missing_ < 0) throw bad();
  for (auto& item : bins->get_array()) {
    if (!item.is_array() || item.get_array().size() != 2) throw bad();
    auto *bin = item.get_array()[0].if_int64(), *count = item.get_array()[1].if_int64();
    if (!bin || !count || *count < 0 || *count > 1'000'000'000'000 || std::abs(*bin) > most_bin) throw bad();
    result.bins_[static_cast<int>(*bin)] += *count;
    result.count_ += *count;
  }
  return result;
}

void Sketch::add(const Signature& signature, const Tensor& input, const Answer& answer) {
  count++;
  alarms += answer.alarm;
  if (signature.task == "classify") {
    labels[answer.label]++;
    features["confidence"].add(answer.confidence);
  }
  if (answer.has_score) features["score"].add(answer.score);
  if (signature.task == "regress") features["value"].add(answer.value);
  for (auto& [name, value] : features_of(signature, input)) features[name].add(value);
}

void Sketch::merge(const Sketch& other) {
  count += other.count;
  alarms += other.alarms;
  for (auto& [label, times] : other.labels) labels[label] += times;
  for (auto& [name, histogram] : other.features) features[name].merge(histogram);
}

json::object Sketch::to_json() const {
  json::object all;
  for (auto& [name, histogram] : features) all[name] = histogram.to_json();
  return {{"version", 1},
          {"count", count},
          {"alarms", alarms},
          {"labels", json::value_from(labels)},
          {"features", std::move(all)}};
}

Sketch Sketch::from_json(const json::value& value) {
  if (auto version = get_int(value, "version"); version != 1)
    throw Error(Code::unsupported, "a sketch of version " + std::to_string(version), "this program reads version 1");
  Sketch result;
  result.count = get_int(value, "count");
  result.alarms = get_int(value, "alarms");
  auto members = [&](std::string_view key) -> const json::object& {
    auto* member = find(value, key);
    if (!member || !member->is_object())
      throw Error(Code::invalid, "a sketch without an object \"" + std::string(key) + "\"");
    return member->get_object();
  };
  for (auto& member : members("labels")) {
    auto* times = member.value().if_int64();
    if (!times || *times < 0) throw Error(Code::invalid, "a sketch with a label's count that is no count");
    result.labels[std::string(member.key())] = *times;
  }
  for (auto& member : members("features"))
    result.features[std::string(member.key())] = Histogram::from_json(member.value());
  if (result.count < 0 || result.alarms < 0) throw Error(Code::invalid, "a sketch with a count below zero");
  return result;
}

}  // namespace gyre
