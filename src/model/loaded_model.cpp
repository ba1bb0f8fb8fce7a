#include "model/loaded_model.hpp"

#include "base/error.hpp"

namespace gyre {

Ort::SessionOptions lean_options(int threads) {
  onnx_runtime();  // the library has to be open before anything of it is made
  Ort::SessionOptions options;
  options.SetIntraOpNumThreads(threads);
  options.SetInterOpNumThreads(1);
  options.SetGraphOptimizationLevel(GraphOptimizationLevel::ORT_ENABLE_ALL);
  options.AddConfigEntry("session.intra_op.allow_spinning", "0");
  options.AddConfigEntry("session.use_device_allocator_for_initializers", "1");
  options.DisableCpuMemArena();
  return options;
}

static TensorInfo info_of(std::string name, const Ort::TypeInfo& type) {
  if (type.GetONNXType() != ONNX_TYPE_TENSOR)
    throw Error(Code::unsupported, "\"" + name + "\" is no tensor (a map or sequence)",
                "export the model with plain tensors: for scikit-learn's converter, option zipmap=False");
  auto tensor = type.GetTensorTypeAndShapeInfo();
  return {name, type_from(tensor.GetElementType(), name), tensor.GetShape()};
}

static std::map<std::string, std::string> metadata_of(const Ort::Session& session) {
  std::map<std::string, std::string> metadata;
  Ort::AllocatorWithDefaultOptions allocator;
  auto described = session.GetModelMetadata();
  for (auto& key : described.GetCustomMetadataMapKeysAllocated(allocator))
    metadata[key.get()] = described.LookupCustomMetadataMapAllocated(key.get(), allocator).get();
  return metadata;
}

template <class Make>
static LoadedModel made(const std::string& where, OddOutputs odd, const Make& make) {
  LoadedModel model;
  try {
    model.session = make();
  } catch (const Ort::Exception& error) {
    throw Error(error.GetOrtErrorCode() == ORT_NOT_IMPLEMENTED ? Code::unsupported : Code::invalid,
                where + ": ONNX Runtime cannot load it: " + error.what(),
                "is it a whole ONNX file? a file that was cut while it was copied has to be copied again");
  }
  auto& session = model.session;
  Ort::AllocatorWithDefaultOptions allocator;
  for (std::size_t i = 0; i < session.GetInputCount(); i++)
    model.inputs.push_back(info_of(session.GetInputNameAllocated(i, allocator).get(), session.GetInputTypeInfo(i)));
  for (std::size_t i = 0; i < session.GetOutputCount(); i++) {
    auto type = session.GetOutputTypeInfo(i);
    if (odd == OddOutputs::left_out && type.GetONNXType() != ONNX_TYPE_TENSOR) continue;
    model.outputs.push_back(info_of(session.GetOutputNameAllocated(i, allocator).get(), type));
  }
  for (auto& input : model.inputs) model.input_names.push_back(input.name.c_str());
  for (auto& output : model.outputs) model.output_names.push_back(output.name.c_str());
  model.metadata = metadata_of(session);
  return model;
}

LoadedModel load_model(const std::filesystem::path& path, const Ort::SessionOptions& options, OddOutputs odd) {
  if (!std::filesystem::is_regular_file(path))
    throw Error(Code::not_found, path.string() + ": there is no such model file");
  auto& env = onnx_runtime();
  return made(path.string(), odd, [&] { return Ort::Session(env, path.c_str(), options); });
}

LoadedModel load_model_bytes(std::string_view bytes, const Ort::SessionOptions& options, OddOutputs odd) {
  auto& env = onnx_runtime();
  return made("model", odd, [&] { return Ort::Session(env, bytes.data(), bytes.size(), options); });
}

}  // namespace gyre
