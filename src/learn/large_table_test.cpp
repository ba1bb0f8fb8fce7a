#include "learn/large_table.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "base/random.hpp"
#include "learn/column_reader.hpp"
#include "learn/scores.hpp"

using namespace gyre;

namespace {

// Every type, holes, a text among numbers, an infinity, lines that are none, and a target that is sometimes missing.
std::string made_up(std::size_t rows) {
  Random random(3);
  std::string text = "number,odd,mixed,kind,when,note,weight,y\n";
  for (std::size_t i = 0; i < rows; i++) {
    double x = random.uniform(-2, 2);
    std::size_t kind = random.below(5);
    text += i % 11 == 5 ? "" : std::to_string(x);
    text += "," + std::string(i == 700 ? "seven" : i == 900 ? "1e300" : std::to_string(i % 13));
    text += "," + std::string(i % 3 ? "a" + std::to_string(i % 4) : std::to_string(i % 5));
    text += "," + std::string(i % 17 == 3 ? "NA" : "k" + std::to_string(kind));
    text += ",2024-" + std::to_string(1 + i % 12) + "-" + std::to_string(1 + i % 28);
    text += ",a note about the part number " + std::to_string(i) + (kind > 2 ? " hot" : " cold");
    text += "," + std::to_string(1 + i % 3);
    text += "," + (i % 50 == 7 ? "" : std::to_string(3 * x + static_cast<double>(kind))) + "\n";
    if (i % 1000 == 500) text += "1,2\n";
  }
  return text;
}

struct Given {
  explicit Given(std::size_t rows) : path(folder.path() / "data.csv") { write_file(path, made_up(rows)); }
  TableSample sample(std::size_t cells) const {
    return sample_table(path, {.name = "data.csv", .threads = 2}, cells, {"y", "weight"});
  }
  LargeTable large(std::size_t cells) const {
    TableSample some = sample(cells);
    Table like = some.table;
    like.columns.push_back({"weight", ColumnType::number, {}, {}, {}});
    Target target = target_of(some.whole, "y", "regress");
    return {some.table, some.places, TableStream(path, like, 2), target, some.whole.get("weight").numbers, {}};
  }
  TemporaryFolder folder;
  fs::path path;
};

}  // namespace

TEST_CASE("rows keep their numbers where lines were left out") {
  RowNumbers number_of({1, 4, 5});
  std::size_t row = 0;
  for (std::uint32_t wanted : {2u, 3u, 6u, 7u, 8u}) CHECK(number_of(row++) == wanted);
  CHECK(RowNumbers()(41) == 42);
}

TEST_CASE("a sample knows of all rows, and blocks have their cells") {
  Given given(9000);
  Table all = read_table(given.path, {.name = "data.csv"});
  TableSample sample = given.sample(12'000);
  REQUIRE_FALSE(sample.is_whole());
  CHECK(sample.rows == all.rows());
  CHECK(sample.table.rows() * 6 <= 12'000);
  CHECK(sample.table.rows() > 500);
  CHECK(sample.whole.get("y").numbers.size() == all.rows());
  CHECK(sample.whole.row_numbers == all.row_numbers);
  CHECK(sample.table.findings == all.findings);  // counted over all rows
  for (auto& column : sample.table.columns) {
    CAPTURE(column.name);
    auto& whole = all.get(column.name);
    CHECK(column.type == whole.type);
    for (std::size_t i = 0; i < column.rows(); i++) CHECK(column.text(i) == whole.text(sample.places[i]));
  }
  for (std::size_t i = 0; i < sample.places.size(); i++)
    CHECK(sample.table.row_numbers[i] == all.row_numbers[sample.places[i]]);
  TableStream stream(given.path, sample.table, 2);
  std::size_t rows = 0, different = 0;
  stream.each([&](const Table& block, std::size_t first) {
    CHECK(first == rows);
    for (auto& column : block.columns)
      for (std::size_t i = 0; i < block.rows(); i++)
        different += column.text(i) != all.get(column.name).text(first + i);
    rows += block.rows();
  });
  CHECK(rows == all.rows());
  CHECK(different == 0);
}

TEST_CASE("a table that is read block by block teaches what it teaches as a whole") {
  Given given(9000);
  LargeTable large = given.large(12'000);
  part_rows(large, 0.2, 0.1, 1);
  auto whole = learnable(read_table(given.path, {.name = "data.csv"}), "y", "regress");
  auto held = held_back_rows(whole.table, 0.2);
  CHECK(large.count(RowPart::hold) == static_cast<std::size_t>(std::count(held.begin(), held.end(), true)));
  CHECK(large.count(RowPart::none) == 180);
  CHECK(large.count(RowPart::check) > 500);
  for (std::string name : {"linear", "lightgbm"}) {
    CAPTURE(name);
    auto& learner = get_learner(name);
    TableTraining training{&learner, complete(learner.fields, {}, name), {}, 2};
    auto model = train_pipeline(training, large, given.folder.path());
    auto [answers, truth] = answers_for(model, large, RowPart::hold, 2);
    CHECK(answers.size() == large.count(RowPart::hold));
    CHECK(r2(truth.values, answers) > 0.9);
    auto exported = export_table_model(model, large.target, large.sample, {}, "test", 1);
    CHECK(exported.difference <= most_table_difference);
  }
}

TEST_CASE("the linear solver finds the same line from blocks, in one pass or many") {
  Given given(9000);
  LargeTable large = given.large(12'000);
  part_rows(large, 0, 0, 1);
  auto whole = learnable(read_table(given.path, {.name = "data.csv"}), "y", "regress");
  // Without a penalty the line does not depend on how features were scaled, which the sample says.
  for (std::string loss : {"squared", "quantile"}) {
    CAPTURE(loss);
    auto& learner = get_learner("linear");
    TableTraining training{&learner, complete(learner.fields, {{"penalty", 0}, {"loss", loss}}, "linear"), {}, 2};
    training.features.fill = "zero";
    Table columns{"data.csv", {whole.table.get("kind"), whole.table.get("odd")}, whole.table.row_numbers, {}};
    auto weights = whole.table.get("weight").numbers;
    auto at_once = train_pipeline(training, columns, whole.target, weights, nullptr, nullptr).predict(columns, 1);
    LargeTable narrow = large;
    std::erase_if(narrow.sample.columns, [](auto& column) { return column.name != "kind" && column.name != "odd"; });
    auto by_blocks = train_pipeline(training, narrow, given.folder.path()).predict(columns, 1);
    double worst = 0;
    for (std::size_t i = 0; i < at_once.size(); i++) worst = std::max(worst, std::abs(at_once[i] - by_blocks[i]));
    CHECK(worst < (loss == "squared" ? 1e-4 : 0.05));
  }
}
