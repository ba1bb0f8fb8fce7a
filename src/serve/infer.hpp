#pragma once
// One inference from request to answer, whatever protocol it came by.
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "model/engine.hpp"

namespace gyre {

class ServedModel;
class SharedMemoryRegion;
struct Trace;

// A part of a region that a client registered.
struct SharedPlace {
  std::shared_ptr<SharedMemoryRegion> region;
  std::size_t offset = 0;
  std::size_t size = 0;
};

struct InferInput {
  std::string name;
  DataType type = DataType::f32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;  // in the request's body, in `shared` or in `owned`
  std::vector<std::byte> owned;
  std::vector<std::string> texts;
  std::optional<SharedPlace> shared;
};

struct WantedOutput {
  std::string name;
  bool binary = false;
  std::size_t classes = 0;  // classification: this many labels instead of values
  std::optional<SharedPlace> shared;
};

struct InferRequest {
  std::string model;
  std::string version;  // empty: the default one
  std::string id;
  std::vector<InferInput> inputs;
  std::vector<WantedOutput> outputs;  // empty: all, binary where binary_outputs says so
  bool binary_outputs = false;
  std::uint64_t priority = 0;  // 1 is served first; 0: the model's default
  std::uint64_t timeout_us = 0;
};

inline std::uint64_t nanoseconds() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

// Owned by whoever works on it; `done` is called exactly once, on the thread that finished it.
struct InferTask {
  InferRequest request;
  std::uint64_t arrived = nanoseconds();

  std::shared_ptr<ServedModel> model;
  std::vector<TensorView> inputs;   // in the model's order, into request
  std::vector<std::size_t> wanted;  // places in the model's outputs, in the order of the answer
  std::size_t rows = 1;
  std::string question;        // of the response cache; empty: it is not asked
  std::uint64_t deadline = 0;  // in the queue; 0: none

  // When its run began, had its inputs together, had its outputs, and had shared them out.
  struct Stamps {
    std::uint64_t started = 0, gathered = 0, ran = 0, ended = 0;
  } stamps;
  std::shared_ptr<const Trace> trace;  // when it is traced
  std::string traceparent;             // that the answer carries

  std::shared_ptr<const void> kept;  // what the outputs point into
  std::vector<TensorView> outputs;   // beside `wanted`
  std::optional<Error> error;        // instead of outputs
  std::function<void(const std::shared_ptr<InferTask>&)> done;
};
using TaskPointer = std::shared_ptr<InferTask>;

inline void finish(const TaskPointer& task) {
  auto done = std::move(task->done);
  done(task);
}
inline void fail(const TaskPointer& task, Error error) {
  task->error.emplace(std::move(error));
  finish(task);
}

}  // namespace gyre
