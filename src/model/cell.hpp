#pragma once
// A table's cell as a value of a tensor.
#include <string>
#include <string_view>
#include <vector>

#include "model/tensor.hpp"

namespace gyre {

// Appends to `texts` when the type is text, else to `bytes`. A number that is missing (missing.hpp) is NaN.
// Error{invalid} names the column.
void append_cell(DataType type, std::string_view cell, std::string_view column, std::vector<std::byte>& bytes,
                 std::vector<std::string>& texts);

// For f32 and f64: what is beyond all measure is a hole, as in training.
void append_number(DataType type, double value, std::vector<std::byte>& bytes);

}  // namespace gyre
