#include "base/error.hpp"
#include "model/own_kernels.hpp"
#include "model/own_operators.hpp"

namespace gyre {

namespace {

ForestParts parts_of(const Ort::ConstKernelInfo& info) {
  auto ints = [&](const char* name) { return info.GetAttributes<std::int64_t>(name); };
  // ONNX Runtime knows an attribute that was left out from no other mistake.
  auto optional = [&](const char* name, auto&& list) {
    try {
      list = info.GetAttributes<typename std::decay_t<decltype(list)>::value_type>(name);
    } catch (const Ort::Exception&) {
      list.clear();
    }
  };
  ForestParts parts;
  parts.trees = ints("nodes_treeids");
  parts.nodes = ints("nodes_nodeids");
  parts.features = ints("nodes_featureids");
  parts.modes = ints("nodes_modes");
  parts.true_nodes = ints("nodes_truenodeids");
  parts.false_nodes = ints("nodes_falsenodeids");
  parts.thresholds = info.GetAttributes<float>("nodes_values");
  optional("nodes_missing_value_tracks_true", parts.missing_is_true);
  parts.weight_trees = ints("target_treeids");
  parts.weight_nodes = ints("target_nodeids");
  parts.weight_targets = ints("target_ids");
  parts.weights = info.GetAttributes<float>("target_weights");
  optional("base_values", parts.base);
  parts.targets = info.GetAttribute<std::int64_t>("n_targets");
  return parts;
}

class ForestKernel {
 public:
  explicit ForestKernel(const Ort::ConstKernelInfo& info) : forest_(parts_of(info)) {}
  OrtStatusPtr ComputeV2(OrtKernelContext* raw) {
    return guarded([&] {
      Ort::KernelContext context(raw);
      auto rows = context.GetInput(0);
      auto shape = rows.GetTensorTypeAndShapeInfo().GetShape();
      if (shape.size() != 2) throw Error(Code::invalid, "trees take rows: a tensor of two dimensions");
      std::vector<std::int64_t> wanted{shape[0], static_cast<std::int64_t>(forest_.targets())};
      auto sums = context.GetOutput(0, wanted);
      forest_.run(rows.GetTensorData<float>(), static_cast<std::size_t>(shape[0]), static_cast<std::size_t>(shape[1]),
                  sums.GetTensorMutableData<float>());
    });
  }

 private:
  Forest forest_;
};

}  // namespace

const OrtCustomOp* forest_kernel() {
  static const OwnOperator<ForestKernel, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, 1> forest(forest_operator);
  return &forest;
}

}  // namespace gyre
