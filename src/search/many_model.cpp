#include "search/many_model.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/hash.hpp"
#include "model/session.hpp"

namespace gyre {

namespace {

struct Choice {
  const ForecastLearner* learner = nullptr;
  BackTest test;
  double score = 0;
};

// A history that never moves has no scale: there the plain error decides.
double score_of(const BackTest& test) { return std::isfinite(test.mase) ? test.mase : 1e100 + test.mae; }

Choice choose(const ManyPlan& plan, const History& history, json::object& scores) {
  Choice best;
  for (auto& name : plan.learners) {
    auto& learner = forecast_learner(name);
    auto test = back_test(learner, history, plan.calendar, plan.test);
    if (!test) continue;
    double score = score_of(*test);
    scores[name] = std::isfinite(test->mase) ? json::value(test->mase) : json::value();
    if (!best.learner || score < best.score) best = {&learner, std::move(*test), score};
  }
  return best;
}

// To twelve figures: what is read back from JSON is then the same number.
double rounded(double value) {
  if (!std::isfinite(value)) return value;
  char text[32];
  auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific, 11).ptr;
  std::from_chars(text, end, value);
  return value;
}

void round_figures(PartitionResult& result) {
  for (auto* value : {&result.mase, &result.smape, &result.rmse, &result.mae}) *value = rounded(*value);
  for (auto* values : {&result.forecast, &result.band})
    for (double& value : *values) value = rounded(value);
  for (auto& score : result.scores)
    if (auto* value = score.value().if_double()) *value = rounded(*value);
}

bool is_near(double answer, double truth, double scale) { return std::abs(answer - truth) <= 1e-4 * scale; }

// The ONNX file, with the forecast as its golden answer. What the form computes is compared with the learner for every
// model; that the graph computes the form, for some graphs of each shape.
std::string model_of(const ManyPlan& plan, const Partition& partition, const PartitionResult& result,
                     const ForecastForm& form, GraphChecks& checks, ForecastGraphs& graphs) {
  std::size_t points = partition.values.size(), ahead = plan.columns.ahead.size();
  double scale = 1;
  for (double value : result.forecast) scale = std::max(scale, std::abs(value));
  auto known = std::span(partition.ahead).subspan(ahead ? (points - form.window) * ahead : 0);
  auto formed = form.forecast(partition.values, known, 0);
  for (std::size_t h = 0; h < formed.size(); h++)
    if (!is_near(formed[h], result.forecast[h], scale))
      throw Error(Code::internal, "the model's form answers " + std::to_string(formed[h]) + ", its learner " +
                                      std::to_string(result.forecast[h]));
  ForecastGraph about{.target = plan.columns.target, .covariates = plan.columns.ahead};
  about.last_step = std::int64_t(points) - 1;
  about.about = plan.columns.target;
  for (std::size_t i = 0; i < result.keys.size(); i++)
    about.about += (i ? ", " : " of ") + plan.columns.by[i] + " " + result.keys[i];
  about.about += ": " + std::to_string(form.horizon) + " steps ahead, " + result.words;

  Tensor window = window_of(partition, ahead, form.window, form.horizon, 0);
  std::vector<float> answer(result.forecast.begin(), result.forecast.end());
  Golden golden{{window}, {Tensor::floats({std::int64_t(answer.size())}, answer)}};
  std::string model = graphs.graph(form, about, plan.lineage, pack_golden({golden}));
  if (checks.is_due(shape_of(form))) {
    auto answers = Session::from_bytes(model).run({window});
    for (std::size_t h = 0; h < answer.size(); h++)
      if (!is_near(answers.at(0).as<float>()[h], result.forecast[h], scale))
        throw Error(Code::internal, "the ONNX file does not answer as its learner does");
  }
  return model;
}

}  // namespace

Tensor window_of(const Partition& partition, std::size_t ahead, std::size_t window, std::size_t horizon,
                 std::int64_t first_step) {
  std::size_t width = ahead + 2, rows = window + (ahead ? horizon : 0), points = partition.values.size();
  Tensor tensor = Tensor::zeros(DataType::f32, {1, std::int64_t(rows), std::int64_t(width)});
  auto to = tensor.as<float>();
  for (std::size_t row = 0; row < rows; row++) {
    std::size_t step = points - window + row;
    to[row * width] = step < points ? static_cast<float>(partition.values[step]) : std::nanf("");
    for (std::size_t i = 0; i < ahead; i++)
      to[row * width + 1 + i] = static_cast<float>(partition.ahead[step * ahead + i]);
    to[row * width + width - 1] = static_cast<float>(first_step + std::int64_t(step));
  }
  return tensor;
}

PartitionResult learn_partition(const ManyPlan& plan, const Partition& partition, GraphChecks& checks,
                                ForecastGraphs& graphs) {
  PartitionResult result{.keys = partition.keys, .data = partition.digest, .trouble = partition.trouble};
  result.points = partition.values.size();
  result.filled = partition.filled;
  result.first_time = partition.first_time;
  if (!result.trouble.empty()) return result;
  std::size_t horizon = plan.test.horizon, ahead = plan.columns.ahead.size();
  History history{partition.values, partition.ahead, ahead, horizon};
  if (ahead && partition.ahead.size() < (result.points + horizon) * ahead) {
    result.trouble = std::to_string(partition.ahead.size() / ahead - result.points) +
                     " rows behind the last value say what is known ahead, " + std::to_string(horizon) + " are needed";
    return result;
  }
  auto best = choose(plan, history, result.scores);
  if (!best.learner || best.test.folds == 0) {
    bool enough = !fold_ends(result.points, plan.test).empty();
    auto [least, most] = std::minmax_element(history.values.begin(), history.values.end());
    char range[80];
    std::snprintf(range, sizeof range, "no learner can take its values, from %g to %g", *least, *most);
    result.trouble = enough ? range
                            : std::to_string(result.points) + (result.points == 1 ? " value is" : " values are") +
                                  " too few to learn from";
    return result;
  }
  auto fitted = best.learner->fit(history, plan.calendar);
  auto form = fitted ? fitted->form(horizon) : std::nullopt;
  if (!form) {
    result.trouble = best.learner->name + " could not be fitted to the whole history";
    return result;
  }
  result.learner = best.learner->name;
  result.words = fitted->words();
  result.folds = best.test.folds;
  result.mase = best.test.mase;
  result.smape = best.test.smape;
  result.rmse = best.test.rmse;
  result.mae = best.test.mae;
  result.forecast = fitted->forecast(horizon, history.covariates.subspan(result.points * ahead));
  result.band = band_of(best.test, horizon);
  try {
    result.bytes = model_of(plan, partition, result, *form, checks, graphs);
  } catch (const Error& error) {
    result.trouble = error.text();
    return result;
  }
  result.model = digest_of(result.bytes);
  round_figures(result);
  return result;
}

static json::array numbers(const std::vector<double>& values) {
  json::array list;
  list.reserve(values.size());
  for (double value : values) list.push_back(std::isfinite(value) ? json::value(value) : json::value());
  return list;
}

static std::vector<double> numbers_from(const json::value& value) {
  std::vector<double> list;
  for (auto& item : value.as_array()) list.push_back(item.is_null() ? std::nan("") : item.to_number<double>());
  return list;
}

json::object to_json(const PartitionResult& result, const std::vector<std::string>& by) {
  json::object keys;
  for (std::size_t i = 0; i < by.size(); i++) keys[by[i]] = result.keys[i];
  json::object object{{"partition", std::move(keys)}, {"data", result.data}, {"points", result.points}};
  if (result.filled) object["filled"] = result.filled;
  object["first_time"] = result.first_time;
  if (!result.trouble.empty()) {
    object["trouble"] = result.trouble;
    return object;
  }
  object["model"] = result.model;
  object["learner"] = result.learner;
  object["words"] = result.words;
  object["folds"] = result.folds;
  object["scores"] = result.scores;
  object["mase"] = std::isfinite(result.mase) ? json::value(result.mase) : json::value();
  object["smape"] = result.smape;
  object["rmse"] = result.rmse;
  object["mae"] = result.mae;
  object["forecast"] = numbers(result.forecast);
  object["band"] = numbers(result.band);
  if (result.drift > 0) object["drift"] = result.drift;
  return object;
}

PartitionResult partition_result_from(const json::value& value, const std::vector<std::string>& by) {
  PartitionResult result;
  auto& keys = value.at("partition");
  for (auto& name : by) result.keys.push_back(get_string(keys, name));
  result.data = get_string(value, "data");
  result.points = static_cast<std::size_t>(get_int(value, "points"));
  if (find(value, "filled")) result.filled = static_cast<std::size_t>(get_int(value, "filled"));
  result.first_time = get_number(value, "first_time");
  result.trouble = string_or(value, "trouble", "");
  if (!result.trouble.empty()) return result;
  result.model = get_string(value, "model");
  result.learner = get_string(value, "learner");
  result.words = get_string(value, "words");
  result.folds = static_cast<std::size_t>(get_int(value, "folds"));
  result.scores = value.at("scores").as_object();
  result.mase = find_number(value, "mase").value_or(HUGE_VAL);
  result.smape = get_number(value, "smape");
  result.rmse = get_number(value, "rmse");
  result.mae = get_number(value, "mae");
  result.forecast = numbers_from(value.at("forecast"));
  result.band = numbers_from(value.at("band"));
  result.drift = find_number(value, "drift").value_or(0);
  return result;
}

}  // namespace gyre
