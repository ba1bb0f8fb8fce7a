#pragma once
// What is found out about a model by running it on made-up inputs.
#include "model/engine.hpp"
#include "serve/model_config.hpp"

namespace gyre {

// Zeros or random numbers; free sizes are `rows` at first and 1 behind, or as `given` says. Bytes lie in `memory`.
std::vector<TensorView> made_up_inputs(const ModelEngine& engine, std::size_t rows, bool random, const WarmUp* given,
                                       std::vector<std::vector<std::byte>>& memory);
std::vector<std::size_t> all_outputs(const ModelEngine& engine);

// Whether every first size is free. Requests can be joined when rows are also independent: each row's answer is its
// own. A model may as well take a sequence there.
bool has_free_rows(const ModelEngine& engine);
bool rows_are_independent(const ModelEngine& engine);

// What one row takes, the best of a few runs; 0 where it depends on sizes that are free, or nothing could be run.
std::uint64_t row_nanoseconds(const ModelEngine& engine);

}  // namespace gyre
