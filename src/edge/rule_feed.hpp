#pragma once
// Telemetry on its way to a module: raw CSV files from a driver go through a stream rule, and the events of each window
// become a CSV file in the module's own input folder.
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "edge/input_folder.hpp"
#include "model/rules.hpp"

namespace gyre {

class RuleFeed {
 public:
  RuleFeed(Rule rule, std::filesystem::path raw, std::filesystem::path clean);
  // Takes what came in. A raw file is removed when its windows are closed and their events are on the disk: a kill
  // in between repeats at most the windows that were open. Files that are no telemetry are given back by name.
  std::vector<std::string> pump();
  std::int64_t late() const { return late_; }  // since the last take_counts
  std::int64_t dropped() const { return dropped_; }
  void take_counts();

 private:
  struct Raw {
    std::filesystem::path file;
    double last_time;
  };
  void feed(const std::string& name);
  void write_events(double when);
  void remove_closed();

  Rule rule_;
  InputFolder raw_;
  std::filesystem::path clean_;
  std::vector<std::string> columns_;  // of the raw files, without time
  std::unique_ptr<RuleEngine> engine_;
  RuleCounts counted_;
  std::vector<Row> events_;
  std::vector<Raw> open_;
  double newest_ = 0;         // time of the newest reading
  double closed_before_ = 0;  // readings before it were used by an earlier agent; kept in <clean>/.closed
  std::int64_t late_ = 0, dropped_ = 0;
};

}  // namespace gyre
