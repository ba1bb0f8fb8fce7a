#pragma once
// A net of layers that each see all of the one before: it answers here and in ONNX alike, whoever trained it.
#include <cmath>
#include <string>
#include <vector>

#include "learn/boosting/trees.hpp"

namespace gyre {

struct DenseLayer {
  std::size_t in = 0, out = 0;
  std::vector<float> weights, biases;  // weights: [in][out]
};

using DenseLayers = std::vector<DenseLayer>;

class DenseNet final : public Fitted {
 public:
  DenseNet(DenseLayers layers, Link link, json::object about)
      : layers_(std::move(layers)), link_(link), about_(std::move(about)) {}
  std::vector<double> predict(const Matrix& features, int threads) const override;
  std::string export_to(GraphBuilder& graph, const std::string& features) const override;
  json::object about() const override { return about_; }

 private:
  DenseLayers layers_;
  Link link_;
  json::object about_;
};

// A layer's sums: [rows][out] from [rows][in]. Those of the last one are the answers; of the others each unit gives its
// sum times the sigmoid of it.
void run_layer(const DenseLayer& layer, const std::vector<float>& from, std::size_t rows, std::vector<float>& sums);
inline float sigmoid_of(float sum) { return 1 / (1 + std::exp(-sum)); }
// What the first layer sees of a feature: however wild a reading, it lies between -3 and 3.
float drawn_in(float feature);

}  // namespace gyre
