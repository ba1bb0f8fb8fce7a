#include "serve/model_config.hpp"

#include "base/error.hpp"
#include "serve/types.hpp"

namespace gyre {

namespace {

// Protocol buffers write 64-bit integers as texts in JSON; both forms are taken.
std::uint64_t count(const json::object& object, std::string_view key, std::uint64_t otherwise = 0) {
  auto* value = find(object, key);
  if (!value) return otherwise;
  if (value->is_string()) {
    auto text = std::string(value->as_string());
    if (!text.empty() && text.find_first_not_of("0123456789") == std::string::npos) return std::stoull(text);
  } else if (value->is_int64() && value->as_int64() >= 0) {
    return static_cast<std::uint64_t>(value->as_int64());
  }
  throw Error(Code::invalid, std::string(key) + " must be a number that is not negative");
}

bool flag(const json::object& object, std::string_view key) {
  auto* value = find(object, key);
  if (!value) return false;
  if (!value->is_bool()) throw Error(Code::invalid, std::string(key) + " must be true or false");
  return value->as_bool();
}

const json::object& object_of(const json::value& value, std::string_view what) {
  if (!value.is_object()) throw Error(Code::invalid, std::string(what) + " must be an object");
  return value.as_object();
}

const json::array* list(const json::object& object, std::string_view key) {
  auto* value = find(object, key);
  if (!value) return nullptr;
  if (!value->is_array()) throw Error(Code::invalid, std::string(key) + " must be a list");
  return &value->as_array();
}

std::int64_t whole(const json::value& value, std::string_view what) {
  if (value.is_int64()) return value.as_int64();
  if (value.is_string()) return std::atoll(value.as_string().c_str());
  throw Error(Code::invalid, std::string(what) + " must be whole numbers");
}

QueuePolicy policy_from(const json::value& value) {
  auto& object = object_of(value, "a queue policy");
  QueuePolicy policy;
  std::string action = string_or(object, "timeout_action", "REJECT");
  if (action != "REJECT" && action != "DELAY") throw Error(Code::invalid, "timeout_action is REJECT or DELAY");
  policy.delay_late = action == "DELAY";
  policy.timeout_us = count(object, "default_timeout_microseconds");
  policy.timeout_override = flag(object, "allow_timeout_override");
  policy.most = count(object, "max_queue_size");
  return policy;
}

void read_batching(ModelConfig& config, const json::object& object) {
  bool anything = false;
  if (auto* sizes = list(object, "preferred_batch_size"))
    for (auto& size : *sizes) {
      config.preferred.push_back(static_cast<std::size_t>(whole(size, "preferred_batch_size")));
      anything = true;
      if (config.preferred.back() < 1 || config.preferred.back() > config.max_batch)
        throw Error(Code::invalid, "preferred_batch_size must be from 1 to max_batch_size");
    }
  config.delay_us = count(object, "max_queue_delay_microseconds");
  anything = anything || object.contains("max_queue_delay_microseconds");
  // An empty dynamic_batching says that requests may be joined, not how: that is learned.
  config.batching = anything ? Batching::fixed : Batching::automatic;
  config.preserve_ordering = flag(object, "preserve_ordering");
  config.priority_levels = count(object, "priority_levels");
  config.default_priority = count(object, "default_priority_level");
  if (config.priority_levels && (config.default_priority < 1 || config.default_priority > config.priority_levels))
    throw Error(Code::invalid, "default_priority_level must be from 1 to priority_levels");
  if (auto* policy = find(object, "default_queue_policy")) config.policy = policy_from(*policy);
  if (auto* levels = find(object, "priority_queue_policy"))
    for (auto& [level, policy] : object_of(*levels, "priority_queue_policy")) {
      auto number = static_cast<std::uint64_t>(std::atoll(std::string(level).c_str()));
      if (number < 1 || number > config.priority_levels)
        throw Error(Code::invalid, "priority_queue_policy names the level " + std::string(level) +
                                       ", which is not from 1 to priority_levels");
      config.level_policies[number] = policy_from(policy);
    }
}

WarmUp warm_up_from(const json::value& value) {
  auto& object = object_of(value, "a sample of model_warmup");
  WarmUp sample;
  sample.name = string_or(object, "name", "sample");
  sample.batch_size = std::max<std::size_t>(1, count(object, "batch_size"));
  sample.count = std::max<std::size_t>(1, count(object, "count"));
  if (auto* inputs = find(object, "inputs"))
    for (auto& [name, input] : object_of(*inputs, "inputs of model_warmup")) {
      auto& given = object_of(input, "an input of model_warmup");
      sample.random = sample.random || flag(given, "random_data");
      if (auto* dims = list(given, "dims"))
        for (auto& size : *dims) sample.shapes[std::string(name)].push_back(whole(size, "dims"));
    }
  return sample;
}

void read(ModelConfig& config, const json::object& object) {
  config.max_batch_given = object.contains("max_batch_size");
  config.max_batch = count(object, "max_batch_size");
  if (auto* batching = find(object, "dynamic_batching"))
    read_batching(config, object_of(*batching, "dynamic_batching"));
  if (auto* groups = list(object, "instance_group"))
    for (auto& group : *groups) {
      auto& given = object_of(group, "an instance_group");
      std::string kind = string_or(given, "kind", "KIND_AUTO");
      if (kind == "KIND_GPU")
        throw Error(Code::unsupported, "instance_group: KIND_GPU: models run on the processor here");
      config.instances += std::max<std::size_t>(1, count(given, "count"));
      auto* limiter = find(given, "rate_limiter");
      if (auto* needed = limiter ? list(object_of(*limiter, "rate_limiter"), "resources") : nullptr)
        for (auto& resource : *needed) {
          auto& one = object_of(resource, "a resource");
          config.resources[get_string(one, "name")] = static_cast<std::int64_t>(count(one, "count", 1));
        }
    }
  if (auto* parameters = find(object, "parameters"))
    for (auto& [name, value] : object_of(*parameters, "parameters")) {
      std::string text = value.is_object()   ? string_or(value, "string_value", "")
                         : value.is_string() ? std::string(value.as_string())
                                             : json::serialize(value);
      if (name == "intra_op_thread_count") config.threads = std::max(0, std::atoi(text.c_str()));
      if (name == "latency_target_ms") config.latency_target_ms = std::max(1.0, std::atof(text.c_str()));
    }
  if (auto* policy = find(object, "version_policy")) {
    auto& given = object_of(*policy, "version_policy");
    if (given.contains("all")) config.versions.latest = 0;
    if (auto* latest = find(given, "latest"))
      config.versions.latest = std::max<std::size_t>(1, count(object_of(*latest, "latest"), "num_versions", 1));
    if (auto* specific = find(given, "specific"))
      if (auto* versions = list(object_of(*specific, "specific"), "versions"))
        for (auto& version : *versions) config.versions.specific.push_back(whole(version, "versions"));
  }
  if (auto* labels = find(object, "version_labels"))
    for (auto& [label, version] : object_of(*labels, "version_labels"))
      config.versions.labels[std::string(label)] = whole(version, "version_labels");
  if (auto* samples = list(object, "model_warmup"))
    for (auto& sample : *samples) config.warm_up.push_back(warm_up_from(sample));
  if (auto* cache = find(object, "response_cache"))
    config.response_cache = flag(object_of(*cache, "response_cache"), "enable");
}

json::array tensors(const std::vector<TensorInfo>& infos, bool batched) {
  json::array list;
  for (auto& info : infos) {
    json::array dims;
    for (std::size_t i = batched ? 1 : 0; i < info.shape.size(); i++) dims.push_back(info.shape[i]);
    list.push_back(json::object{{"name", info.name}, {"data_type", config_name(info.type)}, {"dims", std::move(dims)}});
  }
  return list;
}

json::object to_json(const QueuePolicy& policy) {
  return {{"timeout_action", policy.delay_late ? "DELAY" : "REJECT"},
          {"default_timeout_microseconds", policy.timeout_us},
          {"allow_timeout_override", policy.timeout_override},
          {"max_queue_size", policy.most}};
}

}  // namespace

ModelConfig config_from(const json::value& value, std::string_view model) {
  ModelConfig config;
  try {
    read(config, object_of(value, "it"));
  } catch (const Error& error) {
    throw Error(error.code, "the configuration of model " + std::string(model) + ": " + error.text(), error.hint);
  }
  config.given = value.as_object();
  return config;
}

json::object to_json(const ModelConfig& config, std::string_view model, const std::vector<TensorInfo>& inputs,
                     const std::vector<TensorInfo>& outputs) {
  json::object told = config.given;
  told["name"] = model;
  told["platform"] = "onnxruntime_onnx";
  told["backend"] = "onnxruntime";
  told["max_batch_size"] = config.max_batch;
  told["input"] = tensors(inputs, config.max_batch > 0);
  told["output"] = tensors(outputs, config.max_batch > 0);
  told["instance_group"] = json::array{{{"name", model}, {"kind", "KIND_CPU"}, {"count", config.instances}}};
  if (!told.contains("version_policy")) told["version_policy"] = {{"latest", {{"num_versions", 1}}}};
  if (config.max_batch > 0 && config.batching != Batching::off) {
    json::array preferred;
    for (auto size : config.preferred) preferred.push_back(size);
    told["dynamic_batching"] = {
        {"preferred_batch_size", std::move(preferred)},      {"max_queue_delay_microseconds", config.delay_us},
        {"preserve_ordering", config.preserve_ordering},     {"priority_levels", config.priority_levels},
        {"default_priority_level", config.default_priority}, {"default_queue_policy", to_json(config.policy)}};
  }
  told["response_cache"] = {{"enable", config.response_cache}};
  return told;
}

}  // namespace gyre
