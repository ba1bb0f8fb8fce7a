#pragma once
// Small changes to training pictures that do not change what they show: what any camera does from shot to shot. Light
// and colour are changed a little only: a hall that is lit differently is new to a model and must be learned from
// pictures of it.
#include "nets/trainer.hpp"

namespace gyre {

struct Augmentation {
  bool flip = true;      // left to right
  double shift = 0.06;   // of the picture's size
  double scale = 0.1;    // larger or smaller
  double rotate = 4;     // degrees
  double light = 0.15;   // brightness and contrast
  double colour = 0.06;  // of each channel
  double blur = 0.25;    // the share of pictures that lose sharpness
  double noise = 4;      // largest deviation, of 255
};

// u8 or f32 [n, 3, h, w], 0-255 -> f32, centred as the net takes it.
torch::Tensor augmented(const torch::Tensor& pictures, const Augmentation& augmentation, BatchChance& chance);
torch::Tensor centred(const torch::Tensor& pictures);
inline constexpr float centre = 127.5f, spread = 64;  // (pixel - centre) / spread

// Labels such as "left" or "clockwise" would become wrong in a mirror.
bool may_flip(const std::vector<std::string>& labels);

}  // namespace gyre
