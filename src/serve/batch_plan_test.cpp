#include "serve/batch_plan.hpp"

#include <doctest/doctest.h>

#include "serve/task_queue.hpp"

namespace gyre {

TEST_CASE("batches: Triton's rule") {
  ModelConfig config;
  config.max_batch = 8;
  config.preferred = {2, 4};
  config.delay_us = 1000;
  CHECK(choose_fixed(config, {.rows = 5}).rows == 4);
  CHECK(choose_fixed(config, {.rows = 2}).rows == 2);
  auto waits = choose_fixed(config, {.rows = 1, .oldest = 0.0004});
  CHECK(waits.rows == 0);
  CHECK(waits.wait == doctest::Approx(0.0006));
  CHECK(choose_fixed(config, {.rows = 1, .oldest = 0.001}).rows == 1);
  config.preferred.clear();
  CHECK(choose_fixed(config, {.rows = 8}).rows == 8);
  CHECK(choose_fixed(config, {.rows = 7}).rows == 0);
  config.delay_us = 0;
  CHECK(choose_fixed(config, {.rows = 3}).rows == 3);
}

TEST_CASE("batches: what is learned decides") {
  LatencyCurve cheaper;  // a run costs 8 ms and 0.1 ms for each row
  for (std::size_t rows : {1, 2, 4, 8, 16, 32}) cheaper.learn(rows, 0.008 + 0.0001 * static_cast<double>(rows));
  CHECK(cheaper.seconds(8) == doctest::Approx(0.0088));
  CHECK(cheaper.seconds(12) == doctest::Approx(0.0092));
  // Few requests: nobody waits for others that may not come.
  CHECK(choose_automatic(cheaper, {.rows = 1, .arrivals = 10}, 64, 0.05).rows == 1);
  // More than single runs can answer: the first waits for some, not longer than the target allows.
  auto busy = choose_automatic(cheaper, {.rows = 1, .arrivals = 2000}, 64, 0.05);
  CHECK(busy.rows == 0);
  CHECK(busy.wait < 0.025);
  CHECK(choose_automatic(cheaper, {.rows = 1, .oldest = 0.03, .arrivals = 2000}, 64, 0.05).rows == 1);
  CHECK(choose_automatic(cheaper, {.rows = 40, .arrivals = 2000}, 64, 0.05).rows == 32);
  CHECK(choose_automatic(cheaper, {.rows = 64, .arrivals = 2000}, 64, 0.05).rows == 64);  // tried, since so many wait
  LatencyCurve little;  // a batch saves a fifth: it is not worth leaving other cores without work
  for (std::size_t rows : {1, 2, 4, 8}) little.learn(rows, 0.002 + 0.008 * static_cast<double>(rows));
  CHECK(choose_automatic(little, {.rows = 4, .arrivals = 300, .instances = 4}, 64, 0.2).rows == 1);
  CHECK(choose_automatic(little, {.rows = 8, .arrivals = 300, .instances = 4}, 64, 0.2).rows == 2);
  LatencyCurve linear;  // a batch saves nothing
  for (std::size_t rows : {1, 2, 4}) linear.learn(rows, 0.01 * static_cast<double>(rows));
  CHECK(choose_automatic(linear, {.rows = 4, .arrivals = 2000}, 64, 0.05).rows == 1);
}

static TaskPointer task(std::uint64_t priority, std::int64_t rows = 1, std::uint64_t timeout = 0) {
  auto made = std::make_shared<InferTask>();
  made->request.priority = priority;
  made->request.timeout_us = timeout;
  made->rows = static_cast<std::size_t>(rows);
  made->inputs.push_back({DataType::f32, {rows, 3}, {}, {}});
  return made;
}

TEST_CASE("queue: priorities, limits, timeouts") {
  ModelConfig config;
  config.priority_levels = 2;
  config.default_priority = 2;
  config.policy = {.delay_late = false, .timeout_us = 100, .timeout_override = true, .most = 3};
  config.level_policies[1] = {.delay_late = true, .timeout_us = 50, .timeout_override = false, .most = 0};
  TaskQueue queue(config);
  auto low = task(0), high = task(1), short_one = task(2, 1, 10), longer = task(2, 1, 100000);
  queue.push(low, 0);
  queue.push(short_one, 0);
  queue.push(longer, 0);
  CHECK_THROWS_AS(queue.push(task(2), 0), Error);
  CHECK_THROWS_AS(queue.push(task(3), 0), Error);
  queue.push(high, 0);
  auto refused = queue.expired(10'000);
  REQUIRE(refused.size() == 1);
  CHECK(refused[0] == short_one);
  CHECK(queue.expired(60'000).empty());  // the high one is late now, and only delayed
  auto higher = task(1);
  queue.push(higher, 60'000);
  CHECK(queue.take(1).front() == higher);
  CHECK(queue.take(1).front() == high);
  CHECK(queue.expired(100'001).size() == 2);  // a request can only shorten its timeout
  CHECK(queue.empty());
}

TEST_CASE("queue: only what fits together is joined") {
  TaskQueue queue(ModelConfig{});
  auto other = task(0);
  other->inputs[0].shape = {1, 4};
  for (auto& one : {task(0), task(0, 2), other, task(0)}) queue.push(one, 0);
  CHECK(queue.joinable_rows(8) == 3);
  CHECK(queue.joinable_rows(2) == 1);
  CHECK(queue.take(8).size() == 2);
  CHECK(queue.take(8).front() == other);
  CHECK(queue.size() == 1);
}

}  // namespace gyre
