#pragma once
// Rows of a table, as people have them in a file, as the inputs of a model that takes a table: one input for each
// column, or one of all that the signature names; found by their names in any case.
#include <string>
#include <string_view>
#include <vector>

#include "model/session.hpp"

namespace gyre {

struct TableRows {
  std::vector<Tensor> inputs;  // each [rows, 1] or [rows, columns]
  std::size_t rows = 0;
};

// CSV with a header (divided by ',', ';', tab or '|'), or JSON: an object a line, or a list of objects. Error{invalid}
// names the row and the column.
TableRows table_rows(const Signature& signature, const std::vector<TensorInfo>& inputs, std::string_view bytes,
                     std::string_view where);

// One row of outputs that have a row for each of the inputs.
std::vector<Tensor> row_of(const std::vector<Tensor>& outputs, std::size_t row, std::size_t rows);

}  // namespace gyre
