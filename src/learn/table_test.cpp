#include "learn/table.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "base/file.hpp"
#include "learn/date.hpp"
#include "learn/target.hpp"

using namespace gyre;

namespace {

struct Given {
  explicit Given(const std::string& text, const std::string& name = "data.csv") : path(folder.path() / name) {
    write_file(path, text);
  }
  Table read(std::map<std::string, ColumnType> types = {}) const {
    return read_table(path, {.types = std::move(types), .name = "data.csv"});
  }
  bool found(const Table& table, const std::string& part) const {
    for (auto& finding : table.findings)
      if (finding.find(part) != std::string::npos) return true;
    return false;
  }
  TemporaryFolder folder;
  fs::path path;
};

}  // namespace

TEST_CASE("types are worked out from every cell") {
  Given given(
      "n;c;when;flag\n1;a;2026-02-03;true\n2.5;\"b;\"\"x\"\"\";2026-02-04 "
      "05:06:07;false\n;NA;;\n-3e2;a;2026-02-05;true\n");
  Table table = given.read();
  REQUIRE(table.rows() == 4);
  CHECK(table.get("n").type == ColumnType::number);
  CHECK(table.get("n").numbers[3] == -300);
  CHECK(std::isnan(table.get("n").numbers[2]));
  CHECK(table.get("c").type == ColumnType::category);
  CHECK(table.get("C").text(1) == "b;\"x\"");
  CHECK(table.get("c").missing() == 1);
  CHECK(table.get("when").type == ColumnType::time);
  CHECK(table.findings.empty());
  CHECK(given.read({{"n", ColumnType::category}}).get("n").text(1) == "2.5");
  CHECK_THROWS_WITH_AS(table.get("z"), "data.csv has no column \"z\"", Error);
}

TEST_CASE("what is odd in a table is said by column and row") {
  std::string text = "x,x,,far\n";
  for (int i = 1; i <= 60; i++) text += std::to_string(i) + ",2,3," + (i == 7 ? "1e308" : "4") + "\n";
  text += "oops,2,3,inf\n1,2\n5,6,7,8\n";
  Given given(text);
  Table table = given.read();
  CHECK(table.rows() == 62);
  CHECK(given.found(table, "column 2 is named \"x\" like one before it: it is taken as \"x_2\""));
  CHECK(given.found(table, "column 3 has no name"));
  CHECK(given.found(table, "column \"x\": 1 cell is no number and taken as missing; the first is \"oops\" in row 61"));
  CHECK(given.found(
      table, "column \"far\": 2 numbers are infinite or beyond 3.4e38 and taken as missing; the first is in row 7"));
  CHECK(given.found(table, "line 63 is left out"));
  CHECK(table.row_numbers.back() == 63);  // the one left out was number 62
}

TEST_CASE("numbers and texts in one column are texts, and it is said") {
  Given given("code\n1\n2\nx\n02\n");
  Table table = given.read();
  CHECK(table.get("code").type == ColumnType::category);
  CHECK(table.get("code").text(3) == "02");
  CHECK(given.found(table, "numbers and 1 text, the first is \"x\" in row 3"));
}

TEST_CASE("bytes that are no UTF-8 are read as Latin-1, lines of JSON as rows") {
  Given latin("name,n\nJos\xe9,1\nAnna,2\n");
  Table table = latin.read();
  CHECK(table.get("name").text(0) == "Jos\xc3\xa9");
  CHECK(latin.found(table, "line 2 is not UTF-8"));
  Given lines("{\"a\": 1, \"b\": \"x\"}\n{\"b\": \"y\", \"c\": true}\n");
  table = lines.read();
  CHECK(table.rows() == 2);
  CHECK(std::isnan(table.get("a").numbers[1]));
  CHECK(table.get("c").text(1) == "true");
}

TEST_CASE("dates are read by their numbers") {
  auto days = [](std::string_view text, DateOrder order) { return date_from(text, order).days(); };
  CHECK(days("1970-01-01", DateOrder::day_first) == 0);
  CHECK(days("2000-03-01T12:00", DateOrder::day_first) == 11017.5);
  CHECK(days("1.3.2000", DateOrder::day_first) == 11017);
  CHECK(days("3/1/2000", DateOrder::month_first) == 11017);
  CHECK_FALSE(date_from("2000-13-01", DateOrder::day_first).known);
  CHECK_FALSE(looks_like_date("1234"));
  CHECK_FALSE(looks_like_date("1.2.3 beta"));
  std::vector<std::string> american{"1/31/2020", "2/3/2020"}, german{"1.2.2020"};
  CHECK(date_order(american) == DateOrder::month_first);
  CHECK(date_order(german) == DateOrder::day_first);
}

TEST_CASE("targets: labels in order, numbers, and what cannot be learned") {
  auto cut = learnable(Given("y,x\n10,1\n9,2\n,3\n10,4\n").read(), "y");
  CHECK(cut.target.task == Task::classify);
  CHECK(cut.target.labels == std::vector<std::string>{"9", "10"});
  CHECK(cut.target.values == std::vector<double>{1, 0, 1});
  CHECK(cut.table.findings.back() == "target \"y\": 1 row has none and is left out; the first is row 3");
  CHECK(learnable(Given("y,x\n1.5,1\n2,2\n").read(), "y").target.task == Task::regress);
  CHECK_THROWS_WITH_AS(learnable(Given("y,x\na,1\na,2\n").read(), "y"),
                       "data.csv: the target \"y\" has one label alone: \"a\"", Error);
  CHECK_THROWS_WITH_AS(learnable(Given("y,x\n3,1\n3,2\n").read(), "y", "regress"),
                       "data.csv: the target \"y\" is the same in every row", Error);
}
