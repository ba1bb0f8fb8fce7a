#include "search/auto/screen.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <numeric>

#include "base/random.hpp"

using namespace gyre;

namespace {

struct Wide {
  Table table;
  Target target{"y", Task::regress, {}, {}};
  std::vector<std::size_t> all;
};

// Noise.
Wide wide_table(std::size_t rows) {
  Wide wide;
  Random random(7);
  for (std::size_t i = 0; i < rows; i++) {
    wide.table.row_numbers.push_back(static_cast<std::uint32_t>(i + 1));
    wide.target.values.push_back(random.uniform(-1, 1));
  }
  for (std::size_t c = 0; c < most_screened_columns + 1000; c++) {
    Column column{"c" + std::to_string(c), ColumnType::number, {}, {}, {}};
    for (std::size_t i = 0; i < rows; i++) column.numbers.push_back(random.uniform(-1, 1));
    wide.table.columns.push_back(std::move(column));
  }
  wide.all.resize(rows);
  std::iota(wide.all.begin(), wide.all.end(), 0);
  return wide;
}

bool has(const std::vector<std::size_t>& columns, std::size_t column) {
  return std::binary_search(columns.begin(), columns.end(), column);
}

}  // namespace

TEST_CASE("screen: what tells of the target stays, in a line, bent, as a word or as a hole") {
  Wide wide = wide_table(120);
  auto& columns = wide.table.columns;
  auto& values = wide.target.values;
  std::size_t line = 17, bent = 1800, word = 2500, hole = 2999, sentence = 2000, same = 4;
  columns[word] = {"word", ColumnType::category, {}, {}, {"low", "high"}};
  columns[sentence] = {"sentence", ColumnType::text, {}, std::vector<std::int32_t>(120, 0), {"the same in all rows"}};
  for (std::size_t i = 0; i < values.size(); i++) {
    columns[line].numbers[i] += values[i];
    columns[bent].numbers[i] = std::abs(values[i]) < 0.5 ? 1 : 0;
    columns[word].codes.push_back(values[i] > 0);
    if (values[i] > 0.3) columns[hole].numbers[i] = NAN;
    columns[same].numbers[i] = 3;
  }
  for (auto& value : values) value = value * value + value;
  auto chosen = ColumnScreen(wide.table, 2).choose(wide.target, wide.all);
  CHECK(chosen.size() == most_screened_columns);
  CHECK(std::is_sorted(chosen.begin(), chosen.end()));
  for (auto column : {line, bent, word, hole, sentence}) CHECK_MESSAGE(has(chosen, column), column);
  CHECK_FALSE(has(chosen, same));
}

TEST_CASE("screen: labels, and only the rows asked for count") {
  Wide wide = wide_table(100);
  wide.target = {"y", Task::classify, {"a", "b", "c"}, {}};
  std::size_t honest = 2900, lucky = 2901;
  std::vector<std::size_t> half(wide.all.begin(), wide.all.begin() + 50);
  for (std::size_t i = 0; i < 100; i++) {
    wide.target.values.push_back(static_cast<double>(i % 3));
    auto& told = wide.table.columns[i < 50 ? honest : lucky].numbers[i];
    told = static_cast<double>(i % 3 == 1);  // the middle label: no line shows it
  }
  ColumnScreen screen(wide.table, 1);
  CHECK(has(screen.choose(wide.target, half), honest));
  Wide other = wide_table(100);
  other.target = wide.target;
  other.table.columns[lucky] = wide.table.columns[lucky];
  auto before = ColumnScreen(other.table, 1).choose(other.target, half);
  for (std::size_t i = 50; i < 100; i++) other.target.values[i] = static_cast<double>((i / 3) % 3);
  CHECK(ColumnScreen(other.table, 1).choose(other.target, half) == before);
}

TEST_CASE("screen: a table that is not wide is taken whole, and cut out as asked") {
  Table table{"t",
              {{"a", ColumnType::number, {1, 2, 3}, {}, {}}, {"b", ColumnType::category, {}, {0, -1, 1}, {"x", "y"}}},
              {1, 2, 3},
              {}};
  std::vector<std::size_t> rows{2, 0};
  ColumnScreen screen(table, 1);
  CHECK(screen.choose({"y", Task::regress, {}, {1, 2, 3}}, rows) == std::vector<std::size_t>{0, 1});
  Table some = cut_out(table, std::vector<std::size_t>{1}, rows);
  CHECK(some.columns.size() == 1);
  CHECK(some.columns[0].codes == std::vector<std::int32_t>{1, 0});
  CHECK(some.row_numbers == std::vector<std::uint32_t>{3, 1});
}
