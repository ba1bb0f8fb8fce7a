#include "nets/export.hpp"

#include <algorithm>

#include "model/session.hpp"

namespace gyre {

Exported finish_export(GraphBuilder& graph, const Signature& signature, const json::object& lineage,
                       const std::vector<Golden>& examples) {
  graph.describe(signature, lineage);
  Exported exported{graph.finish(), 0};
  Session session = Session::from_bytes(exported.bytes, 1);
  std::vector<Golden> golden;
  for (auto& example : examples) {
    std::vector<Tensor> answers = session.run(example.inputs);
    if (answers.size() != example.outputs.size())
      throw Error(Code::internal, "the ONNX graph gives " + std::to_string(answers.size()) + " outputs, the net " +
                                      std::to_string(example.outputs.size()));
    for (std::size_t i = 0; i < answers.size(); i++)
      exported.difference = std::max(exported.difference, largest_difference(answers[i], example.outputs[i]));
    if (golden.size() < 3) golden.push_back({example.inputs, std::move(answers)});
  }
  if (!(exported.difference <= most_difference))
    throw Error(Code::internal,
                "ONNX Runtime and libtorch disagree by " + std::to_string(exported.difference) + " on this model",
                "this is a fault of gyre: the model was not written");
  exported.bytes = with_metadata(exported.bytes, {{"gyre.golden", pack_golden(golden)}});
  return exported;
}

}  // namespace gyre
