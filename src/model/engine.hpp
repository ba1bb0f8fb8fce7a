#pragma once
// Runs an ONNX model for a server: tensors stay where they came in, many threads run it at once, memory is kept warm
// while the model is loaded. Session is for one careful caller, this is for traffic.
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/session.hpp"

namespace gyre {

// A tensor that lies elsewhere: in a request's body, in shared memory, in an answer.
struct TensorView {
  DataType type = DataType::f32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;     // little-endian, row-major
  std::vector<std::string_view> texts;  // for DataType::text
};

Tensor copy_of(const TensorView& view);

class EngineAnswer {
 public:
  EngineAnswer();
  ~EngineAnswer();
  EngineAnswer(EngineAnswer&&) noexcept;
  EngineAnswer& operator=(EngineAnswer&&) noexcept;
  std::vector<TensorView> outputs;  // in the order asked for; they live as long as this

 private:
  friend class ModelEngine;
  struct Body;
  std::unique_ptr<Body> body_;
};

class ModelEngine {
 public:
  explicit ModelEngine(const std::filesystem::path& path, int threads = 1);
  static ModelEngine from_bytes(std::string_view bytes, int threads = 1);
  ModelEngine(std::string_view, int) = delete;
  ~ModelEngine();
  ModelEngine(ModelEngine&&) noexcept;
  const std::vector<TensorInfo>& inputs() const;
  const std::vector<TensorInfo>& outputs() const;  // tensors only: maps and sequences are left out
  const std::map<std::string, std::string>& metadata() const;
  // `inputs` in the order of inputs(), of the right types and ranks; `wanted`: places in outputs().
  EngineAnswer run(std::span<const TensorView> inputs, std::span<const std::size_t> wanted) const;

 private:
  struct Body;
  explicit ModelEngine(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

}  // namespace gyre
