#pragma once
// A model in ONNX Runtime and what it says of itself: what Session and ModelEngine share. For their sources only.
#include <filesystem>

#include "model/runtime.hpp"
#include "model/session.hpp"

namespace gyre {

enum class OddOutputs { refused, left_out };  // outputs that are no tensors: maps and sequences

struct LoadedModel {
  Ort::Session session{nullptr};
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  std::vector<const char*> input_names;   // into inputs
  std::vector<const char*> output_names;  // into outputs
  std::map<std::string, std::string> metadata;
};

// So many threads that do not spin (they would take the cores from others), and no arena: that grows to the peak of all
// concurrent runs and keeps it, while the C library's heap shrinks again.
Ort::SessionOptions lean_options(int threads);

// Error{invalid} names the file when ONNX Runtime cannot load it.
LoadedModel load_model(const std::filesystem::path& path, const Ort::SessionOptions& options,
                       OddOutputs odd = OddOutputs::refused);
LoadedModel load_model_bytes(std::string_view bytes, const Ort::SessionOptions& options,
                             OddOutputs odd = OddOutputs::refused);

}  // namespace gyre
