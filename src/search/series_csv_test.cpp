#include "search/series_csv.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "base/error.hpp"
#include "base/file.hpp"

using namespace gyre;

namespace {

SeriesRead read_text(const std::string& text, const SeriesColumns& columns, int threads = 1) {
  TemporaryFolder folder;
  fs::path file = folder.path() / "t.csv";
  write_file(file, text);
  return read_series_csv(series_csv_header(file, "t.csv"), columns, threads);
}

std::string refusal(const std::string& text, const SeriesColumns& columns) {
  try {
    read_text(text, columns);
  } catch (const Error& error) {
    return error.text();
  }
  return "";
}

const SeriesColumns columns{{"key"}, "day", "value", {"known"}};

}  // namespace

TEST_CASE("series of a CSV file: quotes, holes, other ends of lines, times of many kinds") {
  auto read = read_text(
      "\xef\xbb\xbfkey;value;day;known;more\r\nb;1.5;2026-02-03;1;x\r\n\"a\nb;\";+2;2026-02-03 04:05:06;;\r\n\r\n"
      "b;NA;2026-02-04;1e3;\"\"\"\"\r\nb; -inf ;2026-02-05T00:00:00Z;2;",
      columns);
  REQUIRE(read.partitions.size() == 2);
  CHECK(!read.numbers);
  auto &quoted = read.partitions[0], &plain = read.partitions[1];
  CHECK(quoted.keys == std::vector<std::string>{"a\nb;"});
  CHECK(quoted.target == std::vector<double>{2});
  CHECK(quoted.time[0] == 1770091506);
  CHECK(std::isnan(quoted.ahead[0]));
  CHECK(plain.line == std::vector<double>{2, 6, 7});
  CHECK(plain.time == std::vector<double>{1770076800, 1770163200, 1770249600});
  CHECK(std::isnan(plain.target[1]));
  CHECK(plain.target[2] == -HUGE_VAL);
  CHECK(plain.ahead == std::vector<double>{1, 1000, 2});
}

TEST_CASE("what is no number, no time or no row is named by its line") {
  std::string head = "key,day,value,known\n";
  CHECK(refusal(head + "a,1,2,3\na,2,x,3\na,3,y,3\n", columns) ==
        "t.csv:3: column \"value\": \"x\" is no number, and 1 more such cells");
  CHECK(refusal(head + "a,2026-01-01,2,3\na,2026-02-30,2,3\n", columns) ==
        "t.csv:3: column \"day\": \"2026-02-30\" is no time");
  CHECK(refusal(head + "a,1,2,3\na,2,2,3\na,2026-02-03,2,3\n", columns) ==
        "t.csv:4: column \"day\": \"2026-02-03\" is no number");
  CHECK(refusal(head + "a,1,2\n", columns) == "t.csv:2: 3 cells, the header names 4");
  CHECK(refusal(head, columns) == "t.csv has a header but no rows");
  CHECK(refusal("key,day,key\n1,2,3\n", columns) == "t.csv:1: two columns are named \"key\"");
  CHECK(refusal("\n", columns) == "t.csv: no header");
}

TEST_CASE("many threads read what one reads") {
  std::string text = "key,day,value,known\n";
  for (int i = 0; i < 60000; i++)
    text += "k" + std::to_string(i * 7919 % 113) + "," + std::to_string(i) + "," + std::to_string(i % 1000) + ".25,0\n";
  auto one = read_text(text, columns, 1), four = read_text(text, columns, 4);
  CHECK(one.numbers);
  REQUIRE(one.partitions.size() == 113);
  REQUIRE(four.partitions.size() == 113);
  for (std::size_t i = 0; i < 113; i++) {
    CHECK(one.partitions[i].keys == four.partitions[i].keys);
    CHECK(one.partitions[i].time == four.partitions[i].time);
    CHECK(one.partitions[i].target == four.partitions[i].target);
    CHECK(one.partitions[i].line == four.partitions[i].line);
  }
}
