#include <algorithm>
#include <cstdio>

#include "base/command.hpp"
#include "base/cores.hpp"
#include "serve/access.hpp"
#include "serve/batch_jobs.hpp"
#include "serve/grpc_call.hpp"
#include "serve/model_folder.hpp"
#include "serve/registered.hpp"
#include "serve/rest.hpp"
#include "server/signals.hpp"

namespace gyre {

namespace {

struct Options : AccessOptions {
  std::int64_t port = 8000;
  std::int64_t grpc_port = 8001;
  std::int64_t io_threads = 0;
  std::int64_t body_mb = 256;
  bool let_cores_sleep = false;
  std::string repository;
  std::string endpoints;
  std::string batches;
  double batch_days = 7;
  std::vector<std::string> resource;
  double int8_loss = 0;
  std::string log_format = "default", log_file, trace_file;
  bool log_requests = false;
};

const std::vector<Field> fields{
    field("address", &Options::address, "address to listen on"),
    field("port", &Options::port, "REST, metrics and health; 0 picks a free one", {.min = 0, .max = 65535}),
    field("grpc-port", &Options::grpc_port, "gRPC; 0 picks a free one", {.min = 0, .max = 65535}),
    field("repository", &Options::repository,
          "a folder of models that clients may load: NAME/VERSION/model.onnx or NAME.onnx"),
    field("endpoints", &Options::endpoints, "a file that keeps the endpoints; made when the first is put"),
    field("batches", &Options::batches, "a folder that keeps batches: rows that are scored while nobody waits"),
    field("batch-days", &Options::batch_days, "how long a batch that has ended is kept; 0: until it is deleted",
          {.min = 0}),
    field("resource", &Options::resource,
          "NAME=COUNT: how much there is of a resource that models' rate limiters name"),
    field(
        "int8-loss", &Options::int8_loss,
        "serve a registered model's 8-bit variant when its registered loss is not more (0.005: half a point); 0: never",
        {.min = 0, .max = 1}),
    field("log-format", &Options::log_format, "of what is told of models and requests",
          {.choices = {"default", "json"}}),
    field("log-file", &Options::log_file, "where it is told; standard error when empty"),
    field("log-requests", &Options::log_requests, "tell of each request too, never what is in it"),
    field("trace-file", &Options::trace_file, "where traced requests are written; clients turn tracing on"),
    field("io-threads", &Options::io_threads, "threads that talk to clients; 0: as many as cores",
          {.min = 0, .max = 256}),
    field("tls", &Options::tls, "speak TLS, with a certificate of the workspace's own authority unless one is given"),
    field("tls-certificate", &Options::tls_certificate, "PEM file of the certificate, the server's own first"),
    field("tls-key", &Options::tls_key, "PEM file of its key"),
    field("key-file", &Options::key_file, "a file of keys that clients must show, and their limits (docs/serving.md)"),
    field("auth", &Options::auth, "clients show tokens of the workspace's users; its server (gyre up --auth) is asked"),
    field("requests-per-second", &Options::requests_per_second, "of one key that has no limit of its own; 0: any",
          {.min = 0}),
    field("at-once", &Options::at_once, "requests of such a key that are worked on at a time; 0: any", {.min = 0}),
    field("let-cores-sleep", &Options::let_cores_sleep,
          "save power: do not keep the cores awake while clients ask in quick succession"),
    field("body-mb", &Options::body_mb, "the largest request, in MiB", {.min = 1, .max = 4096}),
};

int run(const json::object& values, CommandContext& context) {
  json::object own = values;
  own.erase("models");
  auto options = from_fields<Options>(fields, own, "serve");
  check_access(options);
  auto tls = tls_files(options);
  StopSignals signals;
  RegisteredModels registered(context, options.int8_loss);
  ModelSources sources(options.repository,
                       [&](ModelFiles& files, const std::string& reference) { registered.add_to(files, reference); });
  std::vector<std::string> names;
  if (auto* models = find(values, "models"))
    for (auto& model : models->as_array()) {
      auto name = sources.add(std::string(model.as_string()));
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  if (names.empty() && options.repository.empty())
    throw Error(Code::invalid, "there is nothing to serve", "gyre serve MODEL.onnx, or --repository FOLDER");
  // In this order: the front ends last, since what still runs answers through it.
  Front front({.threads = static_cast<std::size_t>(options.io_threads),
               .body_limit = static_cast<std::size_t>(options.body_mb) << 20,
               .awake = !options.let_cores_sleep});
  SharedMemory shared_memory;
  Repository repository([&](const std::string& name) { return sources.find(name); }, [&] { return sources.names(); });
  for (auto& given : options.resource) {
    auto equals = given.find('=');
    if (equals == std::string::npos || std::atoll(given.c_str() + equals + 1) <= 0)
      throw Error(Code::invalid, "--resource " + given + " is not NAME=COUNT");
    repository.resources().set(given.substr(0, equals), std::atoll(given.c_str() + equals + 1));
  }
  repository.hold_ready(false);
  Worker worker, decoders(usable_cores());
  Endpoints endpoints(options.endpoints);
  Service service{repository, shared_memory, worker,
                  decoders,   endpoints,     static_cast<std::size_t>(options.body_mb) << 20};
  std::optional<BatchJobs> batches;
  if (!options.batches.empty()) service.batches = &batches.emplace(options.batches, options.batch_days);
  service.model_file = [&](const std::string& model, const std::string& version) -> std::filesystem::path {
    auto files = sources.find(model);
    auto found = files ? files->versions.find(std::atoll(version.c_str())) : decltype(files->versions.find(0)){};
    if (!files || found == files->versions.end() || found->second.path.empty())
      throw Error(Code::unsupported, model + " has no file: batches are answered by models that were not sent here");
    return found->second.path;
  };
  auto admission = make_admission(options);
  struct StopFront {  // also when a model does not load: requests must not outlive what they use
    Front& front;
    ~StopFront() { front.stop(0); }
  } stop_front{front};
  service.log.open(options.log_file, options.log_format);
  if (options.log_requests) service.log.change(json::object{{"log_verbose_level", 1}});
  if (!options.trace_file.empty()) service.tracer.open(options.trace_file);
  front.tell(service.log.requests_wanted(), [&](const AnsweredRequest& answered) { service.log.request(answered); });
  HttpHandler rest = rest_handler(service);
  GrpcHandler grpc = grpc_handler(service);
  HeadJudge judge;
  if (admission) {
    judge = head_judge(*admission, decoders);
    rest = admitted(std::move(rest), *admission, decoders);
    grpc = admitted(std::move(grpc), *admission, decoders);
  }
  int port = front.listen(options.address, static_cast<int>(options.port), std::move(rest), tls, std::move(judge));
  int grpc_port = front.listen_grpc(options.address, static_cast<int>(options.grpc_port), std::move(grpc), tls);
  for (auto& name : names) load_model_as_asked(service, name, nullptr);
  repository.hold_ready(true);
  json::object state{{"url", (tls ? "https://" : "http://") + options.address + ":" + std::to_string(port)},
                     {"grpc", options.address + ":" + std::to_string(grpc_port)}};
  if (context.json)
    context.print(state);
  else
    std::printf("serving %zu model%s at %s, gRPC at %s; Ctrl-C ends it\n", names.size(), names.size() == 1 ? "" : "s",
                get_string(state, "url").c_str(), get_string(state, "grpc").c_str());
  std::fflush(stdout);
  signals.wait();
  repository.hold_ready(false);
  front.stop();
  return 0;
}

}  // namespace

extern const Command command_serve;
const Command command_serve{
    .words = "serve",
    .help = "Serve models by the Open Inference Protocol: every client of Triton, KServe and MLServer",
    .arguments = {{"models", FieldType::list, "files, or NAME, NAME@3, NAME@champion", nullptr, {}}},
    .options = fields,
    .run = run};

}  // namespace gyre
