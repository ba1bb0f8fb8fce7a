#include "learn/table_model.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "base/random.hpp"
#include "learn/scores.hpp"
#include "model/predict.hpp"

using namespace gyre;

namespace {

// Numbers with holes, categories, dates and sentences, each of which the target rests on.
Table made_up(std::size_t rows, std::vector<double>& sums) {
  Random random(7);
  Table table{"made.csv", {}, {}, {}};
  Column x{"x", ColumnType::number, {}, {}, {}}, far{"far", ColumnType::number, {}, {}, {}};
  Column kind{"kind", ColumnType::category, {}, {}, {"red", "green", "blue", "d\xc3\xa4mmer"}};
  Column many{"many", ColumnType::category, {}, {}, {}};
  Column when{"when", ColumnType::time, {}, {}, {}};
  Column note{"note", ColumnType::text, {}, {}, {}};
  for (int i = 0; i < 80; i++) many.words.push_back("m" + std::to_string(i));
  for (std::size_t i = 0; i < rows; i++) {
    double value = random.uniform(-3, 3);
    auto color = random.below(4), one = random.below(80), day = 1 + random.below(28), month = 1 + random.below(12);
    bool hot = random.chance(0.5);
    x.numbers.push_back(random.chance(0.1) ? NAN : value);
    far.numbers.push_back(1e6 + 1e3 * random.normal());
    kind.codes.push_back(random.chance(0.1) ? -1 : static_cast<std::int32_t>(color));
    many.codes.push_back(static_cast<std::int32_t>(one));
    when.words.push_back("2024-" + std::to_string(month) + "-" + std::to_string(day) + " 0" + std::to_string(i % 10) +
                         ":30");
    when.codes.push_back(static_cast<std::int32_t>(i));
    note.words.push_back(std::string(hot ? "Very HOT here" : "quite cold there") + " today, number " +
                         std::to_string(i % 7));
    note.codes.push_back(static_cast<std::int32_t>(i));
    table.row_numbers.push_back(static_cast<std::uint32_t>(i + 1));
    sums.push_back((std::isnan(x.numbers.back()) ? 0 : value) + static_cast<double>(color) + hot * 2.0 +
                   static_cast<double>(one % 5) + static_cast<double>(month) / 3);
  }
  table.columns = {x, far, kind, many, when, note};
  return table;
}

Target target_of(const std::vector<double>& sums, std::size_t classes) {
  if (classes == 0) return {"y", Task::regress, {}, sums};
  Target target{"y", Task::classify, {}, {}};
  for (std::size_t c = 0; c < classes; c++) target.labels.push_back("label " + std::to_string(c));
  for (double sum : sums) {
    auto c = static_cast<std::size_t>(std::max(0.0, sum / 12 * static_cast<double>(classes)));
    target.values.push_back(static_cast<double>(std::min(classes - 1, c)));
  }
  return target;
}

}  // namespace

TEST_CASE("every learner learns, and its ONNX file gives its answers for raw rows") {
  std::vector<double> sums;
  Table table = made_up(600, sums);
  for (auto* learner : all_learners())
    for (std::size_t classes : {0u, 2u, 4u}) {
      Target target = target_of(sums, classes);
      if (!learner->can(target.task)) continue;
      CAPTURE(learner->name);
      CAPTURE(classes);
      TableTraining training{learner, complete(learner->fields, {}, learner->name), {}};
      auto model = train_pipeline(training, table, target, {}, nullptr, nullptr);
      auto answers = model.predict(table, 2);
      if (classes == 0)
        CHECK(r2(target.values, answers) > 0.4);
      else
        CHECK(auc({target.values, answers, classes}) > 0.75);
      auto exported = export_table_model(model, target, table, {}, "test", 1);  // throws where they differ
      CHECK(exported.difference <= most_table_difference);
    }
}

TEST_CASE("targets in the millions and answers near 0: the file gives them beside how far they lie apart") {
  std::vector<double> sums;
  Table table = made_up(600, sums);
  for (double& sum : sums) sum = 1e6 * (sum - 6);
  Target target = target_of(sums, 0);
  for (auto* learner : all_learners()) {
    if (!learner->can(Task::regress)) continue;
    CAPTURE(learner->name);
    TableTraining training{learner, complete(learner->fields, {}, learner->name), {}};
    auto model = train_pipeline(training, table, target, {}, nullptr, nullptr);
    CHECK(export_table_model(model, target, table, {}, "test", 1).difference <= most_table_difference);
  }
}

TEST_CASE("what was answered in the round that a training went back to is what its model answers") {
  std::vector<double> sums;
  Table table = made_up(400, sums);
  std::vector<std::size_t> learn, check;
  for (std::size_t i = 0; i < 400; i++) (i % 4 ? learn : check).push_back(i);
  for (auto* learner : all_learners())
    for (std::size_t classes : {0u, 2u, 4u}) {
      if (!learner->wants.check) continue;
      CAPTURE(learner->name);
      CAPTURE(classes);
      Target target = target_of(sums, classes), check_target = target.take(check);
      Table check_table = table.take(check);
      CheckTrace trace;
      TableTraining training{learner, complete(learner->fields, {{"patience", 3}, {"rate", 0.05}}, learner->name), {}};
      training.trace = &trace;
      auto model = train_pipeline(training, table.take(learn), target.take(learn), {}, &check_table, &check_target);
      auto answers = model.predict(check_table, 1);
      REQUIRE(trace.kept > 0);
      REQUIRE(trace.kept <= trace.answers.size());
      auto& kept = trace.answers[trace.kept - 1];
      REQUIRE(kept.size() == answers.size());
      for (std::size_t i = 0; i < kept.size(); i++) CHECK(kept[i] == doctest::Approx(answers[i]).epsilon(1e-4));
    }
}

TEST_CASE("every way to make features is the same in ONNX") {
  std::vector<double> sums;
  Table table = made_up(300, sums);
  auto& learner = get_learner("linear");
  for (std::size_t classes : {0u, 3u})
    for (std::string fill : {"mean", "median", "zero"})
      for (std::string scale : {"none", "standard", "min-max", "robust", "relevance"})
        for (std::string categories : {"one-hot", "ordinal", "target"}) {
          CAPTURE(fill + " " + scale + " " + categories);
          Target target = target_of(sums, classes);
          TableTraining training{&learner, complete(learner.fields, {{"iterations", 3}}, "linear"), {}};
          training.features.fill = fill, training.features.scale = scale, training.features.categories = categories;
          auto model = train_pipeline(training, table, target, {}, nullptr, nullptr);
          CHECK(export_table_model(model, target, table, {}, "test", 1).difference <= most_table_difference);
        }
}

TEST_CASE("bins, hashed words and principal components are the same in ONNX") {
  std::vector<double> sums;
  Table table = made_up(300, sums);
  Target target = target_of(sums, 3);
  for (std::string texts : {"terms", "hashed"})
    for (std::int64_t bins : {0, 5})
      for (std::int64_t components : {0, 6})
        for (std::string name : {"linear", "lightgbm"}) {
          CAPTURE(texts + " " + std::to_string(bins) + " " + std::to_string(components) + " " + name);
          auto& learner = get_learner(name);
          TableTraining training{&learner, complete(learner.fields, {}, name), {}};
          training.features.texts = texts, training.features.bins = bins, training.features.components = components;
          training.features.text_terms = 30;
          auto model = train_pipeline(training, table, target, {}, nullptr, nullptr);
          if (components) CHECK(model.featuriser().features().size() == 6);
          CHECK(export_table_model(model, target, table, {}, "test", 1).difference <= most_table_difference);
        }
}

TEST_CASE("a training row's encoding has not seen the row's own target") {
  Table table{"made.csv", {}, {}, {}};
  Column lone{"lone", ColumnType::category, {}, {}, {}};
  Target target{"y", Task::regress, {}, {}};
  for (int i = 0; i < 50; i++) {
    lone.words.push_back("w" + std::to_string(i));
    lone.codes.push_back(i);
    table.row_numbers.push_back(static_cast<std::uint32_t>(i + 1));
    target.values.push_back(i % 2 ? 100 : -100);
  }
  table.columns = {lone};
  FeatureOptions options;
  options.categories = "target", options.keep = {"lone"};
  Featuriser featuriser(table, target, {}, options);
  Matrix seen = featuriser.transform(table), training = featuriser.training(table);
  for (std::size_t i = 0; i < 50; i++) {
    CHECK((seen.at(i, 0) > 0) == (target.values[i] > 0));
    CHECK(std::abs(training.at(i, 0)) < 25);  // the mean of the others
  }
}

TEST_CASE("columns that cannot help are left out and named") {
  Table table{"made.csv", {}, {}, {}};
  Column id{"id", ColumnType::category, {}, {}, {}}, same{"same", ColumnType::number, {}, {}, {}};
  Column empty{"empty", ColumnType::number, {}, {}, {}}, x{"x", ColumnType::number, {}, {}, {}};
  Target target{"y", Task::regress, {}, {}};
  for (int i = 0; i < 40; i++) {
    id.words.push_back("id" + std::to_string(i)), id.codes.push_back(i);
    same.numbers.push_back(4), empty.numbers.push_back(NAN), x.numbers.push_back(i);
    target.values.push_back(i);
    table.row_numbers.push_back(static_cast<std::uint32_t>(i + 1));
  }
  table.columns = {id, same, empty, x};
  Featuriser featuriser(table, target, {}, {});
  CHECK(featuriser.columns() == std::vector<std::string>{"x"});
  CHECK(featuriser.findings().size() == 3);
  table.columns = {id, same};
  CHECK_THROWS_WITH_AS(Featuriser(table, target, {}, {}), "made.csv: no column can help to learn \"y\"", Error);
}

TEST_CASE("rows held back are chosen by content, whatever their order") {
  std::vector<double> sums;
  Table table = made_up(500, sums);
  auto held = held_back_rows(table, 0.3);
  std::vector<std::size_t> turned;
  for (std::size_t i = table.rows(); i-- > 0;) turned.push_back(i);
  auto again = held_back_rows(table.take(turned), 0.3);
  std::size_t count = 0;
  for (std::size_t i = 0; i < held.size(); i++) {
    CHECK(held[i] == again[held.size() - 1 - i]);
    count += held[i];
  }
  CHECK(count > 100);
  CHECK(count < 200);
}
