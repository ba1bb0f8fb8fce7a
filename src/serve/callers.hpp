#pragma once
// Who may ask an inference server, and how much: keys of a file, and users of a workspace, who show their tokens.
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/http_client.hpp"

namespace gyre {

struct CallerLimits {
  double per_second = 0;    // requests; 0: no limit. What was not used stays good for a second
  std::size_t at_once = 0;  // requests that are worked on; 0: no limit
};

// One who asks, with what is counted of him. Shared by all his requests, and by nobody else.
class Caller {
 public:
  std::string name;
  bool manages = false;             // may load and unload models, change endpoints and settings
  std::vector<std::string> models;  // that he may use; empty: all
  CallerLimits limits;

  struct Entry {
    bool granted = false;
    double retry_seconds = 0;  // when it makes sense to come again
    std::string why;
  };
  // One more request, at `now` seconds of any clock; leave() when it is answered.
  Entry enter(double now);
  void leave();

 private:
  std::mutex mutex_;   // guards what follows
  double saved_ = -1;  // requests that may come at once; below 0: none has come yet
  double last_ = 0;
  std::size_t running_ = 0;
};
using CallerPointer = std::shared_ptr<Caller>;

// {"keys": [{"name": "line", "key": "...", "models": ["bottles"], "requests_per_second": 50, "at_once": 4,
//   "manage": false}]}; instead of `key` its `digest` ("sha256:..."). Read again when it changes; a file that turned
// bad leaves what was known in force and is told once on standard error.
class KeyFile {
 public:
  KeyFile(std::filesystem::path file, CallerLimits usual);  // Error{invalid} names the file and the key
  CallerPointer find(std::string_view key);                 // nothing: there is no such key

 private:
  using Known = std::unordered_map<std::string, CallerPointer>;  // by digest
  Known read() const;
  std::string stamp() const;
  void look_again();
  std::filesystem::path file_;
  CallerLimits usual_;
  std::mutex mutex_;  // guards what follows
  std::string seen_;
  double next_look_ = 0;
  Known known_;
};

// Tokens of a workspace's users: its server says whose they are and which models they may see. What it said is believed
// for ten seconds; a token that was taken away is refused after that.
class TokenUsers {
 public:
  // The url of the workspace's server, asked for each time: it may have been started again at another one.
  using Where = std::function<std::pair<std::string, HttpOptions>()>;
  TokenUsers(Where where, CallerLimits usual) : where_(std::move(where)), usual_(usual) {}

  enum class Answer { not_known_yet, nobody, may, may_not };
  Answer find(std::string_view token, const std::string& model, CallerPointer& caller);
  // Asks the server; blocks. Error{unavailable} when it does not answer.
  void learn(const std::string& token, const std::string& model);

 private:
  struct Known {
    CallerPointer caller;  // nothing: nobody's
    double until = 0;
    bool reads_all = false;
    std::unordered_map<std::string, bool> models;
  };
  Where where_;
  CallerLimits usual_;
  std::mutex mutex_;                              // guards known_
  std::unordered_map<std::string, Known> known_;  // by digest of the token
};

}  // namespace gyre
