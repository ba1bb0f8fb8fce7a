#pragma once
// A small net for sounds: log-mel pictures of the sound into a depthwise-separable CNN (DS-CNN, Zhang et al. 2017). The
// way from samples to log-mel is part of the net: it is written into the ONNX graph like the rest.
#include "model/graph.hpp"
#include "nets/torch.hpp"

namespace gyre {

// Frames through a window, their spectrum as one convolution with cosines and sines, mel bands, logarithm.
class LogMel {
 public:
  explicit LogMel(int rate);
  torch::Tensor operator()(const torch::Tensor& sound) const;  // [n, samples] -> [n, 1, bands, frames]
  std::string write(GraphBuilder& graph, const std::string& sound) const;
  static constexpr int bands = 64;

 private:
  int window_, hop_;
  torch::Tensor waves_;  // [2 * bins, 1, window]: windowed cosines, then sines
  torch::Tensor mel_;    // [bands, bins]
};

struct SoundNetImpl : torch::nn::Module {
  explicit SoundNetImpl(int labels);
  // log-mel -> [n, features]; classifier(features) are the logits.
  torch::Tensor features(const torch::Tensor& log_mel);
  std::string write_features(GraphBuilder& graph, const std::string& log_mel) const;
  static constexpr int feature_count = 64;

  torch::nn::BatchNorm2d scale{nullptr};  // one for each band's place in the picture is not needed: one for all
  torch::nn::ModuleList convolutions, norms;
  torch::nn::Linear classifier{nullptr};
};
TORCH_MODULE(SoundNet);

// What the picture is like without any learning: each band's mean and spread over time [n, 2 * bands]. New faults show
// in it that the classes' features, learned to tell the known ones apart, are blind to.
torch::Tensor band_statistics(const torch::Tensor& log_mel);
std::string write_band_statistics(GraphBuilder& graph, const std::string& log_mel);

}  // namespace gyre
