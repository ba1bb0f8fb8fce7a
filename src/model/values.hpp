#pragma once
// Values for models that take no file that people have: tensors by name, as JSON.
#include "model/session.hpp"

namespace gyre {

// {"x": [[1, 2, 3]]}: for each input its values, nested as its shape is. Sizes that are left out in front are 1.
std::vector<Tensor> named_tensors(const std::vector<TensorInfo>& inputs, std::string_view bytes,
                                  std::string_view where);

// The shortest decimal that reads back as the same float: 0.1, not 0.10000000149011612.
double shortest(double value);

json::value nested(const Tensor& tensor);  // numbers that JSON does not know are null

}  // namespace gyre
