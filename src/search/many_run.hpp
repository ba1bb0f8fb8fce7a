#pragma once
// All partitions of a table: learned from on every core, written in their order, taken up again where a killed run was.
#include <filesystem>
#include <map>
#include <optional>

#include "base/step.hpp"
#include "search/many_model.hpp"
#include "store/pack_file.hpp"

namespace gyre {

// What a run before left: a folder as ManyRun writes it.
class FormerRun {
 public:
  explicit FormerRun(const std::filesystem::path& folder);
  const PartitionResult* find(const std::vector<std::string>& keys) const;
  std::string model(const PartitionResult& result) const { return pack_.read(result.model); }
  const json::object& options() const { return options_; }
  const TimeGrid& grid() const { return grid_; }

 private:
  std::map<std::vector<std::string>, PartitionResult> results_;
  PackReader pack_;
  json::object options_;
  TimeGrid grid_;
};

struct ManyChoice {
  bool only_changed = false;  // keep what got no data
  bool only_drifted = false;  // keep what still forecasts as well as it did
  bool only_failed = false;   // keep all that there is a model of
};

struct ManyCounts {
  std::size_t learned = 0, kept = 0, failed = 0, drifted = 0, resumed = 0;
};

// How the old forecast did on values that came since, by the error that its back-test led to expect; 0: none came.
double drift_of(const PartitionResult& former, const Partition& now, const TimeGrid& grid);
inline constexpr double drifted_from = 2;

class ManyRun {
 public:
  ManyRun(const ManyPlan& plan, const SeriesTable& table, StepContext& context);
  void keep_from(const FormerRun& former, const ManyChoice& choice);
  // Writes models.pack and partitions.jsonl into the folder.
  std::vector<PartitionResult> run(const std::filesystem::path& folder);
  const ManyCounts& counts() const { return counts_; }

 private:
  struct Chunk {
    bool whole = true;
    std::vector<PartitionResult> results;
    std::string lines;  // of partitions.jsonl
    ManyCounts counts;
  };
  Chunk learn(std::size_t chunk);
  PartitionResult result_for(const Partition& partition, ManyCounts& counts, ForecastGraphs& graphs);
  void take_up();
  static std::string record_of(std::size_t number, const Chunk& chunk);
  void save(std::string records);

  const ManyPlan& plan_;
  const SeriesTable& table_;
  StepContext& context_;
  std::filesystem::path checkpoints_;
  const FormerRun* former_ = nullptr;
  ManyChoice choice_;
  ManyCounts counts_;
  GraphChecks checks_;
  std::map<std::size_t, Chunk> taken_up_;  // by number
  std::size_t checkpoint_files_ = 0;
};

}  // namespace gyre
