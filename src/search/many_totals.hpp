#pragma once
// The totals of a run: sums over partitions, by the first columns that tell them apart, as further rows of forecasts.
#include "base/step.hpp"
#include "search/many_model.hpp"

namespace gyre {

inline const std::vector<std::string> reconcile_choices{"none", "bottom-up", "ols"};

// Adds a result for each total, its keys filled up with "" ("all of them"), and, with "ols", learns a forecast of each
// total and moves all forecasts the least so that they add up. Partitions without a model, or whose history ends before
// that of most, are in no total; it is said.
void add_totals(const std::string& how, const ManyPlan& plan, const SeriesTable& table,
                std::vector<PartitionResult>& results, StepContext& context);

}  // namespace gyre
