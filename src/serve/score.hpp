#pragma once
// Scoring of whole data sets: all cores, bounded memory, and nothing lost or done twice when it is killed and started
// again.
//
// OUT.part and OUT.failed.part grow; OUT.job says how far both are durable, for which model, data and options. A job
// that is started again cuts both to what OUT.job says and goes on there. The text of a chunk depends on nothing but
// the chunk, so an interrupted job ends with the bytes of an undisturbed one. A Parquet file is made of OUT.part when
// that is complete.
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace gyre {

struct ScoreOptions {
  std::filesystem::path model;
  std::filesystem::path data;     // .csv, .jsonl, .parquet, or a folder of pictures, sounds or series
  std::filesystem::path out;      // .csv, .jsonl or .parquet
  std::vector<std::string> keep;  // columns of the data that the output repeats
  std::size_t threads = 0;        // 0: all cores
  std::size_t batch = 0;          // rows of one run; 0: chosen
  bool fresh = false;             // forget an interrupted job
};

struct ScoreProgress {
  double share = 0;  // of the data that is done
  std::int64_t rows = 0;
  std::int64_t failed = 0;
  double seconds = 0;  // of this run
  double left = 0;     // seconds; 0: not known yet
};

struct ScoreResult {
  std::int64_t rows = 0;    // answered
  std::int64_t failed = 0;  // in OUT.failed.csv, with the reason
  bool resumed = false;
};
ScoreResult score(const ScoreOptions& options, const std::function<void(const ScoreProgress&)>& progress);

}  // namespace gyre
