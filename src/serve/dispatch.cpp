#include "serve/dispatch.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace gyre {

// A mirror that cannot keep up is asked less, rather than that requests pile up for answers nobody waits for.
static constexpr std::size_t most_mirrored = 64;

template <class T>
static bool numbers_agree(std::span<const std::byte> a, std::span<const std::byte> b) {
  for (std::size_t i = 0; i + sizeof(T) <= a.size(); i += sizeof(T)) {
    T left, right;
    std::memcpy(&left, a.data() + i, sizeof left);
    std::memcpy(&right, b.data() + i, sizeof right);
    if (std::isnan(left) && std::isnan(right)) continue;
    if (!(left == right || std::abs(left - right) <= T(1e-3) * std::max({T(1), std::abs(left), std::abs(right)})))
      return false;
  }
  return true;
}

bool answers_agree(const InferTask& a, const InferTask& b) {
  if (a.outputs.size() != b.outputs.size()) return false;
  for (std::size_t i = 0; i < a.outputs.size(); i++) {
    auto &left = a.outputs[i], &right = b.outputs[i];
    if (left.type != right.type || left.shape != right.shape || left.texts != right.texts ||
        left.bytes.size() != right.bytes.size())
      return false;
    bool agree = left.type == DataType::f32   ? numbers_agree<float>(left.bytes, right.bytes)
                 : left.type == DataType::f64 ? numbers_agree<double>(left.bytes, right.bytes)
                                              : std::equal(left.bytes.begin(), left.bytes.end(), right.bytes.begin());
    if (!agree) return false;
  }
  return true;
}

Dispatch::Dispatch(Service& service, std::string_view name, std::string_view version, const HeaderOf& header)
    : service_(service) {
  if (version.empty()) choice_ = service.endpoints.choose(name, header);
  try {
    model_ = choice_ ? service.repository.get(choice_->target.model, choice_->target.version)
                     : service.repository.get(name, version);
  } catch (const Error&) {
    if (choice_) service.endpoints.answered(*choice_, {}, false, 0);
    throw;
  }
}

// The request as one that owns all its bytes.
static TaskPointer copy_of(const InferTask& task) {
  auto copy = std::make_shared<InferTask>();
  copy->request = task.request;
  for (auto& input : copy->request.inputs) {
    input.owned.assign(input.bytes.begin(), input.bytes.end());
    input.bytes = input.owned;
    input.shared.reset();
  }
  for (auto& output : copy->request.outputs) output.shared.reset();
  return copy;
}

namespace {
struct Comparison {
  std::mutex mutex;  // guards the two
  TaskPointer answered, mirrored;
};
}  // namespace

static double seconds_of(const InferTask& task) { return static_cast<double>(nanoseconds() - task.arrived) * 1e-9; }

void Dispatch::run(const TaskPointer& task, std::string_view traceparent) const {
  task->model = model_;
  service_.tracer.begin(*task, traceparent);
  if (task->trace)
    task->done = [&tracer = service_.tracer, done = std::move(task->done)](const TaskPointer& finished) {
      tracer.end(*finished);  // first: its tensors lie in the request, which goes with the answer
      done(finished);
    };
  if (!choice_) return model_->infer(task);
  auto& endpoints = service_.endpoints;
  auto comparison = std::make_shared<Comparison>();
  TaskPointer copy;
  std::shared_ptr<ServedModel> mirror;
  if (choice_->mirror) {
    try {
      mirror = service_.repository.get(choice_->mirror->model, choice_->mirror->version);
      if (mirror->pending() < most_mirrored) copy = copy_of(*task);
    } catch (const Error&) {
      endpoints.mirrored(*choice_, false, 0, false);  // a mirror that is not there answers nothing
    }
  }
  // Called with each of the two when it is done: the second compares.
  auto compare = [&endpoints, choice = *choice_, comparison] {
    std::lock_guard lock(comparison->mutex);
    auto &ours = comparison->answered, &theirs = comparison->mirrored;
    if (!ours || !theirs || ours->error) return;
    endpoints.mirrored(choice, !theirs->error, seconds_of(*theirs), !theirs->error && answers_agree(*ours, *theirs));
    ours.reset();
    theirs.reset();
  };
  task->done = [&endpoints, choice = *choice_, comparison, compare, mirrored = copy != nullptr,
                done = std::move(task->done)](const TaskPointer& finished) {
    // What a client asked wrongly says nothing of the model.
    bool right = !finished->error || finished->error->code == Code::invalid;
    endpoints.answered(choice, finished->request.id, right, seconds_of(*finished));
    done(finished);
    if (!mirrored) return;
    {
      std::lock_guard lock(comparison->mutex);
      comparison->answered = finished;
    }
    compare();
  };
  model_->infer(task);
  if (!copy) return;
  copy->model = mirror;
  copy->arrived = nanoseconds();
  copy->done = [comparison, compare](const TaskPointer& finished) {
    {
      std::lock_guard lock(comparison->mutex);
      comparison->mirrored = finished;
    }
    compare();
  };
  mirror->infer(copy);
}

}  // namespace gyre
