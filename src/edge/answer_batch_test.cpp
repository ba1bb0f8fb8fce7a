#include "edge/answer_batch.hpp"

#include <doctest/doctest.h>

using namespace gyre;

static json::object answered(const char* name, const char* label, double confidence, double ms) {
  return {{"name", name},
          {"ms", ms},
          {"answer", {{"label", label}, {"confidence", confidence}, {"probabilities", {1, 0}}}}};
}

TEST_CASE("answers become one message with counts, latency and short items") {
  AnswerBatch batch;
  CHECK(batch.body().is_null());
  batch.add(answered("a", "good", 0.99, 2), 100);
  batch.add(answered("b", "good", 0.5, 4), 110);
  batch.add(answered("c", "dented", 0.8, 9), 120);
  batch.add({{"name", "d"}, {"error", "no picture"}}, 130);
  batch.add({{"name", "e"}, {"waiting", "3 of 5 rows"}}, 140);
  auto body = batch.body().as_object();
  CHECK(body["count"] == 3);
  CHECK(body["labels"] == json::object{{"good", 2}, {"dented", 1}});
  CHECK(body["latency_ms"] == json::array{4.0, 9.0});
  CHECK(body["errors"] == 1);
  CHECK(body["from"] == 100);
  CHECK(body["to"] == 140);
  CHECK(body["items"].as_array()[1] == json::object{{"name", "b"}, {"label", "good"}, {"confidence", 0.5}});
  CHECK(batch.files().size() == 5);
}

TEST_CASE("files that only waited need no message, but can go") {
  AnswerBatch batch;
  batch.add({{"name", "e"}, {"waiting", "3 of 5 rows"}}, 140);
  CHECK(batch.body().is_null());
  CHECK_FALSE(batch.empty());
}

TEST_CASE("low confidence and alarms are uncertain") {
  CHECK(is_uncertain({{"confidence", 0.6}}, 0.9));
  CHECK_FALSE(is_uncertain({{"confidence", 0.95}}, 0.9));
  CHECK(is_uncertain({{"confidence", 0.99}, {"alarm", true}}, 0.9));
  CHECK_FALSE(is_uncertain({{"value", 12}}, 0.9));
}

TEST_CASE("percentiles are of the nearest rank") {
  CHECK(percentile_of({}, 50) == 0);
  CHECK(percentile_of({5, 1, 3}, 50) == 3);
  CHECK(percentile_of({5, 1, 3, 4}, 99) == 5);
}
