#include "serve/round.hpp"

#include "base/clock.hpp"
#include "serve/served_model.hpp"
#include "serve/task_queue.hpp"

namespace gyre {

static constexpr double longest_wait_seconds = 100e-6;
static thread_local Round* of_this_thread = nullptr;

static bool is_time_left(double since) { return since == 0 || seconds_since_start() - since < longest_wait_seconds; }

Round* Round::open() {
  Round* own = of_this_thread;
  return own && (own->more_ || !own->tasks_.empty()) && is_time_left(own->since_) ? own : nullptr;
}
void Round::belong_to_this_thread() { of_this_thread = this; }

void Round::answered_here() {
  if (of_this_thread) of_this_thread->answered_ = true;
}

bool Round::may_wait() const { return more_ && is_time_left(since_); }

void Round::begin_waiting() {
  if (since_ == 0) since_ = seconds_since_start();
}

void Round::add(TaskPointer task) {
  begin_waiting();
  tasks_.push_back(std::move(task));
}

void Round::end() {
  more_ = false;  // what answering leads to is not waited with again
  since_ = 0;
  auto tasks = std::move(tasks_);
  tasks_.clear();
  while (!tasks.empty()) {
    auto model = tasks.front()->model;
    std::vector<TaskPointer> batch, others;
    std::size_t rows = 0;
    for (auto& task : tasks) {
      bool joins =
          task->model == model &&
          (batch.empty() || (can_join(*batch.front(), *task) && rows + task->rows <= model->config().max_batch));
      if (joins) rows += task->rows;
      (joins ? batch : others).push_back(std::move(task));
    }
    tasks = std::move(others);
    model->run(batch);
  }
}

}  // namespace gyre
