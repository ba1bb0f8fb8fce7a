#include "serve/trial_runs.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "serve/infer.hpp"

namespace gyre {

std::vector<TensorView> made_up_inputs(const ModelEngine& engine, std::size_t rows, bool random, const WarmUp* given,
                                       std::vector<std::vector<std::byte>>& memory) {
  std::vector<TensorView> views;
  std::uint32_t state = 12345;
  for (auto& info : engine.inputs()) {
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

bool rows_are_independent(const ModelEngine& engine) {
  std::vector<std::vector<std::byte>> memory;
  auto all = all_outputs(engine);
  try {
    auto both = made_up_inputs(engine, 2, true, nullptr, memory);
    auto whole = engine.run(both, all);
    for (std::size_t row = 0; row < 2; row++) {
      auto one = both;
      for (auto& input : one) {
        input.shape[0] = 1;
        std::size_t width = input.bytes.size() / 2;
        input.bytes = input.bytes.subspan(row * width, width);
        input.texts.resize(input.texts.size() / 2);
      }
      auto alone = engine.run(one, all);
      for (std::size_t i = 0; i < all.size(); i++)
        if (!close(whole.outputs[i], row, alone.outputs[i])) return false;
    }
  } catch (const Error&) {
    return false;  // it takes no such sample: nothing is known, so nothing is joined
  }
  return true;
}

std::vector<std::size_t> all_outputs(const ModelEngine& engine) {
  std::vector<std::size_t> all(engine.outputs().size());
  std::iota(all.begin(), all.end(), 0);
  return all;
}

bool has_free_rows(const ModelEngine& engine) {
  auto free_first = [](const TensorInfo& info) { return !info.shape.empty() && info.shape[0] < 0; };
  return !engine.inputs().empty() && std::all_of(engine.inputs().begin(), engine.inputs().end(), free_first) &&
         std::all_of(engine.outputs().begin(), engine.outputs().end(), free_first);
}

std::uint64_t row_nanoseconds(const ModelEngine& engine) {
  for (auto& info : engine.inputs())
    for (std::size_t i = 1; i < info.shape.size(); i++)
      if (info.shape[i] < 0) return 0;
  std::vector<std::vector<std::byte>> memory;
  auto all = all_outputs(engine);
  try {
    auto inputs = made_up_inputs(engine, 1, true, nullptr, memory);
    std::uint64_t best = 0, begun = nanoseconds();
    for (int i = 0; i < 5 && nanoseconds() - begun < 50'000'000; i++) {
      std::uint64_t before = nanoseconds();
      engine.run(inputs, all);
      std::uint64_t took = nanoseconds() - before;
      best = best ? std::min(best, took) : took;
    }
    return best;
  } catch (const Error&) {
    return 0;  // it takes no such sample: the first request will tell
  }
}

}  // namespace gyre
