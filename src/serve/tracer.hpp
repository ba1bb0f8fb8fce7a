#pragma once
// Which requests are traced, and where to: a file with a line of JSON for each. Settings have the names of the
// protocol's trace extension; W3C trace context says which trace a request belongs to.
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/file.hpp"
#include "base/json.hpp"
#include "serve/infer.hpp"

namespace gyre {

// "00-<trace id>-<span id>-<flags>". Nothing when it is malformed: then there is no trace to belong to.
struct TraceParent {
  std::string trace_id, span_id;
  bool sampled = false;
};
std::optional<TraceParent> trace_parent(std::string_view header);
std::string to_header(const TraceParent& parent);

// One request that is traced.
struct Trace {
  std::uint64_t number = 0;
  TraceParent own;
  std::string parent_span;  // empty: it begins here
  bool tensors = false;
};

class Tracer {
 public:
  Tracer() = default;
  ~Tracer();
  Tracer(const Tracer&) = delete;
  void open(const std::filesystem::path& file);  // before requests come; appended to

  // Of one model, or of all when `model` is empty.
  json::object settings(const std::string& model);
  // null: as for all models, or as at the start. Error{invalid} names the setting; nothing is changed then.
  json::object change(const std::string& model, const json::value& changes);

  // Sets the task's trace and what its answer says of it.
  void begin(InferTask& task, std::string_view traceparent);
  void end(const InferTask& task);  // of one that is traced, when it is answered

 private:
  struct Sampler {
    json::object settings;
    bool on = false, tensors = false;
    std::uint64_t rate = 1000, frequency = 0, seen = 0;
    std::int64_t left = -1;  // traces; below 0: any number
  };
  json::object defaults() const;
  Sampler sampler_from(json::object settings) const;
  void write_out();

  std::filesystem::path path_;
  FileHandle file_;
  std::atomic<bool> any_ = false;
  std::mutex mutex_;  // guards what follows
  std::optional<Sampler> all_;
  std::map<std::string, Sampler, std::less<>> models_;
  std::uint64_t traced_ = 0, waiting_ = 0;
  std::string unwritten_;
  bool failed_ = false;
};

}  // namespace gyre
