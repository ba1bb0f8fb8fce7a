#include "model/own_kernels.hpp"

#include "model/own_operators.hpp"

namespace gyre {

void add_own_operators(Ort::SessionOptions& options) {
  static const Ort::CustomOpDomain domain = [] {
    Ort::CustomOpDomain made(own_domain);
    for (auto* kernel : {forest_kernel(), planes_kernel(), scale_kernel()}) made.Add(kernel);
    return made;
  }();
  options.Add(domain);
}

}  // namespace gyre
