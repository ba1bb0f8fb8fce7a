#pragma once
// Forecasts as a table: the columns of the partition, the time, the forecast and the band that holds 90 % of what
// comes.
#include <filesystem>

#include "search/many_model.hpp"

namespace gyre {

void write_forecasts(const std::filesystem::path& file, const SeriesColumns& columns, const TimeGrid& grid,
                     const std::vector<PartitionResult>& results, int threads);  // .csv or .parquet

}  // namespace gyre
