#include "serve/api_pages.hpp"

#include "base/version.hpp"
#include "serve/table_door.hpp"
#include "serve/types.hpp"

namespace gyre {

// Names that can be asked, and the model that says what they take.
static std::map<std::string, std::shared_ptr<ServedModel>> asked_names(const Service& service) {
  std::map<std::string, std::shared_ptr<ServedModel>> names;
  for (auto& model : service.repository.all()) names[model->name()] = service.repository.get(model->name(), "");
  for (auto& endpoint : service.endpoints.list()) {
    auto& target = endpoint.at("targets").at(0);
    try {
      names[std::string(endpoint.at("name").as_string())] =
          service.repository.get(get_string(target, "model"), string_or(target, "version", ""));
    } catch (const Error&) {
      continue;  // its model is not loaded: it answers nothing now
    }
  }
  return names;
}

static json::object value_schema(DataType type) {
  switch (type) {
    case DataType::f16:
    case DataType::bf16:
    case DataType::f32:
      return {{"type", "number"}, {"format", "float"}};
    case DataType::f64:
      return {{"type", "number"}, {"format", "double"}};
    case DataType::text:
      return {{"type", "string"}};
    case DataType::boolean:
      return {{"type", "boolean"}};
    default:
      return {{"type", "integer"}, {"format", size_of(type) == 8 ? "int64" : "int32"}};
  }
}

static json::value example_of(DataType type) {
  if (type == DataType::text) return "";
  if (type == DataType::boolean) return false;
  if (type == DataType::f32 || type == DataType::f64) return 0.5;
  return 0;
}

static json::object reference(const std::string& place, const std::string& name) {
  return {{"$ref", "#/" + place + "/" + name}};
}

// Swagger 2.0 of the services of Azure ML: what Power BI and Excel look for by name.
static json::object row_definitions(const std::vector<TableColumn>& columns, const std::string& suffix) {
  json::object properties, example;
  for (auto& column : columns) {
    properties[column.name] = value_schema(column.type);
    example[column.name] = example_of(column.type);
  }
  json::object row{{"type", "object"}, {"properties", std::move(properties)}};
  json::object data{{"type", "array"}, {"items", std::move(row)}};
  json::object inputs{{"type", "object"}, {"properties", {{"data", std::move(data)}}}};
  json::object method{{"type", "string"}, {"default", "predict"}, {"enum", {"predict", "predict_proba"}}};
  json::object parameters{{"type", "object"}, {"properties", {{"method", std::move(method)}}}};
  json::object body_example{{"Inputs", {{"data", json::array{std::move(example)}}}},
                            {"GlobalParameters", {{"method", "predict"}}}};
  json::object input{{"type", "object"},
                     {"properties", {{"Inputs", std::move(inputs)}, {"GlobalParameters", std::move(parameters)}}},
                     {"example", std::move(body_example)}};
  return {{"ServiceInput" + suffix, std::move(input)}};
}

// What one result is: a label, a number, or an object of the outputs.
static json::object result_schema(const ServedModel& model) {
  if (model.signature() && model.signature()->task == "classify") return {{"type", "string"}};
  auto& outputs = model.engine().outputs();
  auto one = [](const TensorInfo& info) {
    bool single = info.shape.size() <= 1 || (info.shape.size() == 2 && info.shape[1] == 1);
    auto value = value_schema(info.type);
    return single ? value : json::object{{"type", "array"}, {"items", std::move(value)}};
  };
  if (outputs.size() == 1) return one(outputs.front());
  json::object properties;
  for (auto& info : outputs) properties[info.name] = one(info);
  return {{"type", "object"}, {"properties", std::move(properties)}};
}

static json::object score_path(const std::string& name, const std::string& suffix) {
  json::object payload{{"name", "serviceInputPayload"},
                       {"in", "body"},
                       {"required", true},
                       {"description", "Rows, one result for each"},
                       {"schema", reference("definitions", "ServiceInput" + suffix)}};
  json::object good{{"description", "One result for each row"},
                    {"schema", reference("definitions", "ServiceOutput" + suffix)}};
  json::object bad{{"description", "What is wrong with the request"},
                   {"schema", reference("definitions", "ErrorResponse")}};
  return {{"post",
           {{"operationId", "RunMLService" + suffix},
            {"description", "Ask " + name},
            {"parameters", json::array{std::move(payload)}},
            {"responses", {{"200", std::move(good)}, {"default", std::move(bad)}}}}}};
}

static json::object health_path() {
  json::object good{{"description", "Healthy"}, {"schema", {{"type", "object"}}}};
  return {{"get",
           {{"operationId", "ServiceHealthCheck"},
            {"description", "Whether models are loaded"},
            {"responses", {{"200", std::move(good)}}}}}};
}

std::string only_name(const Service& service) {
  auto names = asked_names(service);
  std::erase_if(names, [](auto& one) { return !table_columns(*one.second); });
  if (names.size() != 1)
    throw Error(Code::not_found, std::to_string(names.size()) + " models that take rows are served here",
                "POST /endpoints/NAME/score says which");
  return names.begin()->first;
}

json::object swagger_page(const Service& service, std::string_view name) {
  auto names = asked_names(service);
  std::erase_if(names, [&](auto& one) { return (!name.empty() && one.first != name) || !table_columns(*one.second); });
  if (!name.empty() && names.empty())
    throw Error(Code::not_found, "there is no " + std::string(name) + " that takes rows of a table");
  bool one = names.size() == 1;
  json::object paths, definitions;
  json::object message{{"type", "object"}, {"properties", {{"error", {{"type", "string"}}}}}};
  definitions["ErrorResponse"] = std::move(message);
  for (auto& [asked, model] : names) {
    std::string suffix = one ? "" : "_" + asked;
    for (auto& definition : row_definitions(*table_columns(*model), suffix))
      definitions[definition.key()] = definition.value();
    json::object list{{"type", "array"}, {"items", result_schema(*model)}};
    definitions["ServiceOutput" + suffix] =
        json::object{{"type", "object"}, {"properties", {{"Results", std::move(list)}}}};
    paths[one ? "/score" : "/endpoints/" + asked + "/score"] = score_path(asked, suffix);
  }
  if (name.empty()) paths["/v2/health/ready"] = health_path();
  std::string title = one ? names.begin()->first : "gyre";
  json::object page{{"swagger", "2.0"},
                    {"info", {{"title", title}, {"description", "Models served by Gyre"}, {"version", version()}}}};
  if (!name.empty()) page["basePath"] = "/endpoints/" + std::string(name);
  json::object bearer{{"type", "apiKey"}, {"name", "Authorization"}, {"in", "header"}, {"description", "Bearer KEY"}};
  page["schemes"] = {"http", "https"};
  page["consumes"] = {"application/json"};
  page["produces"] = {"application/json"};
  page["securityDefinitions"] = {{"Bearer", std::move(bearer)}};
  page["paths"] = std::move(paths);
  page["definitions"] = std::move(definitions);
  return page;
}

// OpenAPI 3.1.

static json::object json_body(json::object schema) { return {{"application/json", {{"schema", std::move(schema)}}}}; }

static json::object operation(std::string_view id, std::string_view summary, json::object answer) {
  json::object good{{"description", "The answer"}, {"content", json_body(std::move(answer))}};
  json::object bad{{"description", "What is wrong"}, {"content", json_body(reference("components/schemas", "Error"))}};
  return {{"operationId", id},
          {"summary", summary},
          {"responses", {{"200", std::move(good)}, {"default", std::move(bad)}}}};
}

static json::object with_body(json::object operation, json::object content) {
  operation["requestBody"] = json::object{{"required", true}, {"content", std::move(content)}};
  return operation;
}

static json::object tensor_schema(const TensorInfo& info, bool answer) {
  json::array sizes;
  for (auto size : info.shape) sizes.push_back(size < 0 ? json::value("free") : json::value(size));
  json::object shape{{"type", "array"}, {"items", {{"type", "integer"}}}, {"description", json::serialize(sizes)}};
  json::object data{{"type", "array"}, {"description", "the values, row by row; lists in lists are taken too"}};
  if (answer) data["items"] = value_schema(info.type);
  json::object properties{{"name", {{"const", info.name}}},
                          {"datatype", {{"const", protocol_name(info.type)}}},
                          {"shape", std::move(shape)},
                          {"data", std::move(data)}};
  return {{"type", "object"}, {"properties", std::move(properties)}, {"required", {"name", "datatype", "shape"}}};
}

static json::object infer_schema(const std::vector<TensorInfo>& infos, bool answer) {
  json::array tensors;
  for (auto& info : infos) tensors.push_back(tensor_schema(info, answer));
  json::object list{{"type", "array"}, {"prefixItems", std::move(tensors)}};
  json::object properties{{"id", {{"type", "string"}}}};
  properties[answer ? "outputs" : "inputs"] = std::move(list);
  if (answer) {
    properties["model_name"] = json::object{{"type", "string"}};
    properties["model_version"] = json::object{{"type", "string"}};
  } else {
    properties["parameters"] = json::object{{"type", "object"}};
  }
  return {{"type", "object"}, {"properties", std::move(properties)}, {"required", {answer ? "outputs" : "inputs"}}};
}

// What /endpoints/NAME/predict takes as it is.
static json::object predict_content(const ServedModel& model) {
  auto& signature = model.signature();
  std::string takes = signature ? signature->takes : "tensors";
  json::object content;
  json::object bytes{{"schema", {{"type", "string"}, {"contentEncoding", "binary"}}}};
  if (takes == "image") content = {{"image/jpeg", bytes}, {"image/png", bytes}};
  if (takes == "sound") content = {{"audio/wav", bytes}};
  if (takes == "series" || takes == "table") content = {{"text/csv", {{"schema", {{"type", "string"}}}}}};
  json::object properties;
  if (takes == "table")
    for (auto& column : signature->columns) properties[column] = json::object{{"type", {"number", "string", "null"}}};
  else
    for (auto& info : model.engine().inputs()) properties[info.name] = json::object{{"type", "array"}};
  content["application/json"] = json::object{{"schema", {{"type", "object"}, {"properties", std::move(properties)}}}};
  return content;
}

// Rows that are answered while nobody waits.
static void add_batches(json::object& paths, const std::string& name) {
  json::object job{{"type", "object"}}, text{{"schema", {{"type", "string"}}}};
  auto submit = with_body(operation("submit_" + name, "Send rows to " + name + " and come back for the answers", job),
                          {{"text/csv", text}, {"application/x-ndjson", text}});
  auto& responses = submit.at("responses").as_object();
  responses["202"] = responses.at("200");
  responses.erase("200");
  std::string all = "/endpoints/" + name + "/batches";
  paths[all] =
      json::object{{"get", operation("batches_" + name, "The batches of " + name, job)}, {"post", std::move(submit)}};
  json::array id{
      json::object{{"name", "id"}, {"in", "path"}, {"required", true}, {"schema", json::object{{"type", "string"}}}}};
  auto of_one = [&](std::string_view id_of, std::string_view summary) {
    auto one = operation(id_of, summary, job);
    one["parameters"] = id;
    return one;
  };
  paths[all + "/{id}"] = json::object{{"get", of_one("batch_" + name, "How far a batch is")},
                                      {"delete", of_one("delete_batch_" + name, "Stop and forget a batch")}};
  paths[all + "/{id}/answers"] =
      json::object{{"get", of_one("answers_" + name, "The answers of a batch that is done")}};
}

static void add_model(json::object& paths, const std::string& name, const ServedModel& model) {
  auto& engine = model.engine();
  json::object infer = with_body(operation("infer_" + name, "Ask " + name + " by the Open Inference Protocol",
                                           infer_schema(engine.outputs(), true)),
                                 json_body(infer_schema(engine.inputs(), false)));
  paths["/v2/models/" + name + "/infer"] = json::object{{"post", std::move(infer)}};
  json::object answer{{"type", "object"}};
  paths["/endpoints/" + name + "/predict"] = json::object{
      {"post", with_body(operation("predict_" + name, "Ask " + name + " in words", answer), predict_content(model))}};
  auto columns = table_columns(model);
  if (!columns) return;
  json::object input = row_definitions(*columns, "").begin()->value().as_object();
  input.erase("example");
  json::object results{{"type", "array"}, {"items", result_schema(model)}};
  json::object output{{"type", "object"}, {"properties", {{"Results", std::move(results)}}}};
  paths["/endpoints/" + name + "/score"] = json::object{
      {"post", with_body(operation("score_" + name, "Ask " + name + " with rows of a table", std::move(output)),
                         json_body(std::move(input)))}};
}

json::object openapi_page(const Service& service) {
  json::object paths;
  struct Fixed {
    std::string_view path, method, id, summary;
  };
  static constexpr Fixed fixed[] = {
      {"/v2/health/live", "get", "live", "Whether the server runs"},
      {"/v2/health/ready", "get", "ready", "Whether the models of the start are loaded; 503 while they are not"},
      {"/v2", "get", "server", "The server and its extensions"},
      {"/v2/models", "get", "models", "The models that are served"},
      {"/v2/models/stats", "get", "statistics", "What all models did"},
      {"/v2/repository/index", "post", "index", "All models, also those that are not loaded"},
      {"/endpoints", "get", "endpoints", "Names in front of versions, and what was seen of them"},
  };
  json::object any{{"type", "object"}};
  for (auto& one : fixed) paths[one.path] = json::object{{one.method, operation(one.id, one.summary, any)}};
  for (auto& [name, model] : asked_names(service)) {
    add_model(paths, name, *model);
    if (service.batches) add_batches(paths, name);
  }
  json::object error{{"type", "object"}, {"properties", {{"error", {{"type", "string"}}}}}, {"required", {"error"}}};
  json::object key{{"type", "http"}, {"scheme", "bearer"}};
  return {{"openapi", "3.1.0"},
          {"info", {{"title", "gyre serve"}, {"version", version()}}},
          {"paths", std::move(paths)},
          {"components", {{"schemas", {{"Error", std::move(error)}}}, {"securitySchemes", {{"Key", std::move(key)}}}}},
          {"security", json::array{json::object{}, json::object{{"Key", json::array{}}}}}};
}

}  // namespace gyre
