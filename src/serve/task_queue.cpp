#include "serve/task_queue.hpp"

#include <algorithm>

namespace gyre {

bool can_join(const InferTask& a, const InferTask& b) {
  if (a.inputs.size() != b.inputs.size()) return false;
  for (std::size_t i = 0; i < a.inputs.size(); i++) {
    auto &left = a.inputs[i], &right = b.inputs[i];
    if (left.type != right.type || left.shape.size() != right.shape.size() || left.shape.empty()) return false;
    if (!std::equal(left.shape.begin() + 1, left.shape.end(), right.shape.begin() + 1)) return false;
  }
  return true;
}

TaskQueue::TaskQueue(const ModelConfig& config) : default_level_(std::max<std::uint64_t>(1, config.default_priority)) {
  for (std::uint64_t level = 1; level <= std::max<std::uint64_t>(1, config.priority_levels); level++) {
    auto own = config.level_policies.find(level);
    levels_.push_back({own == config.level_policies.end() ? config.policy : own->second, {}, {}});
  }
}

void TaskQueue::push(TaskPointer task, std::uint64_t now) {
  // A model without levels takes any priority for its only one, as clients expect.
  std::uint64_t number = levels_.size() == 1 || task->request.priority == 0 ? default_level_ : task->request.priority;
  if (number > levels_.size())
    throw Error(Code::invalid, "priority " + std::to_string(number) + " is none of the levels 1 to " +
                                   std::to_string(levels_.size()) + " of model " + task->request.model);
  auto& level = levels_[number - 1];
  if (level.policy.most && level.live.size() + level.late.size() >= level.policy.most)
    throw Error(Code::unavailable, "the queue of model " + task->request.model +
                                       " is full: " + std::to_string(level.policy.most) + " requests wait");
  std::uint64_t timeout = level.policy.timeout_us;
  if (auto wanted = task->request.timeout_us; wanted && level.policy.timeout_override)
    timeout = timeout ? std::min(timeout, wanted) : wanted;
  task->deadline = timeout ? now + timeout * 1000 : 0;
  level.live.push_back(std::move(task));
  count_++;
}

std::vector<TaskPointer> TaskQueue::expired(std::uint64_t now) {
  std::vector<TaskPointer> refused;
  for (auto& level : levels_) {
    auto late = [&](const TaskPointer& task) { return task->deadline && task->deadline <= now; };
    if (std::none_of(level.live.begin(), level.live.end(), late)) continue;
    auto kept = std::stable_partition(level.live.begin(), level.live.end(), [&](auto& task) { return !late(task); });
    if (level.policy.delay_late) {
      level.late.insert(level.late.end(), kept, level.live.end());
    } else {
      refused.insert(refused.end(), kept, level.live.end());
      count_ -= static_cast<std::size_t>(level.live.end() - kept);
    }
    level.live.erase(kept, level.live.end());
  }
  return refused;
}

template <class Visit>
void TaskQueue::visit(const Visit& visit) const {
  for (auto& level : levels_)
    for (auto* queue : {&level.live, &level.late})
      for (auto& task : *queue)
        if (!visit(*task)) return;
}

std::uint64_t TaskQueue::oldest_arrival() const {
  std::uint64_t arrived = 0;
  visit([&](const InferTask& task) {
    arrived = task.arrived;
    return false;
  });
  return arrived;
}

std::size_t TaskQueue::joinable_rows(std::size_t most) const {
  const InferTask* first = nullptr;
  std::size_t rows = 0;
  visit([&](const InferTask& task) {
    if (first && (rows + task.rows > most || !can_join(*first, task))) return false;
    if (!first) first = &task;
    rows += task.rows;
    return rows < most;
  });
  return rows;
}

std::vector<TaskPointer> TaskQueue::take(std::size_t rows) {
  std::vector<TaskPointer> taken;
  std::size_t sum = 0;
  for (auto& level : levels_)
    for (auto* queue : {&level.live, &level.late})
      while (!queue->empty()) {
        auto& task = queue->front();
        if (!taken.empty() && (sum + task->rows > rows || !can_join(*taken.front(), *task))) return taken;
        sum += task->rows;
        taken.push_back(std::move(task));
        queue->pop_front();
        count_--;
      }
  return taken;
}

}  // namespace gyre
