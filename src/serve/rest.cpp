#include "serve/rest.hpp"

#include <charconv>

#include "base/gzip.hpp"
#include "serve/api_pages.hpp"
#include "serve/batch_door.hpp"
#include "serve/dispatch.hpp"
#include "serve/infer_json.hpp"
#include "serve/metrics.hpp"
#include "serve/predict_door.hpp"
#include "serve/table_door.hpp"
#include "server/wire.hpp"

namespace gyre {

namespace {

HttpAnswer answer_of(const json::value& value) { return {.body = json::serialize(value)}; }
HttpAnswer answer_of(const Error& error) { return http_error(row_of(error.code).http_status, error.text()); }

// /v2/models/{name}[/versions/{version}][/{what}]
struct ModelPath {
  std::string_view name, version, what;
};

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    auto end = path.find('/');
    parts.push_back(path.substr(0, end));
    path = end == std::string_view::npos ? std::string_view{} : path.substr(end);
  }
  return parts;
}

json::value json_of(std::string_view body) {
  return body.empty() ? json::value(json::object{}) : parse_json(body, "request body");
}

class Rest {
 public:
  explicit Rest(Service& service) : service_(service) {}

  void handle(const ExchangePointer& exchange) {
    std::string decoded;
    std::string_view path = exchange->path;
    if (path.find('%') != std::string_view::npos) {
      auto plain = percent_decode(path);
      if (!plain) throw Error(Code::invalid, "the path has a broken escape");
      decoded = std::move(*plain);
      path = decoded;
    }
    static constexpr std::string_view models = "/v2/models/";
    if (path.starts_with(models)) return model(exchange, model_path(path.substr(models.size())));
    other(exchange, path);
  }

 private:
  static ModelPath model_path(std::string_view rest) {
    ModelPath found;
    auto end = rest.find('/');
    found.name = rest.substr(0, end);
    if (end == std::string_view::npos) return found;
    rest = rest.substr(end + 1);
    static constexpr std::string_view versions = "versions/";
    if (rest.starts_with(versions)) {
      rest.remove_prefix(versions.size());
      end = rest.find('/');
      found.version = rest.substr(0, end);
      rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
    found.what = rest;
    return found;
  }

  void model(const ExchangePointer& exchange, const ModelPath& path) {
    auto& repository = service_.repository;
    if (path.what == "infer" && exchange->method == "POST") return infer(exchange, path);
    if (exchange->method == "GET" && path.what == "ready") {
      bool ready = true;
      try {
        repository.get(path.name, path.version);
      } catch (const Error&) {
        ready = false;
      }
      auto answer = answer_of(json::object{{"name", path.name}, {"ready", ready}});
      if (!ready) answer.status = 400;
      return exchange->answer(std::move(answer));
    }
    if (path.what == "trace/setting") return exchange->answer(trace_settings(exchange, std::string(path.name)));
    if (exchange->method != "GET") return unknown(exchange);
    if (path.what == "stats")
      return exchange->answer(answer_of(model_statistics(repository, path.name == "" ? "" : path.name, path.version)));
    if (path.what == "" && path.version == "" && path.name == "stats")
      return exchange->answer(answer_of(model_statistics(repository, "", "")));
    if (path.what != "" && path.what != "config") return unknown(exchange);
    auto model = repository.get(path.name, path.version);
    if (path.what == "config")
      return exchange->answer(
          answer_of(to_json(model->config(), model->name(), model->engine().inputs(), model->engine().outputs())));
    exchange->answer(answer_of(model_metadata(repository, *model)));
  }

  void infer(const ExchangePointer& exchange, const ModelPath& path) {
    auto task = std::make_shared<InferTask>();
    Dispatch dispatch(service_, path.name, path.version,
                      [&](const std::string& name) { return std::string(exchange->header(name)); });
    auto& request = task->request;
    request.model = path.name;
    std::string_view body = exchange->body;
    if (auto coding = exchange->header("content-encoding"); !coding.empty() && coding != "identity") {
      unpacked_body(*task, coding, body);
      body = *static_cast<const std::string*>(task->kept.get());
    }
    auto header = exchange->header("inference-header-content-length");
    std::size_t json_size = body.size();
    if (!header.empty()) {
      auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), json_size);
      if (error != std::errc() || end != header.data() + header.size() || json_size > body.size())
        throw Error(Code::invalid, "Inference-Header-Content-Length is \"" + std::string(header) + "\", the body has " +
                                       std::to_string(body.size()) + " bytes");
    }
    if (!header.empty() && json_size == 0)
      read_raw_infer(body, dispatch.model()->engine().inputs(), request);
    else
      read_infer(body.substr(0, json_size), body.substr(json_size), service_.shared_memory, request);
    // The request's bytes stay with the exchange, or unpacked with `kept_body`, until it is answered.
    task->done = [exchange, kept_body = task->kept](const TaskPointer& finished) { answer(*exchange, *finished); };
    dispatch.run(task, exchange->header("traceparent"));
  }

  void unpacked_body(InferTask& task, std::string_view coding, std::string_view body) {
    if (coding != "gzip" && coding != "deflate")
      throw Error(Code::unsupported, "Content-Encoding " + std::string(coding) + " is not known here",
                  "gzip and deflate are");
    task.kept = std::make_shared<const std::string>(gunzip(body, service_.body_limit, "request body"));
  }

  static void answer(HttpExchange& exchange, const InferTask& task) {
    HttpAnswer answer;
    try {
      if (task.error) throw *task.error;
      auto body = write_infer(task);
      answer.body = std::move(body.bytes);
      if (body.binary) {
        answer.content_type = "application/octet-stream";
        answer.headers = "Inference-Header-Content-Length: " + std::to_string(body.json_size) + "\r\n";
      }
    } catch (const Error& error) {
      answer = answer_of(error);
    }
    if (auto accepted = exchange.header("accept-encoding");
        accepted.find("gzip") != std::string_view::npos && answer.body.size() >= smallest_packed) {
      answer.body = gzip(answer.body, 1);
      answer.headers += "Content-Encoding: gzip\r\n";
    }
    if (!task.traceparent.empty()) answer.headers += "traceparent: " + task.traceparent + "\r\n";
    exchange.answer(std::move(answer));
  }

  void other(const ExchangePointer& exchange, std::string_view path) {
    bool get = exchange->method == "GET" || exchange->method == "HEAD", post = exchange->method == "POST";
    auto& repository = service_.repository;
    if (get && path == "/v2/health/live") return exchange->answer(answer_of(json::object{{"live", true}}));
    if (get && path == "/v2/health/ready") {
      bool ready = repository.ready();
      auto answer = answer_of(json::object{{"ready", ready}, {"live", true}});
      if (!ready) answer.status = 503;
      return exchange->answer(std::move(answer));
    }
    if (get && path == "/v2") return exchange->answer(answer_of(server_metadata()));
    if (get && path == "/metrics")
      return exchange->answer({.content_type = "text/plain; version=0.0.4", .body = metrics_text(repository)});
    if (get && path == "/v2/models") {
      json::array names;
      for (auto& row : repository.index())
        if (row.state == "READY" && (names.empty() || names.back().as_string() != row.name))
          names.push_back(json::string(row.name));
      return exchange->answer(answer_of(json::object{{"models", std::move(names)}}));
    }
    if (get && path == "/openapi.json") return exchange->answer(answer_of(openapi_page(service_)));
    if (get && path == "/swagger.json") return exchange->answer(answer_of(swagger_page(service_, "")));
    if (post && path == "/score") return in_background(exchange, only_name(service_), score_rows);
    if (path == "/v2/logging") return exchange->answer(log_settings(exchange));
    if (path == "/v2/trace/setting") return exchange->answer(trace_settings(exchange, ""));
    auto parts = parts_of(path);
    auto is = [&](std::size_t place, std::string_view word) { return parts.size() > place && parts[place] == word; };
    if (is(1, "repository")) {
      if (post && parts.size() == 3 && is(2, "index")) {
        auto body = json_of(exchange->body);
        auto* ready = find(body, "ready");
        return exchange->answer(answer_of(repository_index(repository, ready && ready->is_bool() && ready->as_bool())));
      }
      if (post && parts.size() == 5 && is(2, "models") && (is(4, "load") || is(4, "unload")))
        return change_model(exchange, std::string(parts[3]), is(4, "load"));
    }
    if (is(0, "endpoints")) return endpoint(exchange, parts);
    if (is(1, "systemsharedmemory")) return shared_memory(exchange, parts);
    if (is(1, "cudasharedmemory"))
      throw Error(Code::unsupported, "models run on the processor here: there is no CUDA shared memory");
    unknown(exchange);
  }

  // What decodes bodies of any size is not done on the thread that reads them.
  void in_background(const ExchangePointer& exchange, const std::string& name,
                     void (*answer)(Service&, const ExchangePointer&, const std::string&)) {
    service_.decoders.post(
        [this, exchange, name, answer] { answered(exchange, [&] { answer(service_, exchange, name); }); });
  }
  static void answered(const ExchangePointer& exchange, const std::function<void()>& answer) {
    try {
      answer();
    } catch (const Error& error) {
      exchange->answer(answer_of(error));
    } catch (const std::exception& error) {
      exchange->answer(http_error(500, error.what()));
    }
  }

  // {"id": of a request, "right": whether its answer was}, or a list of them.
  static json::object take_truths(Endpoints& endpoints, const std::string& name, const json::value& body) {
    std::int64_t counted = 0, unknown = 0;
    auto take = [&](const json::value& one) {
      (endpoints.tell_truth(name, get_string(one, "id"), get_bool(one, "right")) ? counted : unknown)++;
    };
    if (auto* list = body.if_array())
      for (auto& one : *list) take(one);
    else
      take(body);
    return {{"counted", counted}, {"unknown", unknown}};
  }

  // /endpoints[/{name}[/predict|score|truths|swagger.json|batches...]]
  void endpoint(const ExchangePointer& exchange, const std::vector<std::string_view>& parts) {
    auto& endpoints = service_.endpoints;
    if (parts.size() == 1 && exchange->method == "GET")
      return exchange->answer(answer_of(json::object{{"endpoints", endpoints.list()}}));
    std::string name(parts.size() > 1 ? parts[1] : "");
    if (parts.size() == 3 && parts[2] == "predict" && exchange->method == "POST")
      return in_background(exchange, name, predict_from);
    if (parts.size() == 3 && parts[2] == "score" && exchange->method == "POST")
      return in_background(exchange, name, score_rows);
    if (parts.size() == 3 && parts[2] == "truths" && exchange->method == "POST")
      return exchange->answer(answer_of(take_truths(endpoints, name, json_of(exchange->body))));
    if (parts.size() == 3 && parts[2] == "swagger.json" && exchange->method == "GET")
      return exchange->answer(answer_of(swagger_page(service_, name)));
    if (parts.size() > 2 && parts[2] == "batches") {  // writes and reads files
      service_.decoders.post([this, exchange, words = std::vector<std::string>(parts.begin(), parts.end())] {
        answered(exchange, [&] { answer_batches(service_, exchange, words); });
      });
      return;
    }
    if (parts.size() != 2 || name.empty()) return unknown(exchange);
    if (exchange->method == "PUT") {
      auto config = endpoint_config(json_of(exchange->body));
      for (auto& target : config.targets) service_.repository.get(target.model, target.version);
      for (auto& target : config.mirror) service_.repository.get(target.model, target.version);
      endpoints.put(name, std::move(config));
    } else if (exchange->method == "DELETE") {
      endpoints.remove(name);
      return exchange->answer({.body = "{}"});
    } else if (exchange->method != "GET") {
      return unknown(exchange);
    }
    exchange->answer(answer_of(endpoints.describe(name)));
  }

  void change_model(const ExchangePointer& exchange, std::string name, bool load) {
    auto body = json_of(exchange->body);
    service_.worker.post([this, exchange, name = std::move(name), load, body = std::move(body)] {
      try {
        auto* parameters = find(body, "parameters");
        if (load)
          load_model_as_asked(service_, name, parameters ? *parameters : json::value(nullptr));
        else
          unload_model_as_asked(service_, name);
        exchange->answer({.body = "{}"});
      } catch (const Error& error) {
        exchange->answer(
            http_error(error.code == Code::not_found ? 400 : row_of(error.code).http_status, error.text()));
      } catch (const std::exception& error) {
        exchange->answer(http_error(500, error.what()));
      }
    });
  }

  // /v2/systemsharedmemory[/region/{name}]/(status|register|unregister)
  void shared_memory(const ExchangePointer& exchange, const std::vector<std::string_view>& parts) {
    std::string name = parts.size() == 5 && parts[2] == "region" ? std::string(parts[3]) : "";
    if (parts.size() != 5 && parts.size() != 3) return unknown(exchange);
    auto what = parts.back();
    auto& regions = service_.shared_memory;
    if (what == "status" && exchange->method == "GET") {
      json::array list;
      for (auto& one : regions.status(name))
        list.push_back(
            json::object{{"name", one.name}, {"key", one.key}, {"offset", one.offset}, {"byte_size", one.size}});
      return exchange->answer(answer_of(list));
    }
    if (exchange->method != "POST") return unknown(exchange);
    if (what == "unregister") {
      regions.remove(name);
    } else if (what == "register" && !name.empty()) {
      auto body = json_of(exchange->body);
      std::int64_t offset = find(body, "offset") ? get_int(body, "offset") : 0, size = get_int(body, "byte_size");
      if (offset < 0 || size <= 0) throw Error(Code::invalid, "offset and byte_size must not be negative");
      regions.add(name, get_string(body, "key"), static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
    } else {
      return unknown(exchange);
    }
    exchange->answer({.body = "{}"});
  }

  HttpAnswer log_settings(const ExchangePointer& exchange) {
    if (exchange->method == "POST") return answer_of(service_.log.change(json_of(exchange->body)));
    return answer_of(service_.log.settings());
  }

  HttpAnswer trace_settings(const ExchangePointer& exchange, const std::string& model) {
    if (!model.empty()) service_.repository.get(model, "");
    if (exchange->method == "POST") return answer_of(service_.tracer.change(model, json_of(exchange->body)));
    return answer_of(service_.tracer.settings(model));
  }

  static void unknown(const ExchangePointer& exchange) {
    exchange->answer(
        http_error(404, "there is nothing at " + std::string(exchange->method) + " " + std::string(exchange->path)));
  }

  static constexpr std::size_t smallest_packed = 256;
  Service& service_;
};

}  // namespace

HttpHandler rest_handler(Service& service) {
  return [rest = std::make_shared<Rest>(service)](const ExchangePointer& exchange) { rest->handle(exchange); };
}

}  // namespace gyre
