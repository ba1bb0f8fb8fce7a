#pragma once
// The nets for pictures: SqueezeNet 1.1 (Iandola et al. 2016) with batch norms, which go into the convolutions when it
// is written as ONNX, and a narrow stack of plain convolutions for small pictures, where fire modules cost three times
// the time of a plain convolution that learns as much.
#include "model/graph.hpp"
#include "nets/torch.hpp"

namespace gyre {

struct PictureLayer {
  enum Kind { convolution, fire, pool } kind;
  int out = 0;      // channels; of a fire module, of each of its two halves
  int stride = 1;   // of a convolution
  int squeeze = 0;  // of a fire module
};
struct PictureShape {
  std::vector<PictureLayer> layers;
  // Beside each channel's mean over the picture, its strongest place too: a small fault is lost in a mean.
  bool strongest = false;
};
const PictureShape& squeezenet_1_1();
const PictureShape& small_net();  // below 160 pixels

// A convolution, its norm, and what is not negative of it.
struct ConvolutionImpl : torch::nn::Module {
  ConvolutionImpl(int in, int out, int kernel, int stride);
  torch::Tensor forward(const torch::Tensor& input);
  std::string write(GraphBuilder& graph, const std::string& input) const;
  torch::nn::Conv2d convolution{nullptr};
  torch::nn::BatchNorm2d norm{nullptr};
};
TORCH_MODULE(Convolution);

struct FireImpl : torch::nn::Module {
  FireImpl(int in, int squeeze, int expand);
  torch::Tensor forward(const torch::Tensor& input);
  std::string write(GraphBuilder& graph, const std::string& input) const;
  Convolution squeeze{nullptr}, expand_1{nullptr}, expand_3{nullptr};
};
TORCH_MODULE(Fire);

struct PictureNetImpl : torch::nn::Module {
  PictureNetImpl(PictureShape shape, int labels);
  // f32 [n, 3, h, w], centred -> [n, features]; classifier(features) are the logits.
  torch::Tensor features(const torch::Tensor& input);
  std::string write_features(GraphBuilder& graph, const std::string& input) const;
  PictureShape shape;
  torch::nn::ModuleList layers;  // one for each layer of the shape that has weights
  torch::nn::Linear classifier{nullptr};
};
TORCH_MODULE(PictureNet);

// Shared by nets that are written as ONNX.
Tensor to_tensor(const torch::Tensor& tensor);  // f32
std::string write_linear(GraphBuilder& graph, const std::string& input, const torch::nn::Linear& linear);

}  // namespace gyre
