#include "model/onnx/inner_value.hpp"

#include "model/onnx/proto.hpp"

namespace gyre {

std::string with_inner_value(std::string_view model, const std::string& value) {
  auto proto = parse_model(model);
  describe_value(*proto.mutable_graph()->add_output(), value, DataType::f32, {-1, -1});
  return serialised(proto);
}

}  // namespace gyre
