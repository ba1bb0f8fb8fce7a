#pragma once
// Makes a float model compute its net in 8-bit integers: unsigned activations, signed weights with a scale for each
// output channel, 32-bit biases. It is written as QuantizeLinear / DequantizeLinear pairs, which ONNX Runtime fuses
// into integer kernels. What is before and after the net stays float.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gyre {

struct Tensor;

struct QuantiseOptions {
  // percentile: rare outliers are clipped, the rest gets finer steps; minmax: everything seen fits.
  std::string method = "percentile";
  double percentile = 99.99;
  // Weights of 7 bits: x86 processors without VNNI add 8-bit products up in 16 bits, which overflow with full ones.
  bool narrow = true;
};

class Quantiser {
 public:
  explicit Quantiser(std::string_view model);  // Error{unsupported} when there is nothing in it to quantise
  ~Quantiser();
  Quantiser(Quantiser&&) noexcept;

  // Runs the model over typical inputs (one tensor each) to learn the range of every value that becomes 8 bits.
  using Progress = std::function<void(std::size_t done, std::size_t all)>;
  void calibrate(const std::vector<Tensor>& inputs, const QuantiseOptions& options, int threads,
                 const Progress& progress);

  std::string finish(const QuantiseOptions& options) const;  // the model's bytes; metadata as they were
  std::size_t operators() const;                             // that now compute in integers

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace gyre
