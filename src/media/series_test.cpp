#include "media/series.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "base/error.hpp"

using namespace gyre;

static std::string error_of(std::string_view csv) {
  try {
    decode_series(csv, "line.csv");
  } catch (const Error& error) {
    return error.text();
  }
  return "";
}

TEST_CASE("a series is read and written without a change") {
  Series series = decode_series("time,temp,flow\r\n0,20.125,\r\n0.1,nan,-3e-7\n", "line.csv");
  CHECK(series.columns == std::vector<std::string>{"time", "temp", "flow"});
  REQUIRE(series.rows() == 2);
  CHECK(series.at(0, 1) == 20.125);
  CHECK(std::isnan(series.at(0, 2)));
  CHECK(std::isnan(series.at(1, 1)));
  CHECK(encode_series(series) == "time,temp,flow\n0,20.125,\n0.1,,-3e-07\n");
  CHECK(encode_series(decode_series(encode_series(series), "again")) == encode_series(series));
}

TEST_CASE("what is wrong in a series is named by line and column") {
  CHECK(error_of("time,temp\n0,1\n1,hot\n") == "line.csv:3: column \"temp\": \"hot\" is no number");
  CHECK(error_of("time,temp\n0,1\n\n1,inf\n") == "line.csv:4: column \"temp\": \"inf\" is no number");
  CHECK(error_of("time,temp\n0,1\n1\n") == "line.csv:3: 1 cells, the header names 2");
  CHECK(error_of("time,temp\n0,1,2\n") == "line.csv:2: 3 cells, the header names 2");
  CHECK(error_of("0,1\n2,3\n") == "line.csv:1: numbers where the names of the columns should be");
  CHECK(error_of("a,a\n") == "line.csv:1: two columns are called \"a\"");
  CHECK(error_of("a,,b\n") == "line.csv:1: column 2 has no name");
  CHECK(error_of("a,b\r\r\n1,2\n") == "line.csv:1: a column's name with quotes or control characters: \"b?\"");
  CHECK(error_of("") == "line.csv: an empty file");
}

TEST_CASE("an empty line is a missing reading where there is one column only") {
  CHECK(decode_series("temp\n1\n\n3\n", "x").rows() == 3);
  CHECK(decode_series("temp,flow\n1,2\n\n", "x").rows() == 1);
  CHECK(encode_series(decode_series("temp\n1\n\n\n", "x")) == "temp\n1\nnan\n");
}
