#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "model/predict.hpp"

namespace gyre {

double Predictor::check_golden() const {
  auto text = session_.metadata().find("gyre.golden");
  if (text == session_.metadata().end())
    throw Error(Code::invalid, "the model has no golden answers inside",
                "train it again, or `gyre model check` cannot tell");
  double largest = 0;
  for (auto& golden : unpack_golden(text->second)) {
    auto outputs = session_.run(golden.inputs);
    if (outputs.size() != golden.outputs.size()) return std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < outputs.size(); i++)
      largest = std::max(largest, largest_difference(outputs[i], golden.outputs[i]));
  }
  return largest;
}

double Predictor::golden_tolerance() const {
  auto found = session_.metadata().find("gyre.tolerance");
  return found == session_.metadata().end() ? 1e-4 : parse_json(found->second, "gyre.tolerance").to_number<double>();
}

}  // namespace gyre
