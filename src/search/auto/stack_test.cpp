#include "search/auto/stack.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "base/random.hpp"

using namespace gyre;

namespace {

Table made_up(std::size_t rows) {
  Table table{"made.csv", {}, {}, {}};
  Random random(1);
  Column a{"a", ColumnType::number, {}, {}, {}}, b{"b", ColumnType::number, {}, {}, {}};
  Column colour{"colour", ColumnType::category, {}, {}, {"red", "green", "blue"}};
  for (std::size_t i = 0; i < rows; i++) {
    a.numbers.push_back(i % 17 ? random.normal() : std::numeric_limits<double>::quiet_NaN());
    b.numbers.push_back(random.normal());
    colour.codes.push_back(static_cast<std::int32_t>(random.below(3)));
    table.row_numbers.push_back(static_cast<std::uint32_t>(i + 1));
  }
  table.columns = {a, b, colour};
  return table;
}

Target target_of(const Table& table, std::size_t classes) {
  Target target{"y", classes ? Task::classify : Task::regress, {}, {}};
  for (std::size_t c = 0; c < classes; c++) target.labels.push_back("l" + std::to_string(c));
  for (std::size_t i = 0; i < table.rows(); i++) {
    double a = table.columns[0].numbers[i], sum = (std::isnan(a) ? 0 : a) * table.columns[1].numbers[i];
    sum += table.columns[2].codes[i];
    target.values.push_back(classes ? std::floor(std::clamp(sum, 0.0, 0.99 * 3) / 3 * static_cast<double>(classes))
                                    : 1000 * sum);
  }
  return target;
}

Candidate candidate(const char* learner) {
  auto& found = get_learner(learner);
  return {learner, &found, learner_options(found, {}), {}, false};
}

std::shared_ptr<const TablePipeline> trained(const Candidate& what, const Table& table, const Target& target) {
  TableTraining training{what.learner, what.options, what.features};
  return std::make_shared<TablePipeline>(train_pipeline(training, table, target, {}, nullptr, nullptr));
}

}  // namespace

TEST_CASE("stack: a second level's file takes the table's columns alone and gives its answers") {
  Table table = made_up(600);
  for (std::size_t classes : {0u, 2u, 3u})
    for (auto sees : {Sees::answers, Sees::both}) {
      CAPTURE(classes);
      Target target = target_of(table, classes);
      std::vector<Stack::Base> bases;
      for (auto* learner : {"lightgbm", "linear"}) {
        auto model = trained(candidate(learner), table, target);
        auto answers = model->predict(table, 1);
        bases.push_back({candidate(learner), {model, model}, answers});
      }
      auto stack = std::make_shared<const Stack>(problem_of(target), bases);
      Table wider = stack->training(table, sees);
      std::size_t told = classes == 0 || classes == 2 ? 1 : classes;
      CHECK(wider.columns.size() == 2 * told + (sees == Sees::both ? table.columns.size() : 0));
      EnsembleModel upper(
          {{trained(candidate("kernel"), wider, target), 0.5}, {trained(candidate("linear"), wider, target), 0.25}});
      auto stacked = std::make_shared<StackedModel>(stack, upper);
      EnsembleModel all({{stacked, 1}, {bases[0].models[0], 0.25}});  // one of the models below is a member itself
      auto exported = export_table_model(all, target, table, {}, "test", 1);  // throws where they differ
      CHECK(exported.columns.size() == table.columns.size());
      auto once = export_table_model(*stacked, target, table, {}, "test", 1);
      // Trees are there once, however many use them.
      CHECK(static_cast<double>(exported.bytes.size()) < 1.5 * static_cast<double>(once.bytes.size()));
    }
}
