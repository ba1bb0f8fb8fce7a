#pragma once
// What waits for an instance of a model: strict priorities, limits and timeouts by level. Not thread-safe; the
// scheduler guards it.
#include <deque>
#include <vector>

#include "serve/infer.hpp"
#include "serve/model_config.hpp"

namespace gyre {

class TaskQueue {
 public:
  explicit TaskQueue(const ModelConfig& config);
  // Error{unavailable} when the level is full, Error{invalid} for a level that is none.
  void push(TaskPointer task, std::uint64_t now);
  // Takes out what waited too long and is to be refused; puts what is to be delayed behind the others.
  std::vector<TaskPointer> expired(std::uint64_t now);
  bool empty() const { return count_ == 0; }
  std::size_t size() const { return count_; }
  std::uint64_t oldest_arrival() const;  // of the first in order
  // Rows of the first and of those right behind it that can be joined with it, up to `most`.
  std::size_t joinable_rows(std::size_t most) const;
  // The first, and what can be joined up to `rows` together.
  std::vector<TaskPointer> take(std::size_t rows);

 private:
  struct Level {
    QueuePolicy policy;
    std::deque<TaskPointer> live, late;
  };
  template <class Visit>
  void visit(const Visit& visit) const;  // in order, while it gives true
  std::vector<Level> levels_;
  std::uint64_t default_level_ = 1;
  std::size_t count_ = 0;
};

// Same types, and sizes equal but for the first: they can be one batch.
bool can_join(const InferTask& a, const InferTask& b);

}  // namespace gyre
