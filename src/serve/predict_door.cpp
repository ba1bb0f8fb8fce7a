#include "serve/predict_door.hpp"

#include <algorithm>

#include "model/predict.hpp"
#include "model/table_rows.hpp"
#include "serve/infer_json.hpp"
#include "serve/types.hpp"

namespace gyre {

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

namespace {

// What was asked, as far as the answer depends on it.
struct Asked {
  bool plain = false;    // tensors by name in and out
  std::size_t rows = 0;  // of a table; 0: a file
  std::vector<std::string> notes;
};

}  // namespace

static std::string worded_answer(const InferTask& task, const Signature& signature, const Asked& asked) {
  std::vector<Tensor> outputs;
  std::vector<TensorInfo> infos;
  for (std::size_t i = 0; i < task.outputs.size(); i++) {
    outputs.push_back(copy_of(task.outputs[i]));
    infos.push_back(task.model->engine().outputs()[task.wanted[i]]);
  }
  json::object told{{"model", task.model->name()}, {"version", task.model->version()}};
  if (asked.rows <= 1) {
    auto answer = answer_from(signature, infos, outputs);
    answer.notes = asked.notes;
    told["answer"] = answer.to_json(signature);
  } else {
    json::array answers;
    for (std::size_t row = 0; row < asked.rows; row++)
      answers.push_back(answer_from(signature, infos, row_of(outputs, row, asked.rows)).to_json(signature));
    told["answers"] = std::move(answers);
  }
  return json::serialize(told);
}

// Rows have single values; tensors have lists.
static bool has_lists(const json::value& body) {
  auto* object = body.if_object();
  return object && std::any_of(object->begin(), object->end(), [](auto& member) { return member.value().is_array(); });
}

static void give(InferTask& task, const std::vector<TensorInfo>& infos, std::vector<Tensor> tensors) {
  for (std::size_t i = 0; i < tensors.size(); i++) {
    auto& input = task.request.inputs.emplace_back();
    input.name = infos[i].name;
    input.type = tensors[i].type;
    input.shape = std::move(tensors[i].shape);
    input.texts = std::move(tensors[i].texts);
    input.owned = std::move(tensors[i].bytes);
    input.bytes = input.owned;
  }
}

void predict_from(Service& service, const ExchangePointer& exchange, const std::string& name) {
  constexpr std::string_view where = "request body";
  constexpr std::size_t most_rows = 10'000;  // gyre score is for more
  Dispatch dispatch(service, name, "",
                    [&](const std::string& header) { return std::string(exchange->header(header)); });
  auto& model = *dispatch.model();
  auto task = std::make_shared<InferTask>();
  task->request.model = name;
  task->request.id = exchange->header("x-request-id");
  auto& signature = model.signature();
  auto asked = std::make_shared<Asked>();
  bool is_json = exchange->header("content-type").starts_with("application/json");
  bool table = signature && signature->takes == "table";
  asked->plain = !signature || signature->takes == "tensors" || (is_json && !table) ||
                 (is_json && has_lists(parse_json(exchange->body, where)));
  auto& infos = model.engine().inputs();
  if (asked->plain) {
    read_plain(parse_json(exchange->body, where), model, *task);
  } else if (table) {
    auto given = table_rows(*signature, infos, exchange->body, where);
    if (given.rows > most_rows)
      throw Error(Code::invalid, "the request has " + std::to_string(given.rows) + " rows; " +
                                     std::to_string(most_rows) +
                                     " are answered at once, gyre score answers any number");
    asked->rows = given.rows;
    give(*task, infos, std::move(given.inputs));
  } else {
    give(*task, infos, {sample_tensor(*signature, exchange->body, where, &asked->notes)});
  }
  task->done = [exchange, asked](const TaskPointer& finished) {
    try {
      if (finished->error) throw *finished->error;
      auto told =
          asked->plain ? plain_answer(*finished) : worded_answer(*finished, *finished->model->signature(), *asked);
      exchange->answer({.body = std::move(told)});
    } catch (const Error& error) {
      exchange->answer(http_error(row_of(error.code).http_status, error.text()));
    }
  };
  dispatch.run(task, exchange->header("traceparent"));
}

}  // namespace gyre
