#include "serve/predict_door.hpp"

#include <cstring>

#include "model/predict.hpp"
#include "serve/infer_json.hpp"
#include "serve/types.hpp"

namespace gyre {

static Tensor tensor_of(const TensorView& view) {
  Tensor tensor{view.type, view.shape, {view.bytes.begin(), view.bytes.end()}, {view.texts.begin(), view.texts.end()}};
  return tensor;
}

// The shape of nested lists, from the first element of each.
static void shape_of(const json::value& value, std::vector<std::int64_t>& shape) {
  auto* list = value.if_array();
  if (!list) return;
  shape.push_back(static_cast<std::int64_t>(list->size()));
  if (!list->empty()) shape_of(list->front(), shape);
}

// {"x": [[1, 2, 3]]}: for each input of the model its values. A single row may be given without the outer list.
static void read_plain(const json::value& body, const ServedModel& model, InferTask& task) {
  json::array inputs;
  for (auto& info : model.engine().inputs()) {
    auto* given = find(body, info.name);
    if (!given)
      throw Error(Code::invalid, "the request has no \"" + info.name + "\"",
                  "it is an object with a member for each input of the model");
    json::value values = given->is_array() ? *given : json::value(json::array{*given});
    std::vector<std::int64_t> shape;
    shape_of(values, shape);
    while (shape.size() < info.shape.size()) shape.insert(shape.begin(), 1);
    json::array sizes;
    for (auto size : shape) sizes.push_back(size);
    inputs.push_back(json::object{{"name", info.name},
                                  {"shape", std::move(sizes)},
                                  {"datatype", protocol_name(info.type)},
                                  {"data", std::move(values)}});
  }
  SharedMemory none;
  read_infer(json::serialize(json::object{{"inputs", std::move(inputs)}}), {}, none, task.request);
}

static std::string plain_answer(const InferTask& task) {
  std::string text = "{\"model\":";
  append_json_string(text, task.model->name());
  text += ",\"version\":\"" + task.model->version() + "\",\"outputs\":{";
  for (std::size_t i = 0; i < task.outputs.size(); i++) {
    if (i) text += ',';
    append_json_string(text, task.request.outputs[i].name);
    text += ':';
    append_json_values(text, task.outputs[i], task.request.outputs[i].name);
  }
  return text + "}}";
}

static std::string worded_answer(const InferTask& task, const Signature& signature, std::vector<std::string> notes) {
  std::vector<Tensor> outputs;
  std::vector<TensorInfo> infos;
  for (std::size_t i = 0; i < task.outputs.size(); i++) {
    outputs.push_back(tensor_of(task.outputs[i]));
    infos.push_back(task.model->engine().outputs()[task.wanted[i]]);
  }
  auto answer = answer_from(signature, infos, outputs);
  answer.notes = std::move(notes);
  return json::serialize(json::object{
      {"model", task.model->name()}, {"version", task.model->version()}, {"answer", answer.to_json(signature)}});
}

void predict_from(Service& service, const ExchangePointer& exchange, const std::string& name) {
  Dispatch dispatch(service, name, "",
                    [&](const std::string& header) { return std::string(exchange->header(header)); });
  auto& model = *dispatch.model();
  auto task = std::make_shared<InferTask>();
  task->request.model = name;
  auto type = exchange->header("content-type");
  bool plain = !model.signature() || model.signature()->takes == "table" || type.starts_with("application/json");
  auto notes = std::make_shared<std::vector<std::string>>();
  if (plain) {
    read_plain(parse_json(exchange->body, "request body"), model, *task);
  } else {
    auto sample =
        std::make_shared<const Tensor>(sample_tensor(*model.signature(), exchange->body, "request body", notes.get()));
    auto& input = task->request.inputs.emplace_back();
    input.name = model.engine().inputs().front().name;
    input.type = sample->type;
    input.shape = sample->shape;
    input.bytes = sample->bytes;
    task->kept = sample;
  }
  task->done = [exchange, notes, plain, sample = task->kept](const TaskPointer& finished) {
    try {
      if (finished->error) throw *finished->error;
      auto& signature = finished->model->signature();
      auto told = plain || !signature ? plain_answer(*finished) : worded_answer(*finished, *signature, *notes);
      exchange->answer({.body = std::move(told)});
    } catch (const Error& error) {
      exchange->answer(http_error(row_of(error.code).http_status, error.text()));
    }
  };
  dispatch.run(task, exchange->header("traceparent"));
}

}  // namespace gyre
