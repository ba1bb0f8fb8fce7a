#include "serve/served_model.hpp"

#include <algorithm>
#include <cstring>

#include "base/clock.hpp"
#include "base/cores.hpp"
#include "serve/join.hpp"
#include "serve/round.hpp"
#include "serve/types.hpp"

namespace gyre {

// Shorter runs than this are done on the thread that read the request: handing them over would cost more.
static constexpr std::uint64_t quick_ns = 100'000;
static constexpr std::size_t cache_bytes = 64 << 20;

// A model made here says what its answers are called; any other ONNX file does not.
static std::optional<Signature> signature_of(const ModelEngine& engine) {
  auto found = engine.metadata().find("gyre.signature");
  if (found == engine.metadata().end()) return std::nullopt;
  return signature_from(parse_json(found->second, "signature"));
}

ServedModel::ServedModel(std::string name, std::int64_t version, const ModelSource& source, ModelConfig config,
                         Resources& resources)
    : name_(std::move(name)),
      version_(std::to_string(version)),
      digest_(source.digest),
      variant_(source.variant),
      config_(std::move(config)),
      engine_(made_engine(name_, version, source, config_)),
      resources_(resources),
      signature_(signature_of(engine_)) {
  if (!resources_.announce(config_.resources))
    throw Error(Code::invalid, "model " + name_ + " needs more of a resource than there is",
                "gyre serve --resource NAME=COUNT sets how much there is");
  if (config_.response_cache) cache_ = std::make_unique<ResponseCache>(cache_bytes);
  settle_batching();
  warm_up();
  scheduler_ = std::make_unique<Scheduler>(config_, [this](std::vector<TaskPointer>& batch) { run(batch); });
}

ServedModel::~ServedModel() = default;
std::size_t ServedModel::pending() const { return scheduler_->pending(); }

void ServedModel::infer(const TaskPointer& task) {
  try {
    prepare(*task);
    if (cache_ && answer_from_cache(task)) return;
    if (!quick(*task)) return scheduler_->submit(task);
  } catch (const Error& error) {
    task->error.emplace(error);
    count_failure(*task);
    return finish(task);
  }
  Round::answered_here();
  if (Round* round = config_.max_batch > 1 ? Round::open() : nullptr) return round->add(task);
  std::vector<TaskPointer> batch{task};
  run(batch);
}

bool ServedModel::answer_from_cache(const TaskPointer& task) {
  std::uint64_t started = nanoseconds();
  task->question = ResponseCache::question(*task);
  bool known = cache_->find(task->question, *task);
  std::uint64_t ended = nanoseconds();
  std::int64_t last = now_ms();
  statistics_.count([&](Counts& counts) {
    (known ? counts.cache_hit : counts.cache_miss).add(ended - started);
    if (!known) return;
    counts.success.add(ended - task->arrived);
    counts.add_latency(ended - task->arrived);
    counts.last_ms = last;
  });
  if (known) finish(task);
  return known;
}

bool ServedModel::quick(const InferTask& task) const {
  std::uint64_t each = row_ns_.load(std::memory_order_relaxed);
  return each && config_.batching == Batching::automatic && config_.given.if_contains("instance_group") == nullptr &&
         config_.resources.empty() && each * task.rows < quick_ns && scheduler_->idle();
}

static void check_input(const std::string& model, const TensorInfo& info, const InferInput& input) {
  auto wrong = [&](const std::string& what) {
    throw Error(Code::invalid, "model " + model + ": input \"" + info.name + "\" " + what);
  };
  if (input.type != info.type)
    wrong("takes " + std::string(protocol_name(info.type)) + ", not " + std::string(protocol_name(input.type)));
  bool fits = input.shape.size() == info.shape.size();
  for (std::size_t i = 0; fits && i < info.shape.size(); i++)
    fits = info.shape[i] < 0 || info.shape[i] == input.shape[i];
  if (!fits) wrong("takes the shape " + shape_text(info.shape) + ", not " + shape_text(input.shape));
  auto count = static_cast<std::size_t>(count_of(input.shape));
  std::size_t given = info.type == DataType::text ? input.texts.size() : input.bytes.size() / size_of(info.type);
  if (given != count || (info.type != DataType::text && input.bytes.size() != count * size_of(info.type)))
    wrong("has the shape " + shape_text(input.shape) + ", which is " + std::to_string(count) + " values, not " +
          std::to_string(given));
}

void ServedModel::prepare(InferTask& task) const {
  auto& request = task.request;
  auto& infos = engine_.inputs();
  if (request.inputs.size() != infos.size())
    throw Error(Code::invalid, "model " + name_ + " takes " + std::to_string(infos.size()) + " inputs, not " +
                                   std::to_string(request.inputs.size()));
  task.inputs.reserve(infos.size());
  for (auto& info : infos) {
    auto named = [&](const InferInput& input) { return input.name == info.name; };
    auto input = std::find_if(request.inputs.begin(), request.inputs.end(), named);
    if (input == request.inputs.end())
      throw Error(Code::invalid, "model " + name_ + ": the input \"" + info.name + "\" is missing");
    check_input(name_, info, *input);
    auto& view = task.inputs.emplace_back();
    view.type = info.type;
    view.shape = input->shape;
    view.bytes = input->bytes;
    view.texts.assign(input->texts.begin(), input->texts.end());
  }
  if (config_.max_batch > 0) {
    task.rows = static_cast<std::size_t>(task.inputs.front().shape.front());
    for (auto& input : task.inputs)
      if (input.shape.front() != static_cast<std::int64_t>(task.rows))
        throw Error(Code::invalid, "model " + name_ + ": the inputs have different numbers of rows");
    if (config_.max_batch_given && task.rows > config_.max_batch)
      throw Error(Code::invalid, "model " + name_ + " takes at most " + std::to_string(config_.max_batch) +
                                     " rows, not " + std::to_string(task.rows));
  }
  auto& outputs = engine_.outputs();
  if (request.outputs.empty())
    for (auto& info : outputs) request.outputs.push_back({info.name, request.binary_outputs, 0, {}});
  for (auto& wanted : request.outputs) {
    auto named = [&](const TensorInfo& info) { return info.name == wanted.name; };
    auto info = std::find_if(outputs.begin(), outputs.end(), named);
    if (info == outputs.end())
      throw Error(Code::invalid, "model " + name_ + " gives no output \"" + wanted.name + "\"");
    task.wanted.push_back(static_cast<std::size_t>(info - outputs.begin()));
  }
}

void ServedModel::count_failure(const InferTask& task) {
  std::uint64_t took = nanoseconds() - task.arrived;
  std::string_view reason = task.error->code == Code::unavailable ? "REJECTED"
                            : task.error->code == Code::invalid   ? "OTHER"
                                                                  : "BACKEND";
  statistics_.count([&](Counts& counts) {
    counts.fail.add(took);
    counts.failures[std::string(reason)]++;
  });
}

void ServedModel::run(std::vector<TaskPointer>& batch) {
  try {
    run_joined(batch);
  } catch (const Error& error) {
    for (auto& task : batch) task->outputs.clear();
    if (batch.size() > 1) {  // one of them is to blame: the others shall not suffer
      for (auto& task : batch) {
        std::vector<TaskPointer> alone{task};
        run(alone);
      }
      return;
    }
    batch.front()->error.emplace(error);
    count_failure(*batch.front());
  } catch (const std::exception& error) {
    for (auto& task : batch) task->error.emplace(Code::internal, "model " + name_ + ": " + error.what());
    for (auto& task : batch) count_failure(*task);
  }
  for (auto& task : batch) finish(task);
}

namespace {
struct Kept {  // what the outputs of a task point into
  std::shared_ptr<const EngineAnswer> answer;
  std::vector<std::string> texts;
};
}  // namespace

static void classify_outputs(InferTask& task, const std::shared_ptr<const EngineAnswer>& answer, bool rows,
                             const std::vector<std::string>& labels) {
  auto kept = std::make_shared<Kept>();
  kept->answer = answer;
  std::vector<std::pair<std::size_t, Classified>> found;
  for (std::size_t i = 0; i < task.outputs.size(); i++)
    if (auto classes = task.request.outputs[i].classes)
      found.emplace_back(i, classify(task.outputs[i], classes, rows, labels));
  std::size_t count = 0;
  for (auto& [place, classified] : found) count += classified.texts.size();
  kept->texts.reserve(count);  // views point into it
  for (auto& [place, classified] : found) {
    TensorView view{DataType::text, classified.shape, {}, {}};
    for (auto& text : classified.texts) view.texts.push_back(kept->texts.emplace_back(std::move(text)));
    task.outputs[place] = std::move(view);
  }
  task.kept = std::move(kept);
}

void ServedModel::run_joined(std::vector<TaskPointer>& batch) {
  std::uint64_t started = nanoseconds();
  std::vector<std::vector<std::byte>> memory;
  std::vector<TensorView> joined;
  auto& first = *batch.front();
  bool alone = batch.size() == 1;
  if (!alone) joined = joined_inputs(batch, memory);
  bool same = std::all_of(batch.begin(), batch.end(), [&](auto& task) { return task->wanted == first.wanted; });
  std::vector<std::size_t> all;
  if (!same)
    for (std::size_t i = 0; i < engine_.outputs().size(); i++) all.push_back(i);
  std::uint64_t gathered = nanoseconds();
  auto answer = std::make_shared<EngineAnswer>();
  {
    Resources::Held held(resources_, config_.resources);
    *answer = engine_.run(alone ? first.inputs : joined, same ? first.wanted : all);
  }
  std::uint64_t ran = nanoseconds();
  if (alone)
    first.outputs = answer->outputs;
  else
    share_out(answer->outputs, batch);
  std::size_t rows = 0;
  for (auto& task : batch) {
    rows += task->rows;
    if (!same) {
      std::vector<TensorView> chosen;
      for (auto place : task->wanted) chosen.push_back(task->outputs[place]);
      task->outputs = std::move(chosen);
    }
    task->kept = answer;
    auto classified = [](const WantedOutput& wanted) { return wanted.classes > 0; };
    if (std::any_of(task->request.outputs.begin(), task->request.outputs.end(), classified))
      classify_outputs(*task, answer, config_.max_batch > 0,
                       signature_ ? signature_->labels : std::vector<std::string>{});
    if (!task->question.empty()) cache_->add(task->question, *task);
  }
  std::uint64_t ended = nanoseconds();
  std::uint64_t each = (ran - gathered) / std::max<std::size_t>(1, rows),
                before = row_ns_.load(std::memory_order_relaxed);
  // A run that the operating system interrupted says nothing of the model: it counts for little.
  if (alone)
    row_ns_.store(before ? before - before / 16 + std::min(each, before * 4) / 16 : each, std::memory_order_relaxed);
  if (scheduler_ && (!alone || each >= quick_ns / 4))
    scheduler_->learn(rows, static_cast<double>(ran - gathered) * 1e-9);
  std::int64_t last = now_ms();
  for (auto& task : batch) task->stamps = {started, gathered, ran, ended};
  statistics_.count([&](Counts& counts) {
    for (auto& task : batch) {
      counts.success.add(ended - task->arrived);
      counts.queue.add(started - task->arrived);
      counts.input.add(gathered - started);
      counts.infer.add(ran - gathered);
      counts.output.add(ended - ran);
      counts.add_latency(ended - task->arrived);
    }
    counts.rows += rows;
    counts.executions++;
    counts.last_ms = last;
    auto& sized = counts.batches[rows];
    sized.input.add(gathered - started);
    sized.infer.add(ran - gathered);
    sized.output.add(ended - ran);
  });
}

}  // namespace gyre
