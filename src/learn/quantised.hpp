#pragma once
// A quantised model as a whole: what it says of itself, its golden answers, and how it compares with the float model.
#include "base/step.hpp"
#include "data/dataset.hpp"
#include "model/quantise.hpp"

namespace gyre {

// Calibrates on samples of the training side and gives the finished file's bytes.
std::string quantised_model(const std::filesystem::path& model, const Dataset& samples, std::size_t most,
                            const QuantiseOptions& options, const json::object& lineage, StepContext& context);

// Both on the same samples: {"samples","agreement","accuracy","float_accuracy"} for a classifier with labels, without
// them the first two; {"samples","difference"} for others: the mean difference, as a share of the mean size.
// `speed_up`: the float model's median time over the quantised one's, one thread, in turn.
json::object compare_models(const std::filesystem::path& before, const std::string& after, const Dataset& samples,
                            StepContext& context, double* speed_up);

}  // namespace gyre
