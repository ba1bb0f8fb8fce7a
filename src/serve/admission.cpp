#include "serve/admission.hpp"

#include <strings.h>

#include <algorithm>
#include <cmath>

#include "base/clock.hpp"
#include "serve/grpc_call.hpp"
#include "serve/proto_wire.hpp"
#include "server/wire.hpp"

namespace gyre {

// /v2/models/{name}/..., /endpoints/{name}/...
static std::string name_behind(std::string_view path, std::string_view start) {
  path.remove_prefix(start.size());
  return std::string(path.substr(0, path.find('/')));
}

Wanted wanted_by(std::string_view method, std::string_view path) {
  if (path == "/v2/health/live" || path == "/v2/health/ready") return {Right::open, {}};
  bool reads = method == "GET" || method == "HEAD";
  static constexpr std::string_view models = "/v2/models/", endpoints = "/endpoints/";
  if (path.starts_with(models)) {
    bool settings = path.ends_with("/trace/setting");
    return {reads || !settings ? Right::use : Right::manage, name_behind(path, models)};
  }
  if (path.starts_with(endpoints)) {
    std::string name = name_behind(path, endpoints);
    bool of_it = path.size() > endpoints.size() + name.size() + 1;  // predict, batches: not the endpoint itself
    return {reads || of_it ? Right::use : Right::manage, std::move(name)};
  }
  // Whose model is named in the body is not known here: a key for some models only is not let in.
  if (path == "/score" || path == "/batches" || path.starts_with("/batches/")) return {Right::use, "any model"};
  return {reads || path == "/v2/repository/index" ? Right::use : Right::manage, {}};
}

Wanted wanted_by_call(std::string_view path, std::string_view message) {
  auto method = path.substr(path.rfind('/') + 1);
  if (method == "ServerLive" || method == "ServerReady" || path == "/grpc.health.v1.Health/Check")
    return {Right::open, {}};
  std::string first, second;
  bool has_first = false;
  ProtoReader reader(message);
  while (reader.next()) {
    if (reader.is_bytes() && reader.field() == 1)
      has_first = true, first = reader.text();
    else if (reader.is_bytes() && reader.field() == 2)
      second = reader.text();
    else
      reader.skip();
  }
  if (method == "RepositoryModelLoad" || method == "RepositoryModelUnload" || method == "SystemSharedMemoryRegister" ||
      method == "SystemSharedMemoryUnregister")
    return {Right::manage, {}};
  if (method == "LogSettings" || method == "TraceSetting")  // empty: they are only read
    return {has_first ? Right::manage : Right::use, method == "TraceSetting" ? second : ""};
  bool of_model = method.starts_with("Model");
  return {Right::use, of_model ? first : ""};
}

std::string_view key_of(std::string_view authorization, std::string_view api_key) {
  static constexpr std::string_view bearer = "Bearer ";
  if (authorization.size() > bearer.size() && ::strncasecmp(authorization.data(), bearer.data(), bearer.size()) == 0)
    return authorization.substr(bearer.size());
  return api_key;
}

Admission::Admission(std::unique_ptr<KeyFile> keys, std::unique_ptr<TokenUsers> users)
    : keys_(std::move(keys)), users_(std::move(users)) {}

Admission::Verdict Admission::look(std::string_view key, const Wanted& wanted) {
  CallerPointer caller;
  return look(key, wanted, caller);
}

Admission::Verdict Admission::look(std::string_view key, const Wanted& wanted, CallerPointer& caller) {
  if (wanted.right == Right::open) return {};
  auto refuse = [](Refusal::Why why, std::string text) { return Verdict{.refusal = Refusal{why, std::move(text)}}; };
  if (key.empty())
    return refuse(Refusal::Why::nobody, "this server wants a key: Authorization: Bearer KEY, or api-key: KEY");
  if (keys_) caller = keys_->find(key);
  if (!caller && users_) {
    auto answer = users_->find(key, wanted.model, caller);
    if (answer == TokenUsers::Answer::not_known_yet) return {.not_known_yet = true};
    if (answer == TokenUsers::Answer::may_not)
      return refuse(Refusal::Why::may_not, caller->name + " may not use model " + wanted.model);
  }
  if (!caller) return refuse(Refusal::Why::nobody, "this key is not known here");
  auto& models = caller->models;
  if (!models.empty() && !wanted.model.empty() && std::find(models.begin(), models.end(), wanted.model) == models.end())
    return refuse(Refusal::Why::may_not, caller->name + " may not use model " + wanted.model);
  if (wanted.right == Right::manage && !caller->manages)
    return refuse(Refusal::Why::may_not, caller->name + " may ask models, not change what is served");
  return {};
}

Admission::Verdict Admission::judge(std::string_view key, const Wanted& wanted) {
  CallerPointer caller;
  auto verdict = look(key, wanted, caller);
  if (verdict.refusal || verdict.not_known_yet || !caller) return verdict;
  auto entry = caller->enter(seconds_since_start());
  if (!entry.granted) return {.refusal = Refusal{Refusal::Why::too_much, std::move(entry.why), entry.retry_seconds}};
  auto* entered = caller.get();
  return {.pass = std::shared_ptr<const void>(entered, [caller](const void*) { caller->leave(); })};
}

std::optional<Admission::Refusal> Admission::learn(const std::string& key, const Wanted& wanted) {
  try {
    users_->learn(key, wanted.model);
    return {};
  } catch (const Error& error) {
    return Refusal{Refusal::Why::unknowable, "whose key this is cannot be found out: " + error.text(), 1};
  }
}

// In front of a handler. `Speech` knows how its protocol reads a key and refuses.
template <class Speech>
static void let_in(Admission& admission, Worker& worker, const std::shared_ptr<Speech>& speech, bool learned) {
  auto key = speech->key();
  auto wanted = speech->wanted();
  auto verdict = admission.judge(key, wanted);
  if (verdict.not_known_yet && !learned)
    return worker.post([&admission, &worker, speech, key = std::string(key), wanted] {
      if (auto refusal = admission.learn(key, wanted)) return speech->refuse(*refusal);
      let_in(admission, worker, speech, true);
    });
  if (verdict.not_known_yet)  // learned, and forgotten already: the server's clock stood still for long
    return speech->refuse({Admission::Refusal::Why::unknowable, "this took too long; ask again", 1});
  if (verdict.refusal) return speech->refuse(*verdict.refusal);
  speech->go_on(std::move(verdict.pass));
}

namespace {

std::string_view key_of(const HttpExchange& exchange) {
  return gyre::key_of(exchange.header("authorization"), exchange.header("api-key"));
}

Wanted wanted_by(const HttpExchange& exchange) {
  if (exchange.path.find('%') == std::string_view::npos) return gyre::wanted_by(exchange.method, exchange.path);
  auto plain = percent_decode(exchange.path);
  return plain ? gyre::wanted_by(exchange.method, *plain) : Wanted{};
}

HttpAnswer answer_of(const Admission::Refusal& refusal) {
  using Why = Admission::Refusal::Why;
  int status = refusal.why == Why::nobody     ? 401
               : refusal.why == Why::may_not  ? 403
               : refusal.why == Why::too_much ? 429
                                              : 503;
  auto answer = http_error(status, refusal.text);
  if (status == 401) answer.headers = "WWW-Authenticate: Bearer realm=\"gyre\"\r\n";
  if (status >= 429)
    answer.headers =
        "Retry-After: " + std::to_string(std::max(1L, std::lround(std::ceil(refusal.retry_seconds)))) + "\r\n";
  return answer;
}

struct RestSpeech {
  const HttpHandler& handler;
  ExchangePointer exchange;

  std::string_view key() const { return key_of(*exchange); }
  Wanted wanted() const { return wanted_by(*exchange); }
  void refuse(const Admission::Refusal& refusal) const { exchange->answer(answer_of(refusal)); }
  void go_on(std::shared_ptr<const void> pass) const {
    exchange->pass = std::move(pass);
    try {
      handler(exchange);
    } catch (const Error& error) {
      exchange->answer(http_error(row_of(error.code).http_status, error.text()));
    } catch (const std::exception& error) {
      exchange->answer(http_error(500, error.what()));
    }
  }
};

std::string_view key_of(const GrpcCall& call) {
  return gyre::key_of(call.metadata("authorization"), call.metadata("api-key"));
}

void refuse(GrpcCall& call, const Admission::Refusal& refusal) {
  using Why = Admission::Refusal::Why;
  static constexpr int unauthenticated = 16, permission_denied = 7, resource_exhausted = 8, unavailable = 14;
  call.refuse(refusal.why == Why::nobody     ? unauthenticated
              : refusal.why == Why::may_not  ? permission_denied
              : refusal.why == Why::too_much ? resource_exhausted
                                             : unavailable,
              refusal.text);
}

struct GrpcSpeech {
  const GrpcHandler& handler;
  GrpcCallPointer call;
  std::size_t place;
  GrpcMessage message;

  std::string_view key() const { return key_of(*call); }
  Wanted wanted() const { return wanted_by_call(call->path(), message.view()); }
  void refuse(const Admission::Refusal& refusal) const { gyre::refuse(*call, refusal); }
  void go_on(std::shared_ptr<const void> pass) {
    message.pass = std::move(pass);
    try {
      handler.message(call, place, std::move(message));
    } catch (const Error& error) {
      call->fail(error);
    } catch (const std::exception& error) {
      call->fail(Error(Code::internal, error.what()));
    }
  }
};

}  // namespace

HttpHandler admitted(HttpHandler handler, Admission& admission, Worker& worker) {
  auto kept = std::make_shared<const HttpHandler>(std::move(handler));
  return [kept, &admission, &worker](const ExchangePointer& exchange) {
    let_in(admission, worker, std::make_shared<RestSpeech>(RestSpeech{*kept, exchange}), false);
  };
}

HeadJudge head_judge(Admission& admission, Worker& worker) {
  return
      [&admission, &worker](const ExchangePointer& exchange, std::function<void(std::optional<HttpAnswer>)> verdict) {
        auto key = key_of(*exchange);
        auto wanted = wanted_by(*exchange);
        auto tell = [verdict](const std::optional<Admission::Refusal>& refusal) {
          verdict(refusal ? std::optional(answer_of(*refusal)) : std::nullopt);
        };
        auto seen = admission.look(key, wanted);
        if (!seen.not_known_yet) return tell(seen.refusal);
        worker.post([&admission, tell, exchange, key = std::string(key), wanted] {
          auto refusal = admission.learn(key, wanted);
          tell(refusal ? refusal : admission.look(key, wanted).refusal);
        });
      };
}

GrpcHandler admitted(GrpcHandler handler, Admission& admission, Worker& worker) {
  auto kept = std::make_shared<const GrpcHandler>(std::move(handler));
  return {[kept, &admission, &worker](const GrpcCallPointer& call, std::size_t place, GrpcMessage message) {
            auto speech = std::make_shared<GrpcSpeech>(GrpcSpeech{*kept, call, place, std::move(message)});
            let_in(admission, worker, speech, false);
          },
          kept->streams,
          [&admission](const GrpcCallPointer& call) {
            auto method = wanted_by_call(call->path(), {});  // which model it is about stands in the message
            if (method.right == Right::open) return;
            auto seen = admission.look(key_of(*call), {Right::use, {}});
            if (seen.refusal) refuse(*call, *seen.refusal);
          }};
}

}  // namespace gyre
