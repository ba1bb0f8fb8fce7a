#include "model/engine.hpp"

#include <cstring>

#include "base/error.hpp"
#include "base/file.hpp"
#include "model/loaded_model.hpp"
#include "model/own_kernels.hpp"
#include "model/own_operators.hpp"

namespace gyre {

Tensor copy_of(const TensorView& view) {
  Tensor tensor{view.type, view.shape, {view.bytes.begin(), view.bytes.end()}, {view.texts.begin(), view.texts.end()}};
  return tensor;
}

struct EngineAnswer::Body {
  std::vector<Ort::Value> values;
  std::vector<std::string> texts;  // the strings of all text outputs, each output's in one piece
};

EngineAnswer::EngineAnswer() : body_(std::make_unique<Body>()) {}
EngineAnswer::~EngineAnswer() = default;
EngineAnswer::EngineAnswer(EngineAnswer&&) noexcept = default;
EngineAnswer& EngineAnswer::operator=(EngineAnswer&&) noexcept = default;

struct ModelEngine::Body : LoadedModel {};

ModelEngine::ModelEngine(std::unique_ptr<Body> body) : body_(std::move(body)) {}
// Forests are smaller; what is larger is not read twice.
static constexpr std::size_t largest_read = 256u << 20;

// With Gyre's own operators where the model has their like.
static std::optional<LoadedModel> quicker(std::string_view bytes, int threads) {
  try {
    auto rewritten = with_own_operators(bytes);
    if (!rewritten) return std::nullopt;
    auto with_operators = lean_options(threads);
    add_own_operators(with_operators);
    return load_model_bytes(*rewritten, with_operators, OddOutputs::left_out);
  } catch (const Error&) {
    return std::nullopt;  // it takes other types, or is no whole model: as it is, then
  }
}

ModelEngine::ModelEngine(const std::filesystem::path& path, int threads) {
  std::optional<LoadedModel> model;
  if (std::filesystem::is_regular_file(path) && std::filesystem::file_size(path) <= largest_read)
    model = quicker(read_file(path), threads);
  body_ = std::make_unique<Body>(
      Body{model ? std::move(*model) : load_model(path, lean_options(threads), OddOutputs::left_out)});
}
ModelEngine ModelEngine::from_bytes(std::string_view bytes, int threads) {
  auto model = quicker(bytes, threads);
  return ModelEngine(std::make_unique<Body>(
      Body{model ? std::move(*model) : load_model_bytes(bytes, lean_options(threads), OddOutputs::left_out)}));
}
ModelEngine::~ModelEngine() = default;
ModelEngine::ModelEngine(ModelEngine&&) noexcept = default;
const std::vector<TensorInfo>& ModelEngine::inputs() const { return body_->inputs; }
const std::vector<TensorInfo>& ModelEngine::outputs() const { return body_->outputs; }
const std::map<std::string, std::string>& ModelEngine::metadata() const { return body_->metadata; }

static Ort::Value lend(const TensorView& tensor) {
  auto type = type_to(tensor.type);
  if (tensor.type != DataType::text) {
    static const auto memory = Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeDefault);
    return Ort::Value::CreateTensor(memory, const_cast<std::byte*>(tensor.bytes.data()), tensor.bytes.size(),
                                    tensor.shape.data(), tensor.shape.size(), type);
  }
  Ort::AllocatorWithDefaultOptions allocator;
  auto value = Ort::Value::CreateTensor(allocator, tensor.shape.data(), tensor.shape.size(), type);
  for (std::size_t i = 0; i < tensor.texts.size(); i++) {
    auto text = tensor.texts[i];
    char* room = value.GetResizedStringTensorElementBuffer(i, text.size());
    if (!text.empty()) std::memcpy(room, text.data(), text.size());
  }
  return value;
}

static TensorView view_of(const TensorInfo& info, const Ort::Value& value, std::vector<std::string>& texts) {
  TensorView view{info.type, value.GetTensorTypeAndShapeInfo().GetShape(), {}, {}};
  auto count = static_cast<std::size_t>(count_of(view.shape));
  if (info.type != DataType::text) {
    view.bytes = {static_cast<const std::byte*>(value.GetTensorRawData()), count * size_of(info.type)};
    return view;
  }
  std::string& all = texts.emplace_back(value.GetStringTensorDataLength(), '\0');
  std::vector<std::size_t> starts(count);
  if (count) value.GetStringTensorContent(all.data(), all.size(), starts.data(), count);
  starts.push_back(all.size());
  for (std::size_t i = 0; i < count; i++)
    view.texts.push_back(std::string_view(all).substr(starts[i], starts[i + 1] - starts[i]));
  return view;
}

EngineAnswer ModelEngine::run(std::span<const TensorView> inputs, std::span<const std::size_t> wanted) const {
  auto& body = *body_;
  if (inputs.size() != body.inputs.size())
    throw Error(Code::invalid, "the model takes " + std::to_string(body.inputs.size()) + " inputs, not " +
                                   std::to_string(inputs.size()));
  EngineAnswer answer;
  try {
    std::vector<Ort::Value> lent;
    lent.reserve(inputs.size());
    for (auto& input : inputs) lent.push_back(lend(input));
    std::vector<const char*> names;
    names.reserve(wanted.size());
    for (auto place : wanted) names.push_back(body.output_names.at(place));
    answer.body_->values = body.session.Run(Ort::RunOptions{nullptr}, body.input_names.data(), lent.data(), lent.size(),
                                            names.data(), names.size());
    answer.body_->texts.reserve(wanted.size());  // views point into its strings: they must not move
    for (std::size_t i = 0; i < wanted.size(); i++)
      answer.outputs.push_back(view_of(body.outputs[wanted[i]], answer.body_->values[i], answer.body_->texts));
  } catch (const Ort::Exception& error) {
    throw Error(Code::invalid, std::string("the model could not be run: ") + error.what());
  }
  return answer;
}

}  // namespace gyre
