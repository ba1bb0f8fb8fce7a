#include "model/session.hpp"

#include <cstring>

#include "base/error.hpp"
#include "model/loaded_model.hpp"

namespace gyre {

struct Session::Body : LoadedModel {};

// The same bits at each run: one order of sums.
static Ort::SessionOptions options(int threads) {
  Ort::SessionOptions options = lean_options(threads);
  options.DisableMemPattern();
  options.SetDeterministicCompute(true);
  return options;
}

Session::Session(const std::filesystem::path& path, int threads)
    : body_(std::make_unique<Body>(Body{load_model(path, options(threads))})) {}

Session::Session(std::unique_ptr<Body> body) : body_(std::move(body)) {}

Session Session::from_bytes(std::string_view bytes, int threads) {
  return Session(std::make_unique<Body>(Body{load_model_bytes(bytes, options(threads))}));
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
