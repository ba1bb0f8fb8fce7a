#include "model/quantise.hpp"

#include "base/error.hpp"
#include "model/onnx/quantise_rewrite.hpp"
#include "model/session.hpp"

namespace gyre {

struct Quantiser::Body {
  onnx::ModelProto model;
  QuantisePlan plan;
  std::map<std::string, Range> ranges;
  std::map<std::string, Scale> scales;
  explicit Body(std::string_view bytes) : model(parse_model(bytes)), plan(model.graph()) {}
};

Quantiser::Quantiser(std::string_view model) : body_(std::make_unique<Body>(model)) {
  if (body_->plan.operators.empty())
    throw Error(Code::unsupported,
                "the model has no convolution or layer with constant weights: there is nothing to quantise",
                "boosted trees and the like are small and quick as they are");
}
Quantiser::~Quantiser() = default;
Quantiser::Quantiser(Quantiser&&) noexcept = default;
std::size_t Quantiser::operators() const { return body_->plan.operators.size(); }

void Quantiser::calibrate(const std::vector<Tensor>& inputs, const QuantiseOptions& options, int threads,
                          const Progress& progress) {
  auto& plan = body_->plan;
  // The same model, with the values in question given out as well.
  auto observed = body_->model;
  std::set<std::string> outside;
  for (auto& input : observed.graph().input()) outside.insert(input.name());
  observed.mutable_graph()->clear_output();
  for (auto& value : plan.values) {
    auto& output = *observed.mutable_graph()->add_output();
    output.set_name(value);
    output.mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
  }
  auto session = Session::from_bytes(serialised(observed), threads);
  auto pass = [&](std::size_t done, void (Range::*see)(std::span<const float>)) {
    for (auto& input : inputs) {
      auto outputs = session.run({input});
      for (std::size_t i = 0; i < outputs.size(); i++)
        (body_->ranges[session.outputs()[i].name].*see)(std::as_const(outputs[i]).as<float>());
      progress(++done, inputs.size() * 2);
    }
  };
  pass(0, &Range::see_ends);
  if (options.method == "percentile") pass(inputs.size(), &Range::see);
  for (auto& value : plan.values)
    body_->scales[value] = body_->ranges[value].scale(options.method == "percentile" ? options.percentile : 100);
  for (auto& value : plan.values)
    if (auto shared = plan.same_as.find(value); shared != plan.same_as.end())
      body_->scales[value] = body_->scales[shared->second];
}

std::string Quantiser::finish(const QuantiseOptions& options) const {
  return rewrite_in_integers(body_->model, body_->plan, body_->scales, options.narrow ? 63 : 127);
}

}  // namespace gyre
