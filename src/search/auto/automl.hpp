#pragma once
// From a table and a target to the best ensemble that a budget allows.
#include <functional>
#include <memory>
#include <string>

#include "learn/history.hpp"
#include "search/auto/race.hpp"

namespace gyre {

struct AutoRequest {
  std::string metric = "auto";
  std::size_t folds = 0;  // 0: as many as usual for so many rows
  int threads = 1;
  std::uint64_t seed = 1;
  double began = 0;       // of seconds_since_start(): with the process, unless told
  double budget = 60;     // seconds, from `began` until the model is written; half of them at least are for the search
  double latency_ms = 0;  // of one row on one core; 0: any
  double megabytes = 0;   // of the file; 0: as many as are sensible
  std::size_t most_candidates = 1000;
  std::vector<std::size_t> groups{};    // each row's, where rows of one group are alike; may be empty
  const RowHistory* history = nullptr;  // that the table's columns are features of
};

// What a long work tells while it goes on.
struct AutoEvents {
  std::function<bool()> stop;  // Ctrl-C: end with the best so far
  std::function<void(const std::string&)> say;
  std::function<void(double score, std::int64_t number)> scored;
  std::function<void(double share, const std::string& what)> progress;
};

struct AutoOutcome {
  TableExport exported;
  json::object report;  // without what the caller knows better: title, guardrails, findings
};

AutoOutcome find_model(const Table& table, const Target& target, const AutoRequest& request,
                       const json::object& lineage, const AutoEvents& events);

}  // namespace gyre
