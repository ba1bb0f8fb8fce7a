#pragma once
// How unlike all it has seen an input is: the Mahalanobis distance of its features from the nearest class (Lee et al.
// 2018), about 1 for what is usual. A classifier gives it as "score" beside its probabilities.
#include <span>

#include "model/graph.hpp"
#include "nets/torch.hpp"

namespace gyre {

class Unlike {
 public:
  // features f32 [n, d] of the learned samples with their classes.
  Unlike(const torch::Tensor& features, const torch::Tensor& classes, std::int64_t class_count);
  torch::Tensor score(const torch::Tensor& features) const;  // [n]
  // features [1, d] -> [1]
  std::string write(GraphBuilder& graph, const std::string& features) const;

 private:
  torch::Tensor means_;  // [classes, d]
  torch::Tensor white_;  // [d, d]: what makes the features' spread within a class a ball of radius 1
};

// The value of `score` that a share (0.99) of usual samples stays below.
double threshold_of(const torch::Tensor& scores, double share = 0.99);

}  // namespace gyre
