#include "search/reconcile.hpp"

#include <doctest/doctest.h>

#include "search/many_time.hpp"

using namespace gyre;

TEST_CASE("totals by the first columns, those that tell something") {
  auto groups = total_groups({{"a", "x"}, {"a", "y"}, {"b", "x"}, {"b", "y"}, {"c", "x"}});
  REQUIRE(groups.size() == 3);
  CHECK(groups[0].keys.empty());
  CHECK(groups[0].members.size() == 5);
  CHECK(groups[1].keys == std::vector<std::string>{"a"});
  CHECK(groups[2].members == std::vector<std::size_t>{2, 3});
  CHECK(total_groups({{"a", "x"}, {"a", "y"}}).size() == 1);  // one value: its total is the sum of all
  CHECK(total_groups({{"a"}}).empty());
  CHECK(total_groups({}).empty());
}

TEST_CASE("reconciled forecasts lie nearest to all that was forecast, and add up") {
  // Two parts that say 4 and 5, a total that says 12: (a-4)^2 + (b-5)^2 + (a+b-12)^2 is least at 5 and 6.
  auto groups = total_groups({{"a"}, {"b"}});
  auto two = reconciled(std::vector<double>{4, 5}, std::vector<double>{12}, groups);
  CHECK(two[0] == doctest::Approx(5));
  CHECK(two[1] == doctest::Approx(6));

  // Any move away from the answer costs more.
  groups = total_groups({{"a", "x"}, {"a", "y"}, {"b", "x"}, {"b", "y"}, {"c", "x"}});
  std::vector<double> parts{10, 20, 30, 40, 50}, totals{170, 25, 80};
  auto answer = reconciled(parts, totals, groups);
  auto cost = [&](const std::vector<double>& at) {
    double sum = 0;
    for (std::size_t i = 0; i < at.size(); i++) sum += (at[i] - parts[i]) * (at[i] - parts[i]);
    for (std::size_t g = 0; g < groups.size(); g++) {
      double gap = totals[g];
      for (auto member : groups[g].members) gap -= at[member];
      sum += gap * gap;
    }
    return sum;
  };
  for (std::size_t i = 0; i < answer.size(); i++)
    for (double move : {-0.01, 0.01}) {
      auto other = answer;
      other[i] += move;
      CHECK(cost(other) > cost(answer));
    }
}

TEST_CASE("grids of time are found in the times, months too") {
  double day = 86400;
  auto grid = find_grid({{0, 7 * day, 14 * day, 28 * day}}, false);
  CHECK(grid.words() == "a week");
  CHECK(grid.steps(0, 28 * day) == 4);
  CHECK(!grid.steps(0, 10 * day));
  CHECK(grid.text(grid.time(0, 2)) == "1970-01-15");
  CHECK(grid.calendar().season == 52);

  std::vector<double> ends{30 * day, 58 * day, 89 * day, 119 * day};  // the last days of January to April 1970
  auto months = find_grid({ends}, false);
  CHECK(months.words() == "a month");
  CHECK(months.steps(ends[0], ends[3]) == 3);
  CHECK(months.text(months.time(ends[0], 13)) == "1971-02-28");
  CHECK(months.text(months.time(ends[1], 12)) == "1971-02-28");
  CHECK(!months.steps(ends[0], 100 * day));

  auto hours = find_grid({{1800, 5400, 9000}}, false);
  CHECK(hours.words() == "an hour");
  CHECK(hours.text(hours.time(1800, 25)) == "1970-01-02 01:30:00");
  CHECK(hours.calendar().cycles == std::vector<double>{24, 168});
  auto numbers = find_grid({{3, 5, 7, 11}}, true);
  CHECK(numbers.steps(3, 11) == 4);
  CHECK(numbers.text(numbers.time(3, 5)) == "13");
}
