#include <random>

#include "base/error.hpp"
#include "model/onnx/import_work.hpp"

namespace gyre {

std::vector<Tensor> made_up_inputs(const std::vector<TensorInfo>& inputs, std::int64_t free, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Tensor> tensors;
  for (auto& info : inputs) {
    auto shape = info.shape;
    for (std::size_t i = 0; i < shape.size(); i++)
      if (shape[i] < 0) shape[i] = i == 0 ? 1 : free;
    auto tensor = Tensor::zeros(info.type, std::move(shape));
    auto fill = [&](auto values, auto make) {
      for (auto& value : values) value = static_cast<std::decay_t<decltype(value)>>(make());
    };
    // The standard's own distributions differ between libraries: these values are the same everywhere.
    auto fraction = [&] { return static_cast<double>(random() >> 8) / (1 << 24); };
    switch (info.type) {
      case DataType::f32:
        fill(tensor.as<float>(), fraction);
        break;
      case DataType::f64:
        fill(tensor.as<double>(), fraction);
        break;
      case DataType::i64:
        fill(tensor.as<std::int64_t>(), [&] { return random() % 2; });
        break;
      case DataType::i32:
        fill(tensor.as<std::int32_t>(), [&] { return random() % 2; });
        break;
      case DataType::boolean:
        fill(tensor.as<std::uint8_t>(), [&] { return random() % 2; });
        break;
      case DataType::u8:
        // Not noise: it is kept inside the model, and packs well.
        for (std::size_t i = 0; i < tensor.bytes.size(); i++)
          tensor.bytes[i] = static_cast<std::byte>((i / 7 + i % 3 * 60 + seed * 50) % 256);
        break;
      case DataType::text:
        for (auto& text : tensor.texts) text = std::string(1, static_cast<char>('a' + random() % 3));
        break;
      default:
        break;  // zeros
    }
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

std::vector<Probe> probed(const Session& session) {
  for (std::int64_t free : {1, 2, 8, 32, 64, 224, 640}) {
    try {
      std::vector<Probe> probes;
      for (unsigned seed = 1; seed <= 3; seed++) {
        auto inputs = made_up_inputs(session.inputs(), free, seed);
        auto outputs = session.run(inputs);
        probes.push_back({std::move(inputs), std::move(outputs)});
      }
      return probes;
    } catch (const Error&) {
      // Not this size, then: the graph decides what it accepts.
    }
  }
  return {};
}

}  // namespace gyre
