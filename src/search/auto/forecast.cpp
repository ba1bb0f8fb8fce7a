#include "search/auto/forecast.hpp"

#include "data/gather.hpp"
#include "search/auto/guardrails.hpp"

namespace gyre {

static json::value score_or_null(const json::object& scores, const std::string& name) {
  auto* found = scores.if_contains(name);
  return found ? *found : json::value();
}

AutoForecast find_forecaster(const std::filesystem::path& file, const std::string& name, ManyPlan plan, int threads) {
  auto table = load_series_table(file, name, plan.columns, threads);
  if (table.partitions.size() != 1)
    throw Error(Code::invalid, name + " has no series of \"" + plan.columns.target + "\"");
  plan.calendar = table.grid.calendar();
  for (auto& learner : forecast_learners()) plan.learners.push_back(learner.name);
  GraphChecks checks;
  ForecastGraphs graphs;
  auto best = learn_partition(plan, table.partitions[0], checks, graphs);
  if (!best.trouble.empty())
    throw Error(Code::invalid, name + ": no model of \"" + plan.columns.target + "\": " + best.trouble);
  json::array leaderboard, members;
  for (auto& [learner, score] : best.scores) leaderboard.push_back({{"name", learner}, {"score", score}});
  members.push_back({{"name", best.words},
                     {"learner", best.learner},
                     {"weight", 1},
                     {"score", best.mase},
                     {"options", json::object{}}});
  std::vector<Guardrail> guardrails{
      {"missing steps", best.filled ? "done" : "passed",
       best.filled ? counted(best.filled, "step was", "steps were") + " filled between their neighbours"
                   : "none is missing"}};
  json::object report{
      {"about", "Forecasts \"" + plan.columns.target + "\" " + counted(plan.test.horizon, "step", "steps") +
                    " ahead, " + table.grid.words() + " from step to step."},
      {"task", "forecast"},
      {"metric", "mase"},
      {"score", best.mase},
      {"default", "naive"},
      {"default_score", score_or_null(best.scores, "naive")},
      {"rows", table.rows},
      {"columns", plan.columns.ahead.size() + 2},
      {"judged_by", counted(best.folds, "rolling origin", "rolling origins")},
      {"members", members},
      {"scores", {{"mase", best.mase}, {"smape", best.smape}, {"rmse", best.rmse}, {"mae", best.mae}}},
      {"leaderboard", leaderboard},
      {"forecast", json::value_from(best.forecast)},
      {"guardrails", to_json(guardrails)},
      {"findings", json::array{}},
      {"megabytes", static_cast<double>(best.bytes.size()) / 1e6}};
  return {std::move(best.bytes), std::move(report)};
}

}  // namespace gyre
