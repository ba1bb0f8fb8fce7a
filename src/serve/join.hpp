#pragma once
// Several requests as one batch, and the batch's answer as theirs.
#include <vector>

#include "serve/infer.hpp"

namespace gyre {

// The inputs of all tasks one below the other; `memory` holds the bytes.
std::vector<TensorView> joined_inputs(const std::vector<TaskPointer>& batch,
                                      std::vector<std::vector<std::byte>>& memory);
// Gives each task its rows of each output. Error{internal} when an output does not have a row for each.
void share_out(const std::vector<TensorView>& outputs, const std::vector<TaskPointer>& batch);

// The `classes` largest values of each row (of the whole tensor when it has no rows) as "value:index[:label]".
struct Classified {
  std::vector<std::string> texts;
  std::vector<std::int64_t> shape;
};
Classified classify(const TensorView& tensor, std::size_t classes, bool rows, const std::vector<std::string>& labels);

}  // namespace gyre
