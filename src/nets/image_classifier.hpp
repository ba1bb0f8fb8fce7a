#pragma once
// A picture classifier: the net, the size of picture it takes, its labels; its weights as a file, and itself as ONNX.
#include "base/error.hpp"
#include "model/signature.hpp"
#include "nets/image_set.hpp"
#include "nets/picture_net.hpp"
#include "nets/unlike.hpp"

namespace gyre {

struct ImageClassifier {
  PictureSize size;
  std::vector<std::string> labels;
  PictureNet net{nullptr};

  ImageClassifier(PictureSize size, std::vector<std::string> labels);
  // From the weights of an earlier training: the size is theirs; labels that it knew keep what was learned of them.
  ImageClassifier(const std::string& weights, std::string_view where, std::vector<std::string> labels);
  std::string weights() const;

  // Pictures u8 [n, 3, h, w] of the net's size -> features [n, d]; in batches, without gradients.
  torch::Tensor features_of(const torch::Tensor& pictures);
  // From a picture's u8 rows [1, h, w, 3] of any size to "probabilities" and "score".
  void write(GraphBuilder& graph, const Unlike& unlike) const;
};

}  // namespace gyre
