#include "model/cell.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "base/error.hpp"
#include "model/table_rows.hpp"

namespace gyre {

template <class T>
static T cell(DataType type, std::string_view text) {
  std::vector<std::byte> bytes;
  std::vector<std::string> texts;
  append_cell(type, text, "c", bytes, texts);
  REQUIRE(bytes.size() == sizeof(T));
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

TEST_CASE("cells: numbers as people and programs write them") {
  CHECK(cell<float>(DataType::f32, " +1.5 ") == 1.5f);
  CHECK(std::isnan(cell<float>(DataType::f32, "NA")));
  CHECK(std::isnan(cell<double>(DataType::f64, "")));
  CHECK(cell<float>(DataType::f32, "1e-60") == 0);        // smaller than the type can say
  CHECK(std::isnan(cell<float>(DataType::f32, "1e60")));  // beyond all measure is a hole
  CHECK(cell<double>(DataType::f64, "1e60") == 1e60);
  CHECK(cell<std::int64_t>(DataType::i64, "9007199254740993") == 9007199254740993);
  CHECK(cell<std::int64_t>(DataType::i64, "3.00") == 3);
  CHECK_THROWS_WITH_AS(cell<std::int64_t>(DataType::i64, "3.5"),
                       "column \"c\": \"3.5\" is no number without a fraction", Error);
  CHECK_THROWS_WITH_AS(cell<float>(DataType::f32, "1.5x"), "column \"c\": \"1.5x\" is no number", Error);
  CHECK_THROWS_AS(cell<float>(DataType::f32, "1.5 2"), Error);
}

TEST_CASE("cells: a text is what it is, for one who predicts and for one who scores") {
  std::vector<TensorInfo> inputs{{"kind", DataType::text, {-1, 1}}, {"count", DataType::i64, {-1, 1}}};
  Signature signature{.takes = "table", .columns = {"kind", "count"}};
  auto rows = table_rows(signature, inputs, "kind,count\nNA,9007199254740993\n,2.0\n", "t");
  CHECK(rows.inputs[0].texts == std::vector<std::string>{"NA", ""});
  CHECK(rows.inputs[1].as<std::int64_t>()[0] == 9007199254740993);
  auto object = table_rows(signature, inputs, R"({"kind": "NA", "count": 9007199254740993})", "t");
  CHECK(object.inputs[0].texts == std::vector<std::string>{"NA"});
  CHECK(object.inputs[1].as<std::int64_t>()[0] == 9007199254740993);
  CHECK_THROWS_WITH_AS(table_rows(signature, inputs, "kind,count\na,1.5\n", "t"),
                       "t: row 1: column \"count\": \"1.5\" is no number without a fraction", Error);
  CHECK_THROWS_WITH_AS(table_rows(signature, inputs, R"({"kind": "a", "count": 1.5})", "t"),
                       "t: row 1: column \"count\" is no number without a fraction", Error);
}

}  // namespace gyre
