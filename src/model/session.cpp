#include "model/session.hpp"

#include <cstring>

#include "base/error.hpp"
#include "model/runtime.hpp"

namespace gyre {

struct Session::Body {
  Ort::Session session{nullptr};
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  std::vector<const char*> input_names;   // into inputs
  std::vector<const char*> output_names;  // into outputs
  std::map<std::string, std::string> metadata;
  void describe();
};

// Memory before speed, and the same bits at each run: no arena that keeps the peak, no spinning threads, one order of
// sums.
static Ort::SessionOptions options(int threads) {
  Ort::SessionOptions options;
  options.SetIntraOpNumThreads(threads);
  options.SetInterOpNumThreads(1);
  options.SetGraphOptimizationLevel(GraphOptimizationLevel::ORT_ENABLE_ALL);
  options.DisableCpuMemArena();
  options.DisableMemPattern();
  options.SetDeterministicCompute(true);
  options.AddConfigEntry("session.intra_op.allow_spinning", "0");
  options.AddConfigEntry("session.use_device_allocator_for_initializers", "1");
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
static Ort::Session made(const std::string& where, const Make& make) {
  try {
    return make();
  } catch (const Ort::Exception& error) {
    throw Error(error.GetOrtErrorCode() == ORT_NOT_IMPLEMENTED ? Code::unsupported : Code::invalid,
                where + ": ONNX Runtime cannot load it: " + error.what(),
                "is it a whole ONNX file? a file that was cut while it was copied has to be copied again");
  }
}

Session::Session(const std::filesystem::path& path, int threads) : body_(std::make_unique<Body>()) {
  if (!std::filesystem::is_regular_file(path))
    throw Error(Code::not_found, path.string() + ": there is no such model file");
  auto& env = onnx_runtime();
  body_->session = made(path.string(), [&] { return Ort::Session(env, path.c_str(), options(threads)); });
  body_->describe();
}

Session::Session(std::unique_ptr<Body> body) : body_(std::move(body)) {}

Session Session::from_bytes(std::string_view bytes, int threads) {
  auto& env = onnx_runtime();
  auto body = std::make_unique<Body>();
  body->session = made("model", [&] { return Ort::Session(env, bytes.data(), bytes.size(), options(threads)); });
  body->describe();
  return Session(std::move(body));
}

void Session::Body::describe() {
  Ort::AllocatorWithDefaultOptions allocator;
  for (std::size_t i = 0; i < session.GetInputCount(); i++)
    inputs.push_back(info_of(session.GetInputNameAllocated(i, allocator).get(), session.GetInputTypeInfo(i)));
  for (std::size_t i = 0; i < session.GetOutputCount(); i++)
    outputs.push_back(info_of(session.GetOutputNameAllocated(i, allocator).get(), session.GetOutputTypeInfo(i)));
  for (auto& input : inputs) input_names.push_back(input.name.c_str());
  for (auto& output : outputs) output_names.push_back(output.name.c_str());
  metadata = metadata_of(session);
}

Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
const std::vector<TensorInfo>& Session::inputs() const { return body_->inputs; }
const std::vector<TensorInfo>& Session::outputs() const { return body_->outputs; }
const std::map<std::string, std::string>& Session::metadata() const { return body_->metadata; }

static bool fits(const TensorInfo& info, const Tensor& tensor) {
  if (info.type != tensor.type || info.shape.size() != tensor.shape.size()) return false;
  for (std::size_t i = 0; i < info.shape.size(); i++)
    if (info.shape[i] >= 0 && info.shape[i] != tensor.shape[i]) return false;
  return true;
}

// The tensor's bytes are lent, not copied.
static Ort::Value lend(const TensorInfo& info, const Tensor& tensor) {
  if (!fits(info, tensor))
    throw Error(Code::invalid, "the model's input \"" + info.name + "\" takes " + std::string(name_of(info.type)) +
                                   " " + shape_text(info.shape) + ", not " + std::string(name_of(tensor.type)) + " " +
                                   shape_text(tensor.shape));
  if (tensor.type != DataType::text) {
    static const auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
    return Ort::Value::CreateTensor(memory, const_cast<std::byte*>(tensor.bytes.data()), tensor.bytes.size(),
                                    tensor.shape.data(), tensor.shape.size(), type_to(tensor.type));
  }
  Ort::AllocatorWithDefaultOptions allocator;
  auto value = Ort::Value::CreateTensor(allocator, tensor.shape.data(), tensor.shape.size(), type_to(tensor.type));
  std::vector<const char*> texts;
  for (auto& text : tensor.texts) texts.push_back(text.c_str());
  value.FillStringTensor(texts.data(), texts.size());
  return value;
}

static Tensor taken(const TensorInfo& info, const Ort::Value& value) {
  Tensor tensor = Tensor::zeros(info.type, value.GetTensorTypeAndShapeInfo().GetShape());
  if (info.type == DataType::text)
    for (std::size_t i = 0; i < tensor.texts.size(); i++) tensor.texts[i] = value.GetStringTensorElement(i);
  else if (!tensor.bytes.empty())
    std::memcpy(tensor.bytes.data(), value.GetTensorRawData(), tensor.bytes.size());
  return tensor;
}

std::vector<Tensor> Session::run(const std::vector<Tensor>& inputs) const {
  auto& body = *body_;
  if (inputs.size() != body.inputs.size())
    throw Error(Code::invalid, "the model takes " + std::to_string(body.inputs.size()) + " inputs, not " +
                                   std::to_string(inputs.size()));
  try {
    std::vector<Ort::Value> lent;
    for (std::size_t i = 0; i < inputs.size(); i++) lent.push_back(lend(body.inputs[i], inputs[i]));
    auto given = body.session.Run(Ort::RunOptions{nullptr}, body.input_names.data(), lent.data(), lent.size(),
                                  body.output_names.data(), body.output_names.size());
    std::vector<Tensor> outputs;
    for (std::size_t i = 0; i < given.size(); i++) outputs.push_back(taken(body.outputs[i], given[i]));
    return outputs;
  } catch (const Ort::Exception& error) {
    throw Error(Code::invalid, std::string("the model could not be run: ") + error.what());
  }
}

}  // namespace gyre
