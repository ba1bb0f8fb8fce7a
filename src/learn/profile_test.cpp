#include "learn/profile.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"

using namespace gyre;

static Column numbers(std::string name, std::vector<double> values) {
  return {std::move(name), ColumnType::number, std::move(values), {}, {}};
}

TEST_CASE("a profile says what is in a table and what would spoil a training") {
  Table table{"t.csv", {}, {}, {}};
  Column id{"id", ColumnType::category, {}, {}, {}}, kind{"kind", ColumnType::category, {}, {}, {"a", "b"}};
  Column day{"day", ColumnType::time, {}, {}, {"02.01.2025", "01.02.2025", "03.01.2024"}};
  std::vector<double> x, twice, same, holes, y;
  for (int i = 0; i < 100; i++) {
    table.row_numbers.push_back(static_cast<std::uint32_t>(i + 1));
    x.push_back(i), twice.push_back(2 * i + 1), same.push_back(3), holes.push_back(i % 3 ? NAN : i);
    y.push_back(i >= 95);
    id.words.push_back("n" + std::to_string(i)), id.codes.push_back(i);
    kind.codes.push_back(i % 2), day.codes.push_back(i % 3);
  }
  table.columns = {id,
                   kind,
                   day,
                   numbers("x", x),
                   numbers("twice", twice),
                   numbers("same", same),
                   numbers("holes", holes),
                   numbers("y", y)};
  auto profile = profile_of(table, "y");
  auto found = [&](std::string_view kind_of, std::string_view column) {
    for (auto& finding : profile.at("findings").as_array())
      if (get_string(finding, "kind") == kind_of && string_or(finding, "column", "") == column) return true;
    return false;
  };
  CHECK(found("identifier", "id"));
  CHECK(found("constant", "same"));
  CHECK(found("missing", "holes"));
  CHECK(found("alike", "twice"));
  CHECK(found("leakage", "x"));  // y is x >= 95
  CHECK(found("imbalance", "y"));
  CHECK_FALSE(found("leakage", "kind"));
  auto& columns = profile.at("columns").as_array();
  CHECK(get_number(columns[3], "mean") == doctest::Approx(49.5));
  CHECK(get_number(columns[3], "deviation") == doctest::Approx(29.011491975882016));
  CHECK(get_int(columns[3], "distinct") == 100);
  CHECK(columns[3].at("histogram").as_array()[0].as_int64() == 5);
  CHECK(get_string(columns[2], "min") == "03.01.2024");
  CHECK(get_string(columns[2], "max") == "01.02.2025");
  CHECK(get_number(columns[1], "power") < 0.1);
  CHECK_THROWS_AS(profile_of(table, "nowhere"), Error);
}
