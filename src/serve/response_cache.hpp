#pragma once
// Answers by what was asked, for one version of a model. An entry is used only when all bytes of the question are
// equal: two questions with one hash are never taken for each other.
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "serve/infer.hpp"

namespace gyre {

class ResponseCache {
 public:
  explicit ResponseCache(std::size_t most_bytes) : most_bytes_(most_bytes) {}
  static std::string question(
      const InferTask& task);  // types, shapes and bytes of the inputs, what is wanted of outputs
  // Sets the task's outputs when the question is known.
  bool find(const std::string& question, InferTask& task);
  void add(const std::string& question, const InferTask& task);

 private:
  struct Entry {
    std::string question;
    std::shared_ptr<const void> kept;
    std::vector<TensorView> outputs;
    std::size_t bytes = 0;
  };
  using Entries = std::list<std::shared_ptr<const Entry>>;  // the latest used first
  std::mutex mutex_;                                        // guards what follows
  Entries entries_;
  std::unordered_map<std::string_view, Entries::iterator> places_;  // the question, in its entry
  std::size_t most_bytes_, bytes_ = 0;
};

}  // namespace gyre
