#pragma once
// Weighted sums of features and what becomes of them: what every linear learner leaves.
#include "learn/boosting/trees.hpp"

namespace gyre {

class LinearModel final : public Fitted {
 public:
  // weights: [outputs][features]; biases: [outputs]. Features are moved and scaled by nothing: that is done before.
  LinearModel(std::vector<double> weights, std::vector<double> biases, Link link, json::object about);
  std::vector<double> predict(const Matrix& features, int threads) const override;
  std::string export_to(GraphBuilder& graph, const std::string& features) const override;
  std::vector<double> importance() const override;
  json::object about() const override { return about_; }
  const std::vector<double>& weights() const { return weights_; }
  const std::vector<double>& biases() const { return biases_; }
  Link link() const { return link_; }

 private:
  std::size_t features() const { return weights_.size() / biases_.size(); }
  std::vector<double> weights_, biases_;
  Link link_;
  json::object about_;
};

}  // namespace gyre
