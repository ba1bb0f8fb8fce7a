#include "base/clock.hpp"
#include "base/hash.hpp"
#include "base/version.hpp"
#include "serve/rest.hpp"
#include "serve/types.hpp"

namespace gyre {

json::object server_metadata() {
  return {{"name", "gyre"},
          {"version", version()},
          {"extensions",
           {"binary_tensor_data", "classification", "schedule_policy", "model_configuration", "model_repository",
            "model_repository(unload_dependents)", "statistics", "trace", "logging", "parameters",
            "system_shared_memory"}}};
}

static json::array tensors(const std::vector<TensorInfo>& infos) {
  json::array list;
  for (auto& info : infos) {
    json::array shape;
    for (auto size : info.shape) shape.push_back(size);
    list.push_back(
        json::object{{"name", info.name}, {"datatype", protocol_name(info.type)}, {"shape", std::move(shape)}});
  }
  return list;
}

std::map<std::string, std::string> model_properties(const Repository& repository, const ServedModel& model) {
  std::map<std::string, std::string> properties;
  if (!model.digest().empty()) properties["digest"] = model.digest();
  if (!model.variant().empty()) properties["variant"] = model.variant();
  for (auto& [label, version] : repository.labels(model.name())) properties["label." + label] = std::to_string(version);
  return properties;
}

json::object model_metadata(const Repository& repository, const ServedModel& model) {
  json::array versions;
  for (auto& one : repository.versions(model.name())) versions.push_back(json::string(one->version()));
  json::object told{{"name", model.name()},
                    {"versions", std::move(versions)},
                    {"platform", "onnxruntime_onnx"},
                    {"inputs", tensors(model.engine().inputs())},
                    {"outputs", tensors(model.engine().outputs())}};
  if (auto properties = model_properties(repository, model); !properties.empty())
    told["properties"] = json::value_from(properties);
  return told;
}

static json::object told(const Duration& duration) { return {{"count", duration.count}, {"ns", duration.ns}}; }

static json::object statistics_of(const ServedModel& model) {
  auto counts = model.statistics().total();
  json::array batches;
  for (auto& [size, batch] : counts.batches)
    batches.push_back(json::object{{"batch_size", size},
                                   {"compute_input", told(batch.input)},
                                   {"compute_infer", told(batch.infer)},
                                   {"compute_output", told(batch.output)}});
  return {{"name", model.name()},
          {"version", model.version()},
          {"last_inference", counts.last_ms},
          {"inference_count", counts.rows},
          {"execution_count", counts.executions},
          {"inference_stats",
           {{"success", told(counts.success)},
            {"fail", told(counts.fail)},
            {"queue", told(counts.queue)},
            {"compute_input", told(counts.input)},
            {"compute_infer", told(counts.infer)},
            {"compute_output", told(counts.output)},
            {"cache_hit", told(counts.cache_hit)},
            {"cache_miss", told(counts.cache_miss)}}},
          {"response_stats", json::object{}},
          {"batch_stats", std::move(batches)},
          {"memory_usage", json::array{}}};
}

json::object model_statistics(const Repository& repository, std::string_view name, std::string_view version) {
  json::array list;
  if (name.empty())
    for (auto& model : repository.all()) list.push_back(statistics_of(*model));
  else if (version.empty())
    for (auto& model : repository.versions(name)) list.push_back(statistics_of(*model));
  else
    list.push_back(statistics_of(*repository.get(name, version)));
  return {{"model_stats", std::move(list)}};
}

json::array repository_index(const Repository& repository, bool only_ready) {
  json::array list;
  for (auto& row : repository.index()) {
    if (only_ready && row.state != "READY") continue;
    json::object one{{"name", row.name}};
    if (!row.version.empty()) one["version"] = row.version;
    one["state"] = row.state;
    if (!row.reason.empty()) one["reason"] = row.reason;
    list.push_back(std::move(one));
  }
  return list;
}

static void load_with(Service& service, const std::string& name, const json::value& parameters) {
  if (!parameters.is_object() || parameters.as_object().empty()) return service.repository.load(name);
  ModelFiles changes;
  changes.config = json::object{};
  bool configured = false;
  for (auto& [key, value] : parameters.as_object()) {
    std::string_view parameter = key;
    if (parameter == "config") {
      if (!value.is_string()) throw Error(Code::invalid, "the parameter config is a text of JSON");
      changes.config = parse_json(value.as_string(), "config of model " + name);
      configured = true;
    } else if (parameter.starts_with("file:")) {
      if (!value.is_string()) throw Error(Code::invalid, "the parameter " + std::string(parameter) + " is base64");
      std::string_view path = parameter.substr(5);
      std::int64_t number = std::atoll(std::string(path.substr(0, path.find('/'))).c_str());
      if (number < 1 || path.find('/') == std::string_view::npos)
        throw Error(Code::invalid, "the parameter " + std::string(parameter) + " is not file:VERSION/NAME");
      changes.versions[number].bytes = from_base64(value.as_string());
    } else {
      throw Error(Code::invalid, "the load parameter " + std::string(parameter) + " is not known");
    }
  }
  if (!changes.versions.empty() && !configured)
    throw Error(Code::invalid, "files for model " + name + " were given without a config");
  service.repository.load(name, changes);
}

void load_model_as_asked(Service& service, const std::string& name, const json::value& parameters) {
  double begun = seconds_since_start();
  try {
    load_with(service, name, parameters);
  } catch (const Error& error) {
    service.log.write(LogLevel::error, "model not loaded", {{"model", name}, {"error", error.text()}});
    throw;
  }
  json::array versions;
  for (auto& model : service.repository.versions(name)) versions.push_back(json::string(model->version()));
  service.log.write(LogLevel::info, "model loaded",
                    {{"model", name},
                     {"versions", std::move(versions)},
                     {"ms", static_cast<std::int64_t>((seconds_since_start() - begun) * 1000)}});
}

void unload_model_as_asked(Service& service, const std::string& name) {
  service.repository.unload(name);
  service.log.write(LogLevel::info, "model unloaded", {{"model", name}});
}

}  // namespace gyre
