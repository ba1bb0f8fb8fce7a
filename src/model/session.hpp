#pragma once
// Runs an ONNX model. ONNX Runtime is loaded when the first session is made, not before.
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/signature.hpp"
#include "model/tensor.hpp"

namespace gyre {

struct TensorInfo {
  std::string name;
  DataType type;
  std::vector<std::int64_t> shape;  // -1: free
};

class Session {
 public:
  explicit Session(const std::filesystem::path& path, int threads = 1);
  static Session from_bytes(std::string_view bytes, int threads = 1);
  Session(std::string_view, int) = delete;  // bytes are never taken for a path, nor a path for bytes
  ~Session();
  Session(Session&&) noexcept;
  const std::vector<TensorInfo>& inputs() const;
  const std::vector<TensorInfo>& outputs() const;
  const std::map<std::string, std::string>& metadata() const;
  std::vector<Tensor> run(const std::vector<Tensor>& inputs) const;  // in the order of inputs() / outputs()

 private:
  struct Body;
  explicit Session(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

}  // namespace gyre
