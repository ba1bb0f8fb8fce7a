#pragma once
// One partition's way from its history to a judged model: learners are compared by back-test, the best is fitted again
// to all of the history, written as an ONNX file and asked for the forecast.
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "learn/forecast/graph.hpp"
#include "learn/forecast/rolling_origin.hpp"
#include "model/tensor.hpp"
#include "search/many_table.hpp"

namespace gyre {

struct ManyPlan {
  SeriesColumns columns;
  std::vector<std::string> learners;  // in this order when they are equally good
  BackTestPlan test;
  Calendar calendar;
  json::object lineage;  // written into each model
};

struct PartitionResult {
  std::vector<std::string> keys;
  std::string data;     // digest of what it was learned from
  std::string trouble;  // why there is no model; then nothing below counts
  std::size_t points = 0, filled = 0;
  double first_time = 0;
  std::string learner, words;
  json::object scores;  // MASE of each learner that was tried
  std::size_t folds = 0;
  double mase = 0, smape = 0, rmse = 0, mae = 0;
  std::vector<double> forecast, band;  // 90 % of what comes lies within forecast -+ band; NaN: not known
  std::string model;                   // digest of the ONNX file
  double drift = 0;   // of one that got data: the old forecast's error by what its back-test led to expect
  std::string bytes;  // the ONNX file, until it is written
};

// Which graphs ONNX Runtime is asked for: the first of each shape and then one in some hundred, for all others differ
// from those in their constants alone. Shared by threads.
class GraphChecks {
 public:
  bool is_due(const std::string& shape) {
    std::lock_guard lock(mutex_);
    return seen_[shape]++ % every == 0;
  }

 private:
  static constexpr std::size_t every = 200;
  std::mutex mutex_;  // guards seen_
  std::map<std::string, std::size_t> seen_;
};

// `graphs`: of partitions that this thread learned from before, with the same plan.
PartitionResult learn_partition(const ManyPlan& plan, const Partition& partition, GraphChecks& checks,
                                ForecastGraphs& graphs);

// The last rows of a partition as a model takes them: [1, window (+ horizon where columns are known ahead), columns].
// `first_step`: the number of the partition's first value, counted from the first that was learned from.
Tensor window_of(const Partition& partition, std::size_t ahead, std::size_t window, std::size_t horizon,
                 std::int64_t first_step);

json::object to_json(const PartitionResult& result, const std::vector<std::string>& by);
PartitionResult partition_result_from(const json::value& value, const std::vector<std::string>& by);

}  // namespace gyre
