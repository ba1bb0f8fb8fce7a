// GRPCInferenceService, with Triton's extensions, and grpc.health.v1.
#include <map>

#include "base/hash.hpp"
#include "serve/dispatch.hpp"
#include "serve/grpc_call.hpp"
#include "serve/grpc_infer.hpp"
#include "serve/proto_wire.hpp"
#include "serve/rest.hpp"
#include "serve/types.hpp"

namespace gyre {

namespace {

// The texts of a message by field: what most requests consist of.
std::map<std::uint32_t, std::string> texts_of(std::string_view message) {
  std::map<std::uint32_t, std::string> texts;
  ProtoReader reader(message);
  while (reader.next()) {
    std::uint32_t field = reader.field();
    if (reader.is_bytes())
      texts[field] = reader.text();
    else
      reader.skip();
  }
  return texts;
}

// map<string, message> as JSON: `value` turns the message into one.
template <class Value>
json::object map_of(std::string_view message, std::uint32_t field, const Value& value) {
  json::object entries;
  ProtoReader reader(message);
  while (reader.next()) {
    if (reader.field() != field) {
      reader.skip();
      continue;
    }
    auto parts = texts_of(reader.bytes());
    entries[parts[1]] = value(parts[2]);
  }
  return entries;
}

void write_tensors(ProtoWriter& to, std::uint32_t field, const std::vector<TensorInfo>& infos) {
  for (auto& info : infos)
    to.message(field, [&](ProtoWriter& tensor) {
      tensor.text(1, info.name);
      tensor.text(2, protocol_name(info.type));
      tensor.packed(3, info.shape);
    });
}

// The configuration's DataType, by the protocol's names.
std::uint64_t config_number(DataType type) {
  static constexpr std::string_view names[] = {"",      "BOOL",  "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16",
                                               "INT32", "INT64", "FP16",  "FP32",   "FP64",   "BYTES",  "BF16"};
  for (std::size_t i = 0; i < std::size(names); i++)
    if (names[i] == protocol_name(type)) return i;
  return 0;
}

void write_config(ProtoWriter& to, const ServedModel& model) {
  auto& config = model.config();
  to.text(1, model.name());
  to.text(2, "onnxruntime_onnx");
  to.text(17, "onnxruntime");
  to.number(4, config.max_batch);
  auto tensors = [&](std::uint32_t field, const std::vector<TensorInfo>& infos) {
    for (auto& info : infos)
      to.message(field, [&](ProtoWriter& tensor) {
        tensor.text(1, info.name);
        tensor.number(2, config_number(info.type));
        std::vector<std::int64_t> dims(info.shape.begin() + (config.max_batch > 0 ? 1 : 0), info.shape.end());
        tensor.packed(field == 5 ? 4 : 3, dims);
      });
  };
  tensors(5, model.engine().inputs());
  tensors(6, model.engine().outputs());
  to.message(7, [&](ProtoWriter& group) {
    group.text(1, model.name());
    group.number(2, config.instances);
    group.number(4, 2);
  });
  if (config.max_batch > 0 && config.batching != Batching::off)
    to.message(11, [&](ProtoWriter& batching) {
      batching.packed(1, config.preferred);
      batching.number(2, config.delay_us);
      batching.number(3, config.preserve_ordering);
      batching.number(4, config.priority_levels);
      batching.number(5, config.default_priority);
    });
  to.message(24, [&](ProtoWriter& cache) { cache.number(1, config.response_cache); });
}

void write_duration(ProtoWriter& to, std::uint32_t field, const Duration& duration) {
  to.message(field, [&](ProtoWriter& one) {
    one.number(1, duration.count);
    one.number(2, duration.ns);
  });
}

void write_statistics(ProtoWriter& to, const ServedModel& model) {
  auto counts = model.statistics().total();
  to.message(1, [&](ProtoWriter& one) {
    one.text(1, model.name());
    one.text(2, model.version());
    one.number(3, static_cast<std::uint64_t>(counts.last_ms));
    one.number(4, counts.rows);
    one.number(5, counts.executions);
    one.message(6, [&](ProtoWriter& inference) {
      const Duration* durations[] = {&counts.success, &counts.fail,   &counts.queue,     &counts.input,
                                     &counts.infer,   &counts.output, &counts.cache_hit, &counts.cache_miss};
      for (std::uint32_t i = 0; i < std::size(durations); i++) write_duration(inference, i + 1, *durations[i]);
    });
    for (auto& [size, batch] : counts.batches)
      one.message(7, [&, size = size, &batch = batch](ProtoWriter& sized) {
        sized.number(1, size);
        write_duration(sized, 2, batch.input);
        write_duration(sized, 3, batch.infer);
        write_duration(sized, 4, batch.output);
      });
  });
}

// Settings of tracing are lists of texts, those of logging texts, numbers or flags.
void write_trace_settings(ProtoWriter& to, const json::object& settings) {
  for (auto& [name, value] : settings)
    to.message(1, [&, &name = name, &value = value](ProtoWriter& entry) {
      entry.text(1, name);
      entry.message(2, [&](ProtoWriter& list) {
        if (value.is_array())
          for (auto& one : value.as_array()) list.bytes(1, one.as_string());
        else
          list.bytes(1, value.as_string());
      });
    });
}
void write_log_settings(ProtoWriter& to, const json::object& settings) {
  for (auto& [name, value] : settings)
    to.message(1, [&, &name = name, &value = value](ProtoWriter& entry) {
      entry.text(1, name);
      entry.message(2, [&](ProtoWriter& one) {
        if (value.is_bool())
          one.always_number(1, value.as_bool());
        else if (value.is_string())
          one.bytes(3, value.as_string());
        else
          one.always_number(2, value.to_number<std::uint64_t>());
      });
    });
}

json::value log_value(std::string_view message) {
  ProtoReader reader(message);
  json::value value;
  while (reader.next()) {
    if (reader.field() == 1)
      value = reader.number() != 0;
    else if (reader.field() == 2)
      value = reader.number();
    else
      value = json::string(reader.bytes());
  }
  return value;
}

json::value trace_value(std::string_view message) {
  ProtoReader reader(message);
  json::array list;
  while (reader.next()) list.push_back(json::string(reader.bytes()));
  if (list.empty()) return nullptr;  // back to the global value
  return list.size() == 1 && list[0].as_string() != "TIMESTAMPS" && list[0].as_string() != "TENSORS" &&
                 list[0].as_string() != "OFF"
             ? list[0]
             : json::value(list);
}

// What a load request may carry: texts and bytes.
json::value load_value(std::string_view message) {
  ProtoReader reader(message);
  json::value value;
  while (reader.next()) {
    if (reader.field() == 3)
      value = json::string(reader.bytes());
    else if (reader.field() == 4)
      value = json::string(base64(reader.bytes()));
    else if (reader.field() == 1)
      value = reader.number() != 0;
    else
      value = reader.number();
  }
  return value;
}

void no_cuda(std::string_view, ProtoWriter&) {
  throw Error(Code::unsupported, "models run on the processor here: there is no CUDA shared memory");
}

class Grpc {
 public:
  explicit Grpc(Service& service) : service_(service) {
    methods_ = {
        {"ServerLive", [](auto, ProtoWriter& to) { to.number(1, 1); }},
        {"ServerReady", [this](auto, ProtoWriter& to) { to.number(1, service_.repository.ready()); }},
        {"ServerMetadata", [](auto, ProtoWriter& to) { server(to); }},
        {"ModelReady", [this](auto message, ProtoWriter& to) { model_ready(message, to); }},
        {"ModelMetadata", [this](auto message, ProtoWriter& to) { model_metadata(message, to); }},
        {"ModelConfig",
         [this](auto message, ProtoWriter& to) {
           auto model = named(message);
           to.message(1, [&](ProtoWriter& config) { write_config(config, *model); });
         }},
        {"ModelStatistics", [this](auto message, ProtoWriter& to) { statistics(message, to); }},
        {"RepositoryIndex", [this](auto message, ProtoWriter& to) { index(message, to); }},
        {"SystemSharedMemoryStatus", [this](auto message, ProtoWriter& to) { shared_status(message, to); }},
        {"SystemSharedMemoryRegister", [this](auto message, ProtoWriter&) { shared_register(message); }},
        {"SystemSharedMemoryUnregister",
         [this](auto message, ProtoWriter&) { service_.shared_memory.remove(texts_of(message)[1]); }},
        {"CudaSharedMemoryStatus", no_cuda},
        {"CudaSharedMemoryRegister", no_cuda},
        {"CudaSharedMemoryUnregister", no_cuda},
        {"LogSettings",
         [this](auto message, ProtoWriter& to) {
           write_log_settings(to, service_.log.change(map_of(message, 1, log_value)));
         }},
        {"TraceSetting", [this](auto message, ProtoWriter& to) { trace(message, to); }},
        {"Check", [this](auto, ProtoWriter& to) { to.number(1, service_.repository.ready() ? 1 : 2); }},
    };
  }

  void message(const GrpcCallPointer& call, std::size_t place, GrpcMessage message) {
    auto path = call->path();
    auto method = path.substr(path.rfind('/') + 1);
    bool known = path.starts_with("/inference.GRPCInferenceService/") || path == "/grpc.health.v1.Health/Check";
    if (known && method == "ModelInfer") return infer(call, place, std::move(message), false);
    if (known && method == "ModelStreamInfer") return infer(call, place, std::move(message), true);
    if (known && (method == "RepositoryModelLoad" || method == "RepositoryModelUnload"))
      return change_model(call, place, message.view(), method == "RepositoryModelLoad");
    auto found = methods_.find(method);
    if (!known || found == methods_.end()) throw Error(Code::unsupported, "there is no method " + std::string(path));
    std::string frame = grpc_frame();
    ProtoWriter writer(frame);
    found->second(message.view(), writer);
    call->answer(place, grpc_framed(std::move(frame)));
  }

 private:
  std::shared_ptr<ServedModel> named(std::string_view message) const {
    auto texts = texts_of(message);
    return service_.repository.get(texts[1], texts[2]);
  }

  // In a stream an error is an answer like others: the stream goes on.
  static std::string stream_answer(std::string_view error, const InferTask* task) {
    std::string frame = grpc_frame();
    ProtoWriter writer(frame);
    writer.text(1, error);
    if (task) {
      std::string inner;
      write_grpc_infer(*task, inner);
      // Each request has one answer: none is waited for after it.
      ProtoWriter(inner).message(4, [](ProtoWriter& entry) {
        entry.text(1, "triton_final_response");
        entry.message(2, [](ProtoWriter& value) { value.always_number(1, 1); });
      });
      writer.bytes(2, inner);
    }
    return grpc_framed(std::move(frame));
  }

  void infer(const GrpcCallPointer& call, std::size_t place, GrpcMessage message, bool stream) {
    auto task = std::make_shared<InferTask>();
    auto kept = std::make_shared<const GrpcMessage>(std::move(message));  // the tensors lie in it
    std::optional<Dispatch> dispatch;
    try {
      read_grpc_infer(kept->view(), service_.shared_memory, task->request);
      // Calls have no headers that stay with a client: its requests' id is what an endpoint may stick to.
      dispatch.emplace(service_, task->request.model, task->request.version,
                       [&](const std::string&) { return task->request.id; });
    } catch (const Error& error) {
      if (!stream) throw;
      return call->answer(place, stream_answer(error.text(), nullptr));
    }
    task->done = [call, place, stream, kept](const TaskPointer& finished) {
      call->carry_trace(std::move(finished->traceparent));
      try {
        if (finished->error) throw *finished->error;
        if (stream) return call->answer(place, stream_answer({}, finished.get()));
        std::string frame = grpc_frame();
        write_grpc_infer(*finished, frame);
        call->answer(place, grpc_framed(std::move(frame)));
      } catch (const Error& error) {
        if (stream)
          call->answer(place, stream_answer(error.text(), nullptr));
        else
          call->fail(error);
      }
    };
    dispatch->run(task, call->metadata("traceparent"));
  }

  void change_model(const GrpcCallPointer& call, std::size_t place, std::string_view message, bool load) {
    auto name = texts_of(message)[2];
    auto parameters = map_of(message, 3, load_value);
    service_.worker.post([this, call, place, load, name, parameters = std::move(parameters)] {
      try {
        if (load)
          load_model_as_asked(service_, name, parameters);
        else
          unload_model_as_asked(service_, name);
        call->answer(place, grpc_framed(grpc_frame()));
      } catch (const Error& error) {
        call->fail(error);
      } catch (const std::exception& error) {
        call->fail(Error(Code::internal, error.what()));
      }
    });
  }

  static void server(ProtoWriter& to) {
    auto told = server_metadata();
    to.text(1, told.at("name").as_string());
    to.text(2, told.at("version").as_string());
    for (auto& extension : told.at("extensions").as_array()) to.text(3, extension.as_string());
  }

  void model_ready(std::string_view message, ProtoWriter& to) const {
    try {
      named(message);
      to.number(1, 1);
    } catch (const Error&) {
      to.number(1, 0);
    }
  }

  void model_metadata(std::string_view message, ProtoWriter& to) const {
    auto model = named(message);
    to.text(1, model->name());
    for (auto& version : service_.repository.versions(model->name())) to.text(2, version->version());
    to.text(3, "onnxruntime_onnx");
    write_tensors(to, 4, model->engine().inputs());
    write_tensors(to, 5, model->engine().outputs());
    for (auto& [name, value] : model_properties(service_.repository, *model))
      to.message(6, [&, &name = name, &value = value](ProtoWriter& entry) {
        entry.text(1, name);
        entry.text(2, value);
      });
  }

  void statistics(std::string_view message, ProtoWriter& to) const {
    auto texts = texts_of(message);
    if (texts[1].empty())
      for (auto& model : service_.repository.all()) write_statistics(to, *model);
    else if (texts[2].empty())
      for (auto& model : service_.repository.versions(texts[1])) write_statistics(to, *model);
    else
      write_statistics(to, *service_.repository.get(texts[1], texts[2]));
  }

  void index(std::string_view message, ProtoWriter& to) const {
    bool only_ready = false;
    ProtoReader reader(message);
    while (reader.next()) {
      if (reader.field() == 2)
        only_ready = reader.number() != 0;
      else
        reader.skip();
    }
    for (auto& row : service_.repository.index()) {
      if (only_ready && row.state != "READY") continue;
      to.message(1, [&](ProtoWriter& one) {
        one.text(1, row.name);
        one.text(2, row.version);
        one.text(3, row.state);
        one.text(4, row.reason);
      });
    }
  }

  void shared_status(std::string_view message, ProtoWriter& to) const {
    for (auto& region : service_.shared_memory.status(texts_of(message)[1]))
      to.message(1, [&](ProtoWriter& entry) {
        entry.text(1, region.name);
        entry.message(2, [&](ProtoWriter& status) {
          status.text(1, region.name);
          status.text(2, region.key);
          status.number(3, region.offset);
          status.number(4, region.size);
        });
      });
  }

  void shared_register(std::string_view message) {
    std::string name, key;
    std::uint64_t offset = 0, size = 0;
    ProtoReader reader(message);
    while (reader.next()) switch (reader.field()) {
        case 1:
          name = reader.text();
          break;
        case 2:
          key = reader.text();
          break;
        case 3:
          offset = reader.number();
          break;
        case 4:
          size = reader.number();
          break;
        default:
          reader.skip();
      }
    service_.shared_memory.add(name, key, offset, size);
  }

  void trace(std::string_view message, ProtoWriter& to) {
    std::string model;
    ProtoReader reader(message);
    while (reader.next()) {
      if (reader.field() == 2)
        model = reader.text();
      else
        reader.skip();
    }
    if (!model.empty()) service_.repository.get(model, "");
    write_trace_settings(to, service_.tracer.change(model, map_of(message, 1, trace_value)));
  }

  Service& service_;
  std::map<std::string, std::function<void(std::string_view message, ProtoWriter& to)>, std::less<>> methods_;
};

}  // namespace

GrpcHandler grpc_handler(Service& service) {
  auto grpc = std::make_shared<Grpc>(service);
  return {[grpc](const GrpcCallPointer& call, std::size_t place, GrpcMessage message) {
            grpc->message(call, place, std::move(message));
          },
          [](std::string_view path) { return path.ends_with("/ModelStreamInfer"); }};
}

}  // namespace gyre
