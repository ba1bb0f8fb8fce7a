#include "nets/sound_net.hpp"

#include <cmath>

#include "nets/picture_net.hpp"

namespace gyre {

namespace {

using Integers = std::vector<std::int64_t>;
constexpr double quiet = 1e-5;  // added before the logarithm: about the noise of 16 bits

double mel_of(double hz) { return 1127 * std::log1p(hz / 700); }
double hz_of(double mel) { return 700 * std::expm1(mel / 1127); }

struct Layer {
  int in, out, kernel, stride, groups;
};

// A strided start, then pairs: each channel by itself, then all channels at each place.
std::vector<Layer> layers() {
  return {{1, 24, 5, 2, 1},
          {24, 24, 3, 2, 24},
          {24, 32, 1, 1, 1},
          {32, 32, 3, 1, 32},
          {32, 48, 1, 1, 1},
          {48, 48, 3, 2, 48},
          {48, SoundNetImpl::feature_count, 1, 1, 1}};
}

// The norm goes into the convolution.
std::string write_layer(GraphBuilder& graph, const std::string& input, const torch::nn::Conv2dImpl& convolution,
                        const torch::nn::BatchNorm2dImpl& norm) {
  torch::Tensor factor = norm.weight / torch::sqrt(norm.running_var + norm.options.eps());
  torch::Tensor weight = convolution.weight * factor.view({-1, 1, 1, 1});
  torch::Tensor bias = norm.bias - norm.running_mean * factor;
  std::int64_t kernel = weight.size(2), pad = kernel / 2, stride = convolution.options.stride()->at(0);
  std::string sum = graph.node("Conv", {input, graph.constant(to_tensor(weight)), graph.constant(to_tensor(bias))},
                               {{"kernel_shape", Integers{kernel, kernel}},
                                {"strides", Integers{stride, stride}},
                                {"pads", Integers{pad, pad, pad, pad}},
                                {"group", convolution.options.groups()}});
  return graph.node("Relu", {sum});
}

}  // namespace

LogMel::LogMel(int rate) : window_(rate * 32 / 1000), hop_(rate * 16 / 1000) {
  torch::NoGradGuard no_gradients;
  std::int64_t bins = window_ / 2 + 1;
  waves_ = torch::empty({2 * bins, 1, window_});
  auto wave = waves_.accessor<float, 3>();
  for (std::int64_t k = 0; k < bins; k++)
    for (int i = 0; i < window_; i++) {
      double hann = (0.5 - 0.5 * std::cos(2 * M_PI * i / window_)) * 2 / window_;
      double angle = 2 * M_PI * static_cast<double>(k) * i / window_;
      wave[k][0][i] = static_cast<float>(hann * std::cos(angle));
      wave[bins + k][0][i] = static_cast<float>(hann * std::sin(angle));
    }
  mel_ = torch::zeros({bands, bins});
  auto weight = mel_.accessor<float, 2>();
  double low = mel_of(20), step = (mel_of(rate / 2.0) - low) / (bands + 1);
  for (int band = 0; band < bands; band++) {
    double left = hz_of(low + step * band), middle = hz_of(low + step * (band + 1)),
           right = hz_of(low + step * (band + 2));
    // Low bands are narrower than a bin: each reaches at least to its neighbours' middles, so that none is empty.
    double bin = static_cast<double>(rate) / window_;
    left = std::min(left, middle - bin), right = std::max(right, middle + bin);
    for (std::int64_t k = 0; k < bins; k++) {
      double hz = static_cast<double>(k) * bin;
      double height = std::min((hz - left) / (middle - left), (right - hz) / (right - middle));
      weight[band][k] = static_cast<float>(std::max(0.0, height));
    }
  }
}

torch::Tensor LogMel::operator()(const torch::Tensor& sound) const {
  torch::NoGradGuard no_gradients;
  torch::Tensor parts = torch::conv1d(sound.unsqueeze(1), waves_, {}, hop_).square();
  auto halves = parts.chunk(2, 1);
  return torch::log(torch::matmul(mel_, halves[0] + halves[1]) + quiet).unsqueeze(1);
}

std::string LogMel::write(GraphBuilder& graph, const std::string& sound) const {
  std::string row = graph.node("Unsqueeze", {sound, graph.constant(Integers{1})});
  std::string parts = graph.node("Conv", {row, graph.constant(to_tensor(waves_))},
                                 {{"kernel_shape", Integers{window_}}, {"strides", Integers{hop_}}});
  std::string squares = graph.node("Mul", {parts, parts});
  std::string real = graph.node("Split", {squares}, {{"axis", std::int64_t{1}}}, 2);
  std::string power = graph.node("Add", {real, real + "_1"});
  std::string mel = graph.node("MatMul", {graph.constant(to_tensor(mel_)), power});
  std::string logarithm = graph.node("Log", {graph.node("Add", {mel, graph.constant(static_cast<float>(quiet))})});
  return graph.node("Unsqueeze", {logarithm, graph.constant(Integers{1})});
}

SoundNetImpl::SoundNetImpl(int labels)
    : scale(register_module("scale", torch::nn::BatchNorm2d(1))),
      convolutions(register_module("convolutions", torch::nn::ModuleList())),
      norms(register_module("norms", torch::nn::ModuleList())),
      classifier(register_module("classifier", torch::nn::Linear(feature_count, labels))) {
  for (auto& layer : layers()) {
    torch::nn::Conv2d convolution(torch::nn::Conv2dOptions(layer.in, layer.out, layer.kernel)
                                      .stride(layer.stride)
                                      .padding(layer.kernel / 2)
                                      .groups(layer.groups)
                                      .bias(false));
    torch::nn::init::kaiming_normal_(convolution->weight, 0, torch::kFanOut, torch::kReLU);
    convolutions->push_back(convolution);
    norms->push_back(torch::nn::BatchNorm2d(layer.out));
  }
}

torch::Tensor SoundNetImpl::features(const torch::Tensor& log_mel) {
  torch::Tensor value = scale->forward(log_mel);
  for (std::size_t i = 0; i < convolutions->size(); i++)
    value = torch::relu(
        norms[i]->as<torch::nn::BatchNorm2d>()->forward(convolutions[i]->as<torch::nn::Conv2d>()->forward(value)));
  return value.mean({2, 3});
}

std::string SoundNetImpl::write_features(GraphBuilder& graph, const std::string& log_mel) const {
  torch::NoGradGuard no_gradients;
  torch::Tensor factor = scale->weight / torch::sqrt(scale->running_var + scale->options.eps());
  torch::Tensor shift = scale->bias - scale->running_mean * factor;
  std::string value = graph.node(
      "Add", {graph.node("Mul", {log_mel, graph.constant(factor.item<float>())}), graph.constant(shift.item<float>())});
  for (std::size_t i = 0; i < convolutions->size(); i++)
    value = write_layer(graph, value, *convolutions->ptr<torch::nn::Conv2dImpl>(i),
                        *norms->ptr<torch::nn::BatchNorm2dImpl>(i));
  return graph.node("Flatten", {graph.node("GlobalAveragePool", {value})});
}

torch::Tensor band_statistics(const torch::Tensor& log_mel) {
  torch::Tensor rows = log_mel.squeeze(1);
  torch::Tensor mean = rows.mean(2);
  torch::Tensor spread = ((rows - mean.unsqueeze(2)).square().mean(2) + 1e-6).sqrt();
  return torch::cat({mean, spread}, 1);
}

std::string write_band_statistics(GraphBuilder& graph, const std::string& log_mel) {
  Attributes over_time{{"axes", Integers{2}}, {"keepdims", std::int64_t{1}}};
  std::string rows = graph.node("Squeeze", {log_mel, graph.constant(Integers{1})});
  std::string mean = graph.node("ReduceMean", {rows}, over_time);
  std::string away = graph.node("Sub", {rows, mean});
  std::string squares = graph.node("ReduceMean", {graph.node("Mul", {away, away})}, over_time);
  std::string spread = graph.node("Sqrt", {graph.node("Add", {squares, graph.constant(1e-6f)})});
  return graph.node("Flatten", {graph.node("Concat", {mean, spread}, {{"axis", std::int64_t{1}}})});
}

}  // namespace gyre
