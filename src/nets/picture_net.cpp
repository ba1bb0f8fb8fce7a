#include "nets/picture_net.hpp"

namespace gyre {

namespace {

torch::Tensor halve(const torch::Tensor& input) { return torch::max_pool2d(input, 3, 2, 1); }

std::string write_halve(GraphBuilder& graph, const std::string& input) {
  using Integers = std::vector<std::int64_t>;
  return graph.node("MaxPool", {input},
                    {{"kernel_shape", Integers{3, 3}}, {"strides", Integers{2, 2}}, {"pads", Integers{1, 1, 1, 1}}});
}

}  // namespace

const PictureShape& squeezenet_1_1() {
  auto fire = [](int squeeze, int expand) { return PictureLayer{PictureLayer::fire, expand, 1, squeeze}; };
  static const PictureLayer pool{PictureLayer::pool};
  static const PictureShape shape{{{PictureLayer::convolution, 64, 2},
                                   pool,
                                   fire(16, 64),
                                   fire(16, 64),
                                   pool,
                                   fire(32, 128),
                                   fire(32, 128),
                                   pool,
                                   fire(48, 192),
                                   fire(48, 192),
                                   fire(64, 256),
                                   fire(64, 256)}};
  return shape;
}

const PictureShape& small_net() {
  auto convolution = [](int out, int stride) { return PictureLayer{PictureLayer::convolution, out, stride}; };
  static const PictureShape shape{{convolution(16, 2), convolution(24, 2), convolution(32, 1), convolution(48, 2),
                                   convolution(64, 1), convolution(96, 2)},
                                  true};
  return shape;
}

ConvolutionImpl::ConvolutionImpl(int in, int out, int kernel, int stride)
    : convolution(register_module(
          "convolution",
          torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false)))),
      norm(register_module("norm", torch::nn::BatchNorm2d(out))) {
  torch::nn::init::kaiming_normal_(convolution->weight, 0, torch::kFanOut, torch::kReLU);
}

torch::Tensor ConvolutionImpl::forward(const torch::Tensor& input) {
  return norm->forward(convolution->forward(input)).relu_();
}

std::string ConvolutionImpl::write(GraphBuilder& graph, const std::string& input) const {
  torch::NoGradGuard no_gradients;
  torch::Tensor factor = norm->weight / torch::sqrt(norm->running_var + norm->options.eps());
  torch::Tensor weight = convolution->weight * factor.view({-1, 1, 1, 1});
  torch::Tensor bias = norm->bias - norm->running_mean * factor;
  std::int64_t kernel = weight.size(2), pad = kernel / 2, stride = convolution->options.stride()->at(0);
  using Integers = std::vector<std::int64_t>;
  std::string sum = graph.node("Conv", {input, graph.constant(to_tensor(weight)), graph.constant(to_tensor(bias))},
                               {{"kernel_shape", Integers{kernel, kernel}},
                                {"strides", Integers{stride, stride}},
                                {"pads", Integers{pad, pad, pad, pad}}});
  return graph.node("Relu", {sum});
}

FireImpl::FireImpl(int in, int squeeze, int expand)
    : squeeze(register_module("squeeze", Convolution(in, squeeze, 1, 1))),
      expand_1(register_module("expand_1", Convolution(squeeze, expand, 1, 1))),
      expand_3(register_module("expand_3", Convolution(squeeze, expand, 3, 1))) {}

torch::Tensor FireImpl::forward(const torch::Tensor& input) {
  torch::Tensor narrow = squeeze->forward(input);
  return torch::cat({expand_1->forward(narrow), expand_3->forward(narrow)}, 1);
}

std::string FireImpl::write(GraphBuilder& graph, const std::string& input) const {
  std::string narrow = squeeze->write(graph, input);
  return graph.node("Concat", {expand_1->write(graph, narrow), expand_3->write(graph, narrow)},
                    {{"axis", std::int64_t{1}}});
}

PictureNetImpl::PictureNetImpl(PictureShape wanted, int labels)
    : shape(std::move(wanted)), layers(register_module("layers", torch::nn::ModuleList())) {
  int channels = 3;
  for (auto& layer : shape.layers) {
    if (layer.kind == PictureLayer::convolution) {
      layers->push_back(Convolution(channels, layer.out, 3, layer.stride));
      channels = layer.out;
    } else if (layer.kind == PictureLayer::fire) {
      layers->push_back(Fire(channels, layer.squeeze, layer.out));
      channels = layer.out * 2;
    }
  }
  classifier = register_module("classifier", torch::nn::Linear(shape.strongest ? channels * 2 : channels, labels));
}

torch::Tensor PictureNetImpl::features(const torch::Tensor& input) {
  torch::Tensor value = input;
  std::size_t next = 0;
  for (auto& layer : shape.layers) {
    if (layer.kind == PictureLayer::pool)
      value = halve(value);
    else if (layer.kind == PictureLayer::fire)
      value = layers[next++]->as<Fire>()->forward(value);
    else
      value = layers[next++]->as<Convolution>()->forward(value);
  }
  torch::Tensor mean = value.mean({2, 3});
  return shape.strongest ? torch::cat({mean, value.amax({2, 3})}, 1) : mean;
}

std::string PictureNetImpl::write_features(GraphBuilder& graph, const std::string& input) const {
  std::string value = input;
  std::size_t next = 0;
  for (auto& layer : shape.layers) {
    if (layer.kind == PictureLayer::pool)
      value = write_halve(graph, value);
    else if (layer.kind == PictureLayer::fire)
      value = (*layers)[next++]->as<Fire>()->write(graph, value);
    else
      value = (*layers)[next++]->as<Convolution>()->write(graph, value);
  }
  std::string mean = graph.node("GlobalAveragePool", {value});
  if (shape.strongest)
    mean = graph.node("Concat", {mean, graph.node("GlobalMaxPool", {value})}, {{"axis", std::int64_t{1}}});
  return graph.node("Flatten", {mean});
}

Tensor to_tensor(const torch::Tensor& tensor) {
  torch::Tensor flat = tensor.detach().to(torch::kFloat).contiguous();
  return Tensor::floats(flat.sizes().vec(), {flat.data_ptr<float>(), static_cast<std::size_t>(flat.numel())});
}

std::string write_linear(GraphBuilder& graph, const std::string& input, const torch::nn::Linear& linear) {
  return graph.node("Gemm", {input, graph.constant(to_tensor(linear->weight)), graph.constant(to_tensor(linear->bias))},
                    {{"transB", std::int64_t{1}}});
}

}  // namespace gyre
