#include "edge/series_window.hpp"

#include <doctest/doctest.h>

using gyre::SeriesWindow;

TEST_CASE("short files join until a window is full, then it slides") {
  SeriesWindow window(3);
  CHECK_FALSE(window.add("time,flow\n1,10\n2,20\n"));
  CHECK(window.have() == 2);
  CHECK(window.add("time,flow\r\n3,30\r\n") == "time,flow\n1,10\n2,20\n3,30\n");
  CHECK(window.add("time,flow\n4,40\n5,50\n") == "time,flow\n3,30\n4,40\n5,50\n");
}

TEST_CASE("a file that fills a window stands alone") {
  SeriesWindow window(2);
  CHECK_FALSE(window.add("a\n1\n"));
  CHECK(window.add("a\n7\n8\n9\n") == "a\n7\n8\n9\n");
  CHECK(window.have() == 0);
}

TEST_CASE("another header starts a new window") {
  SeriesWindow window(2);
  CHECK_FALSE(window.add("a\n1\n"));
  CHECK_FALSE(window.add("b\n2\n"));
  CHECK(window.have() == 1);
}
