#include "model/onnx/graph_template.hpp"

#include "base/error.hpp"
#include "model/onnx/proto.hpp"

namespace gyre {

struct GraphTemplate::Body {
  onnx::ModelProto model;
};

GraphTemplate::GraphTemplate(std::string_view model) : body_(std::make_unique<Body>()) {
  body_->model = parse_model(model);
}
GraphTemplate::~GraphTemplate() = default;
GraphTemplate::GraphTemplate(GraphTemplate&&) noexcept = default;

void GraphTemplate::set(std::string_view constant, const std::vector<double>& values) {
  for (auto& tensor : *body_->model.mutable_graph()->mutable_initializer()) {
    if (tensor.name() != constant || tensor.raw_data().size() != values.size() * sizeof(float)) continue;
    auto* to = reinterpret_cast<float*>(tensor.mutable_raw_data()->data());
    for (std::size_t i = 0; i < values.size(); i++) to[i] = static_cast<float>(values[i]);
    return;
  }
  throw Error(Code::internal, "the graph has no constant \"" + std::string(constant) + "\" of " +
                                  std::to_string(values.size()) + " numbers");
}

void GraphTemplate::describe(const Signature& signature) {
  metadata("gyre.signature", canonical(to_json(signature)));
  body_->model.set_doc_string(signature.about);
}

void GraphTemplate::metadata(std::string_view key, std::string value) {
  for (auto& entry : *body_->model.mutable_metadata_props())
    if (entry.key() == key) return entry.set_value(std::move(value));
  auto& entry = *body_->model.add_metadata_props();
  entry.set_key(std::string(key));
  entry.set_value(std::move(value));
}

std::string GraphTemplate::finish() const { return serialised(body_->model); }

}  // namespace gyre
