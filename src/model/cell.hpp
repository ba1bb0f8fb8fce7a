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

}  // namespace gyre
