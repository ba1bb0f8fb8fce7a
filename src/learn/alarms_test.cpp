#include "learn/alarms.hpp"

#include <doctest/doctest.h>

using namespace gyre;

TEST_CASE("alarms: runs of alarming windows are one alarm, false without a fault around") {
  Alarms sum;
  judge_alarms({10, 11, 12, 40, 41, 100, 130}, {{38, 60, "leak"}, {90, 94, "heat"}, {200, 210, "missed"}}, {7, 5}, sum);
  CHECK(sum.alarms == 4);
  CHECK(sum.false_alarms == 2);  // at 10 and 130; the one at 100 still looks back on the heat
  REQUIRE(sum.wrong.size() == 2);
  CHECK(sum.wrong[0].from == 10);
  CHECK(sum.wrong[0].to == 12);
  CHECK(sum.faults == 3);
  CHECK(sum.found == 2);
  CHECK(sum.recall() == doctest::Approx(2.0 / 3));
}

TEST_CASE("alarms: none, and an alarm that goes on from before into a fault") {
  Alarms sum;
  judge_alarms({}, {{1, 2, "x"}}, {0, 5}, sum);
  CHECK(sum.alarms == 0);
  CHECK(sum.recall() == 0);
  judge_alarms({95, 98, 101}, {{100, 110, "x"}}, {0, 5}, sum);
  CHECK(sum.alarms == 1);
  CHECK(sum.false_alarms == 0);
  CHECK(sum.found == 1);
}
