// What happens before a model answers: whether its requests can be joined is found out, and it is run until it is warm.
#include <cmath>
#include <cstring>

#include "serve/cores.hpp"
#include "serve/served_model.hpp"

namespace gyre {

static constexpr std::size_t usual_batch = 64;

std::vector<TensorView> ServedModel::sample(std::size_t rows, bool random, const WarmUp* given,
                                            std::vector<std::vector<std::byte>>& memory) const {
  std::vector<TensorView> views;
  std::uint32_t state = 12345;
  for (auto& info : engine_.inputs()) {
    TensorView view{info.type, info.shape, {}, {}};
    if (given)
      if (auto shape = given->shapes.find(info.name); shape != given->shapes.end()) {
        // As in Triton's configuration: without the batch, where the model is batched.
        std::size_t start = shape->second.size() < view.shape.size() ? 1 : 0;
        for (std::size_t i = 0; i < shape->second.size() && start + i < view.shape.size(); i++)
          view.shape[start + i] = shape->second[i];
      }
    for (std::size_t i = 0; i < view.shape.size(); i++)
      if (view.shape[i] < 0) view.shape[i] = i == 0 ? static_cast<std::int64_t>(rows) : 1;
    auto count = static_cast<std::size_t>(count_of(view.shape));
    if (info.type == DataType::text) {
      view.texts.resize(count);
    } else {
      auto& bytes = memory.emplace_back(count * size_of(info.type));
      if (random && info.type == DataType::f32)
        for (std::size_t i = 0; i < count; i++) {
          state = state * 1664525 + 1013904223;
          float value = static_cast<float>(state >> 8) / static_cast<float>(1 << 24);
          std::memcpy(bytes.data() + i * sizeof value, &value, sizeof value);
        }
      view.bytes = bytes;
    }
    views.push_back(std::move(view));
  }
  return views;
}

static bool close(const TensorView& whole, std::size_t row, const TensorView& alone) {
  std::size_t width = alone.bytes.size();
  if (whole.bytes.size() != 2 * width || whole.texts.size() != 2 * alone.texts.size()) return false;
  auto* left = whole.bytes.data() + row * width;
  if (alone.type != DataType::f32) return width == 0 || std::memcmp(left, alone.bytes.data(), width) == 0;
  for (std::size_t i = 0; i < width; i += sizeof(float)) {
    float a = 0, b = 0;
    std::memcpy(&a, left + i, sizeof a);
    std::memcpy(&b, alone.bytes.data() + i, sizeof b);
    if (std::isnan(a) && std::isnan(b)) continue;
    if (!(a == b || std::abs(a - b) <= 1e-4F + 1e-3F * std::abs(b))) return false;
  }
  return true;
}

// A free first size is a batch only when each row's answer is its own: a model may as well take a sequence there.
bool ServedModel::rows_are_independent() const {
  std::vector<std::vector<std::byte>> memory;
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < engine_.outputs().size(); i++) all.push_back(i);
  try {
    auto both = sample(2, true, nullptr, memory);
    auto whole = engine_.run(both, all);
    for (std::size_t row = 0; row < 2; row++) {
      auto one = both;
      for (auto& input : one) {
        input.shape[0] = 1;
        std::size_t width = input.bytes.size() / 2;
        input.bytes = input.bytes.subspan(row * width, width);
        input.texts.resize(input.texts.size() / 2);
      }
      auto alone = engine_.run(one, all);
      for (std::size_t i = 0; i < all.size(); i++)
        if (!close(whole.outputs[i], row, alone.outputs[i])) return false;
    }
  } catch (const Error&) {
    return false;  // it takes no such sample: nothing is known, so nothing is joined
  }
  return true;
}

void ServedModel::settle_batching() {
  auto free_first = [](const TensorInfo& info) { return !info.shape.empty() && info.shape[0] < 0; };
  bool rows = !engine_.inputs().empty();
  for (auto& info : engine_.inputs()) rows = rows && free_first(info);
  for (auto& info : engine_.outputs()) rows = rows && free_first(info);
  if (config_.instances == 0)
    config_.instances =
        std::max<std::size_t>(1, usable_cores() / static_cast<std::size_t>(std::max(1, config_.threads)));
  if (!config_.max_batch_given) {
    config_.max_batch = rows && rows_are_independent() ? usual_batch : 0;
  } else if (config_.max_batch > 0 && !rows) {
    throw Error(Code::invalid,
                "model " + name_ + ": max_batch_size is " + std::to_string(config_.max_batch) +
                    ", but not all inputs and outputs have a free first size",
                "set max_batch_size to 0, or export the model with a dynamic batch");
  }
}

void ServedModel::warm_up() {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < engine_.outputs().size(); i++) all.push_back(i);
  for (auto& given : config_.warm_up) {
    std::vector<std::vector<std::byte>> memory;
    auto inputs = sample(given.batch_size, given.random, &given, memory);
    try {
      for (std::size_t i = 0; i < given.count; i++) engine_.run(inputs, all);
    } catch (const Error& error) {
      throw Error(error.code, "model " + name_ + ": warm-up sample \"" + given.name + "\": " + error.text());
    }
  }
  // How long a row takes decides where it is run. What depends on sizes that are free is measured by the first request.
  for (auto& info : engine_.inputs())
    for (std::size_t i = 1; i < info.shape.size(); i++)
      if (info.shape[i] < 0) return;
  std::vector<std::vector<std::byte>> memory;
  try {
    auto inputs = sample(1, true, nullptr, memory);
    std::uint64_t best = 0, begun = nanoseconds();
    for (int i = 0; i < 5 && nanoseconds() - begun < 50'000'000; i++) {
      std::uint64_t before = nanoseconds();
      engine_.run(inputs, all);
      std::uint64_t took = nanoseconds() - before;
      best = best ? std::min(best, took) : took;
    }
    row_ns_ = best;
  } catch (const Error&) {
    row_ns_ = 0;
  }
}

}  // namespace gyre
