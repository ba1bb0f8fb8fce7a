#pragma once
// Whether a request is let in: who asks, whether he may, and whether he has not asked too much. In front of the
// handlers of both protocols, which know nothing of it.
#include "serve/callers.hpp"
#include "serve/front.hpp"
#include "serve/worker.hpp"

namespace gyre {

struct GrpcHandler;

// What a request wants: open ones are health checks, which no orchestrator has a key for.
enum class Right { open, use, manage };
struct Wanted {
  Right right = Right::manage;
  std::string model;  // or endpoint; empty: none in particular
};
Wanted wanted_by(std::string_view method, std::string_view path);  // over REST
Wanted wanted_by_call(std::string_view path, std::string_view message);

class Admission {
 public:
  Admission(std::unique_ptr<KeyFile> keys, std::unique_ptr<TokenUsers> users);

  struct Refusal {
    enum class Why { nobody, may_not, too_much, unknowable } why;
    std::string text;
    double retry_seconds = 0;
  };
  struct Verdict {
    bool not_known_yet = false;          // learn() first, on a thread that may block
    std::optional<Refusal> refusal{};    // nothing: let in
    std::shared_ptr<const void> pass{};  // held until the answer: counts as one that is worked on
  };
  Verdict judge(std::string_view key, const Wanted& wanted);
  Verdict look(std::string_view key, const Wanted& wanted);  // the same, but it is counted to nobody
  std::optional<Refusal> learn(const std::string& key, const Wanted& wanted);

 private:
  Verdict look(std::string_view key, const Wanted& wanted, CallerPointer& caller);
  std::unique_ptr<KeyFile> keys_;  // both may be empty, not at one time
  std::unique_ptr<TokenUsers> users_;
};

// The key of `Authorization: Bearer` or of `api-key`.
std::string_view key_of(std::string_view authorization, std::string_view api_key);

HttpHandler admitted(HttpHandler handler, Admission& admission, Worker& worker);
HeadJudge head_judge(Admission& admission, Worker& worker);  // so that nobody's body is read in vain
GrpcHandler admitted(GrpcHandler handler, Admission& admission, Worker& worker);

}  // namespace gyre
