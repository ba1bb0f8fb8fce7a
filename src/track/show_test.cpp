#include "track/show.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace gyre;

TEST_CASE("columns are aligned by what is seen") {
  CHECK(columns({{"a", "b"}, {"größer", "x"}, {"c"}}) == "a       b\ngrößer  x\nc\n");
}

TEST_CASE("a history as a line") {
  CHECK(curve({0, 1, 2, 3, 4, 5, 6, 7}, 20) == "▁▂▃▄▅▆▇█");
  CHECK(curve({0, 0, 7, 7}, 2) == "▁█");
  CHECK(curve({1, std::nan(""), 2}, 9) == "▁ █");
  CHECK(curve({5, 5}, 9) == "▄▄");
  CHECK(curve({}, 9).empty());
}
