#include "serve/table_door.hpp"

#include <algorithm>
#include <cmath>

#include "serve/infer_json.hpp"
#include "serve/types.hpp"

namespace gyre {

static std::size_t width_of(const TensorInfo& info) {
  return info.shape.size() == 2 ? static_cast<std::size_t>(std::max<std::int64_t>(info.shape[1], 0)) : 1;
}

std::optional<std::vector<TableColumn>> table_columns(const ServedModel& model) {
  std::vector<TableColumn> columns;
  auto& inputs = model.engine().inputs();
  for (auto& info : inputs) {
    bool rows = !info.shape.empty() && info.shape.size() <= 2 && info.shape[0] < 0 && width_of(info) > 0;
    if (!rows || info.type == DataType::f16 || info.type == DataType::bf16) return std::nullopt;
    std::size_t width = width_of(info);
    for (std::size_t i = 0; i < width; i++)
      columns.push_back({width == 1 ? info.name : info.name + "_" + std::to_string(i), info.type});
  }
  if (columns.empty()) return std::nullopt;
  auto& signature = model.signature();
  if (signature && inputs.size() == 1 && signature->columns.size() == columns.size())
    for (std::size_t i = 0; i < columns.size(); i++) columns[i].name = signature->columns[i];
  return columns;
}

// {"Inputs": {"data": rows}}; older clients leave out the outer object, or name the rows as they like.
static const json::array& rows_of(const json::value& body) {
  const json::value* place = find(body, "Inputs");
  if (!place) place = &body;
  const json::value* rows = find(*place, "data");
  if (!rows && place->is_object() && place->as_object().size() == 1) rows = &place->as_object().begin()->value();
  if (!rows && place->is_array()) rows = place;
  if (!rows || !rows->is_array() || rows->as_array().empty())
    throw Error(Code::invalid, "the request has no rows: {\"Inputs\": {\"data\": [{column: value, ...}, ...]}}");
  return rows->as_array();
}

static void append_cell(std::string& to, const TableColumn& column, const json::value* cell, std::size_t row) {
  auto wrong = [&](const std::string& what) {
    throw Error(Code::invalid, "row " + std::to_string(row) + ": column \"" + column.name + "\" " + what);
  };
  bool real = column.type == DataType::f32 || column.type == DataType::f64;
  if (!cell || cell->is_null()) {
    if (real) {
      to += "NaN";  // a hole
    } else if (column.type == DataType::text) {
      to += "\"\"";
    } else {
      wrong("has no value");
    }
  } else if (column.type == DataType::text) {
    append_json_string(to, cell->is_string() ? std::string(cell->as_string()) : json::serialize(*cell));
  } else if (cell->is_double() && !real && std::floor(cell->as_double()) == cell->as_double() &&
             std::abs(cell->as_double()) < 9e15) {
    to += std::to_string(static_cast<std::int64_t>(cell->as_double()));  // spreadsheets know no whole numbers
  } else if ((cell->is_number() && (real || !cell->is_double())) ||
             (cell->is_bool() && column.type == DataType::boolean)) {
    to += json::serialize(*cell);
  } else {
    wrong("is " + json::serialize(*cell) + ", which is no " + std::string(protocol_name(column.type)));
  }
}

static const json::value* cell_of(const json::value& row, const std::vector<TableColumn>& columns, std::size_t place,
                                  std::size_t number) {
  if (auto* list = row.if_array()) {
    if (list->size() != columns.size())
      throw Error(Code::invalid, "row " + std::to_string(number) + " has " + std::to_string(list->size()) +
                                     " values, the model " + std::to_string(columns.size()) + " columns");
    return &(*list)[place];
  }
  if (!row.is_object()) throw Error(Code::invalid, "row " + std::to_string(number) + " is no object and no list");
  return find(row, columns[place].name);
}

static void check_names(const json::value& row, const std::vector<TableColumn>& columns, std::size_t number) {
  if (!row.is_object()) return;
  for (auto& [key, value] : row.as_object())
    if (std::none_of(columns.begin(), columns.end(), [&, &key = key](auto& column) { return column.name == key; }))
      throw Error(Code::invalid,
                  "row " + std::to_string(number) + ": the model has no column \"" + std::string(key) + "\"");
}

static void read_rows(const json::array& rows, const ServedModel& model, InferRequest& request) {
  auto columns = table_columns(model);
  if (!columns)
    throw Error(Code::invalid, "model " + model.name() + " takes no rows of a table",
                "POST /endpoints/" + model.name() + "/predict takes a picture or a sound");
  for (std::size_t i = 0; i < rows.size(); i++) check_names(rows[i], *columns, i + 1);
  std::string text = "{\"inputs\":[";
  std::size_t first = 0;
  for (auto& info : model.engine().inputs()) {
    if (first) text += ',';
    text += "{\"name\":";
    append_json_string(text, info.name);
    std::size_t width = width_of(info);
    text += ",\"datatype\":\"" + std::string(protocol_name(info.type)) + "\",\"shape\":[" + std::to_string(rows.size());
    if (info.shape.size() == 2) text += "," + std::to_string(width);
    text += "],\"data\":[";
    for (std::size_t row = 0; row < rows.size(); row++)
      for (std::size_t i = first; i < first + width; i++) {
        if (row || i > first) text += ',';
        append_cell(text, (*columns)[i], cell_of(rows[row], *columns, i, row + 1), row + 1);
      }
    text += "]}";
    first += width;
  }
  SharedMemory none;
  read_infer(text + "]}", {}, none, request);
}

// One row's part of an output; what JSON has no number for is null.
static void append_part(std::string& to, const TensorView& whole, std::size_t row, std::size_t rows,
                        const std::string& name) {
  TensorView part{whole.type, {}, {}, {}};
  std::size_t bytes = whole.bytes.size() / rows, texts = whole.texts.size() / rows;
  part.bytes = whole.bytes.subspan(row * bytes, bytes);
  part.texts.assign(whole.texts.begin() + static_cast<std::ptrdiff_t>(row * texts),
                    whole.texts.begin() + static_cast<std::ptrdiff_t>((row + 1) * texts));
  std::string values;
  append_json_values(values, part, name);
  std::size_t count = whole.type == DataType::text ? texts : bytes / size_of(whole.type);
  if (whole.type == DataType::f32 || whole.type == DataType::f64)
    for (std::string_view odd : {"-Infinity", "Infinity", "NaN"})
      for (auto at = values.find(odd); at != std::string::npos; at = values.find(odd))
        values.replace(at, odd.size(), "null");
  to += count == 1 ? values.substr(1, values.size() - 2) : values;
}

// The label that is likeliest, for a classifier that says so.
static bool append_label(std::string& to, const InferTask& task, std::size_t row, std::size_t rows) {
  auto& signature = task.model->signature();
  if (!signature || signature->task != "classify" || signature->labels.empty()) return false;
  for (std::size_t i = 0; i < task.outputs.size(); i++) {
    auto& output = task.outputs[i];
    if (task.request.outputs[i].name != "probabilities" || output.type != DataType::f32) continue;
    std::size_t labels = signature->labels.size();
    if (output.bytes.size() != rows * labels * sizeof(float)) return false;
    auto* values = reinterpret_cast<const float*>(output.bytes.data()) + row * labels;
    append_json_string(to,
                       signature->labels[static_cast<std::size_t>(std::max_element(values, values + labels) - values)]);
    return true;
  }
  return false;
}

static std::string results(const InferTask& task, std::size_t rows, bool probabilities) {
  std::string text = "{\"Results\":[";
  std::vector<std::size_t> shown;
  for (std::size_t i = 0; i < task.outputs.size(); i++) {
    auto& shape = task.outputs[i].shape;
    if (!shape.empty() && static_cast<std::size_t>(shape[0]) == rows) shown.push_back(i);
  }
  if (shown.empty()) throw Error(Code::unsupported, "model " + task.model->name() + " gives no answer for each row");
  auto named = [&](std::size_t i) { return task.request.outputs[i].name == "probabilities"; };
  if (probabilities && std::any_of(shown.begin(), shown.end(), named))
    std::erase_if(shown, [&](auto i) { return !named(i); });
  for (std::size_t row = 0; row < rows; row++) {
    if (row) text += ',';
    if (!probabilities && append_label(text, task, row, rows)) continue;
    if (shown.size() > 1) text += '{';
    for (std::size_t i : shown) {
      auto& name = task.request.outputs[i].name;
      if (i != shown.front()) text += ',';
      if (shown.size() > 1) {
        append_json_string(text, name);
        text += ':';
      }
      append_part(text, task.outputs[i], row, rows, name);
    }
    if (shown.size() > 1) text += '}';
  }
  return text + "]}";
}

void score_rows(Service& service, const ExchangePointer& exchange, const std::string& name) {
  Dispatch dispatch(service, name, "",
                    [&](const std::string& header) { return std::string(exchange->header(header)); });
  auto body = parse_json(exchange->body, "request body");
  auto& rows = rows_of(body);
  auto task = std::make_shared<InferTask>();
  task->request.model = name;
  read_rows(rows, *dispatch.model(), task->request);
  auto* parameters = find(body, "GlobalParameters");
  bool probabilities = parameters && string_or(*parameters, "method", "predict") == "predict_proba";
  task->done = [exchange, probabilities, count = rows.size()](const TaskPointer& finished) {
    try {
      if (finished->error) throw *finished->error;
      exchange->answer({.body = results(*finished, count, probabilities)});
    } catch (const Error& error) {
      exchange->answer(http_error(row_of(error.code).http_status, error.text()));
    }
  };
  dispatch.run(task, exchange->header("traceparent"));
}

}  // namespace gyre
