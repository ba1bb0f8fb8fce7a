#pragma once
// What a run took and made: data sets as clients describe them, and logged models.
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "track/runs.hpp"

namespace gyre {

struct DatasetInput {
  std::string name;
  std::string digest;
  std::string source_type;
  std::string source;
  std::optional<std::string> schema{};
  std::optional<std::string> profile{};
  Pairs tags{};
};
struct ModelOutput {
  std::string model;
  std::int64_t step = 0;
};
struct RunLinks {
  std::vector<DatasetInput> datasets;
  std::vector<std::string> input_models;
  std::vector<ModelOutput> output_models;
};

// The same data set twice is one input, with the tags of the first time.
void log_inputs(Workspace& workspace, const std::string& run, const std::vector<DatasetInput>& datasets,
                const std::vector<std::string>& models);
void log_outputs(Workspace& workspace, const std::string& run, const std::vector<ModelOutput>& models);

// By the runs' numbers; a run without links may be missing. A few queries for any number of runs.
std::unordered_map<std::int64_t, RunLinks> links_of(Workspace& workspace, std::span<const Run> runs);

// {"experiment_id","name","digest","context"} of all data sets of these experiments; context: the tag
// mlflow.data.context, when it has one.
json::array dataset_summaries(Workspace& workspace, const std::vector<std::int64_t>& experiments);

}  // namespace gyre
