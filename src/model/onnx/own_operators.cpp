#include "model/own_operators.hpp"

#include "model/onnx/rewrite.hpp"

namespace gyre {

// Most models are left as they are: what they lack is seen without reading all of them. Pictures come in front of
// models that Gyre made or imported.
static bool may_have_any(std::string_view model) {
  return model.find("TreeEnsembleRegressor") != std::string_view::npos ||
         model.find("gyre.signature") != std::string_view::npos;
}

std::optional<std::string> with_own_operators(std::string_view model) {
  if (!may_have_any(model)) return std::nullopt;
  auto proto = parse_model(model);
  auto& graph = *proto.mutable_graph();
  bool forests = rewrite_forests(graph), pictures = rewrite_pictures(graph);
  if (!forests && !pictures) return std::nullopt;
  auto& domain = *proto.add_opset_import();
  domain.set_domain(own_domain);
  domain.set_version(1);
  return serialised(proto);
}

}  // namespace gyre
