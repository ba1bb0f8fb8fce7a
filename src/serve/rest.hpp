#pragma once
// The Open Inference Protocol v2 over REST, with the extensions of Triton that have a meaning here.
#include "base/json.hpp"
#include "serve/endpoints.hpp"
#include "serve/front.hpp"
#include "serve/repository.hpp"
#include "serve/service_log.hpp"
#include "serve/shared_memory.hpp"
#include "serve/tracer.hpp"
#include "serve/worker.hpp"

namespace gyre {

class BatchJobs;

// What a serving process consists of beside its listeners.
struct Service {
  Repository& repository;
  SharedMemory& shared_memory;
  Worker& worker;    // for what takes long: loading
  Worker& decoders;  // pictures and sounds
  Endpoints& endpoints;
  std::size_t body_limit = 256u << 20;  // of a request, unpacked
  Tracer tracer{};
  ServiceLog log{};
  BatchJobs* batches = nullptr;  // nothing: it takes none
  std::function<std::filesystem::path(const std::string& model, const std::string& version)> model_file{};
};

HttpHandler rest_handler(Service& service);
struct GrpcHandler;
GrpcHandler grpc_handler(Service& service);  // the same over gRPC

// What both protocols tell, as values.
json::object server_metadata();
// What there is to know beside the tensors: the registered digest, labels of versions.
std::map<std::string, std::string> model_properties(const Repository& repository, const ServedModel& model);
json::object model_metadata(const Repository& repository, const ServedModel& model);
json::object model_statistics(const Repository& repository, std::string_view name, std::string_view version);
json::array repository_index(const Repository& repository, bool only_ready);
// The parameters of a load request: "config" and files as base64.
void load_model_as_asked(Service& service, const std::string& name, const json::value& parameters);
void unload_model_as_asked(Service& service, const std::string& name);

}  // namespace gyre
