#include "model/number.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace gyre;

TEST_CASE("numbers as tables write them") {
  CHECK(number_from(" +1.5e3 ") == 1500);
  CHECK(number_from("-0.25") == -0.25);
  CHECK(number_from("1e999") == HUGE_VAL);
  CHECK(number_from("-1e999") == -HUGE_VAL);
  CHECK(number_from("1e-999") == 0);
  CHECK(number_from("-1e-999") == 0);
  for (auto text : {"", " ", "+", "1,5", "1 2", "0x10", "five"}) {
    CAPTURE(text);
    CHECK(!number_from(text));
  }
}
