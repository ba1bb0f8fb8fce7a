// Forecasters against figures worked out by hand, against plain slow versions, and each one's ONNX file against itself.
#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "learn/forecast/arima.hpp"
#include "learn/forecast/decompose.hpp"
#include "learn/forecast/exponential.hpp"
#include "learn/forecast/graph.hpp"
#include "learn/forecast/linear_system.hpp"
#include "learn/forecast/rolling_origin.hpp"
#include "model/session.hpp"

namespace gyre {

namespace {

std::vector<double> wave(std::size_t points, std::size_t season, double slope, double noise, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(0, noise);
  std::vector<double> values;
  for (std::size_t i = 0; i < points; i++)
    values.push_back(100 + slope * double(i) + 10 * std::sin(2 * std::numbers::pi * double(i) / double(season)) +
                     normal(random));
  return values;
}

double apart(const std::vector<double>& a, std::span<const double> b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); i++)
    largest = std::max(largest, std::abs(a[i] - b[i]) / std::max(1.0, std::abs(b[i])));
  return largest;
}

// What the ONNX file answers when the last rows of the history are put in.
std::vector<double> answer_of(const ForecastForm& form, std::span<const double> values,
                              std::span<const double> covariates, std::int64_t ahead) {
  ForecastGraph about{.target = "sales", .last_step = 500};
  for (std::size_t i = 0; i < form.covariate_count; i++) about.covariates.push_back("c" + std::to_string(i));
  auto session = Session::from_bytes(forecast_graph(form, about, json::object()));
  std::size_t width = form.covariate_count + 2, rows = form.window + (form.covariate_count ? form.horizon : 0);
  std::vector<float> series(rows * width, std::nanf(""));
  for (std::size_t row = 0; row < rows; row++) {
    std::size_t step = values.size() - form.window + row;
    if (step < values.size()) series[row * width] = float(values[step]);
    for (std::size_t c = 0; c < form.covariate_count; c++)
      series[row * width + 1 + c] = float(covariates[step * form.covariate_count + c]);
    series[row * width + width - 1] = float(500 + ahead + std::int64_t(row) + 1 - std::int64_t(form.window));
  }
  auto outputs = session.run({Tensor::floats({1, std::int64_t(rows), std::int64_t(width)}, series)});
  auto answer = outputs.at(0).as<float>();
  return {answer.begin(), answer.end()};
}

}  // namespace

TEST_CASE("metrics of forecasts, by hand") {
  std::vector<double> history{1, 3, 2, 5}, truth{4, 6}, forecast{5, 4};
  CHECK(naive_scale(history, 1) == doctest::Approx((2 + 1 + 3) / 3.0));
  CHECK(naive_scale(history, 2) == doctest::Approx((1 + 2) / 2.0));
  CHECK(naive_scale(history, 4) == doctest::Approx(2));  // less than two seasons: from one value to the next
  CHECK(mase(truth, forecast, 2) == doctest::Approx(0.75));
  CHECK(smape(truth, forecast) == doctest::Approx((200.0 / 9 + 400.0 / 10) / 2));
  CHECK(quantile_loss(truth, forecast, 0.9) == doctest::Approx((0.1 * 1 + 0.9 * 2) / 2));
  std::vector<double> still{7, 7, 7};
  CHECK(mase(still, still, naive_scale(still, 1)) == 0);
  CHECK(std::isinf(mase(truth, forecast, 0)));
}

TEST_CASE("folds leave half of a history to learn from, and the last is judged on its end") {
  CHECK(fold_ends(122, {.horizon = 20, .folds = 3}) == std::vector<std::size_t>{62, 82, 102});
  CHECK(fold_ends(60, {.horizon = 20, .folds = 3}) == std::vector<std::size_t>{40});
  CHECK(fold_ends(12, {.horizon = 20, .folds = 3}) == std::vector<std::size_t>{8});
  CHECK(fold_ends(3, {.horizon = 20, .folds = 3}).empty());
}

TEST_CASE("a back-test sees nothing of what it judges") {
  // Any value of the future would show: what is judged is 1e6 above all that was there to learn from.
  std::vector<double> values = wave(60, 4, 0, 1);
  for (std::size_t i = 50; i < 60; i++) values[i] += 1e6;
  for (auto& learner : forecast_learners()) {
    auto test = back_test(learner, {values}, {.season = 4, .cycles = {4}}, {.horizon = 10, .folds = 1});
    REQUIRE_MESSAGE(test, learner.name);
    CHECK_MESSAGE(test->mae > 0.99e6, learner.name);
  }
}

TEST_CASE("least squares finds the weights that made the values, and leaves out a column that does not vary") {
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  std::vector<double> x, y;
  for (int row = 0; row < 50; row++) {
    double a = normal(random), b = 1000 + normal(random);
    x.insert(x.end(), {a, 5.0, b});
    y.push_back(2 * a - 3 * b + 7);
  }
  auto weights = least_squares(x, y, 1e-12);
  REQUIRE(weights.size() == 4);
  CHECK(weights[0] == doctest::Approx(2));
  CHECK(weights[1] == 0);
  CHECK(weights[2] == doctest::Approx(-3));
  CHECK(weights[3] == doctest::Approx(7).epsilon(1e-6));
}

TEST_CASE("a decomposition of a season by hand") {
  std::vector<double> values{1, 3, 1, 3, 1, 3, 1};
  auto average = seasonal_average(values, 2);
  CHECK(std::isnan(average.front()));
  CHECK(average[1] == doctest::Approx(2));
  auto added = seasonal_factors(values, 2, false), multiplied = seasonal_factors(values, 2, true);
  CHECK(added[0] == doctest::Approx(-1));
  CHECK(added[1] == doctest::Approx(1));
  CHECK(multiplied[0] == doctest::Approx(0.5));
  CHECK(multiplied[1] == doctest::Approx(1.5));
  CHECK(seasonal_strength(wave(96, 12, 0.1, 0.5), 12) > 0.9);
  CHECK(seasonal_strength(wave(96, 7, 0.1, 0.5), 12) < 0.64);
}

TEST_CASE("exponential smoothing by hand") {
  using Shape = ExponentialShape;
  SUBCASE("level alone") {
    auto fit = run_exponential({.shape = {}, .alpha = 0.5, .first = {.level = 10}}, std::vector<double>{12, 14});
    CHECK(fit.last.level == doctest::Approx(12.5));  // 10 -> 11 -> 12.5
    CHECK(fit.squared_errors == doctest::Approx(4 + 9));
  }
  SUBCASE("damped trend") {
    ExponentialFit fit{.shape = {.trend = Shape::Trend::damped}, .alpha = 0.5, .beta = 0.2, .phi = 0.9};
    fit.first = {.level = 10, .slope = 1};
    fit = run_exponential(fit, std::vector<double>{12});
    CHECK(fit.last.level == doctest::Approx(10.9 + 0.5 * 1.1));
    CHECK(fit.last.slope == doctest::Approx(0.9 + 0.2 * 1.1));
  }
  SUBCASE("multiplied season") {
    ExponentialFit fit{
        .shape = {.relative_error = true, .season = Shape::Season::multiplied}, .alpha = 0.5, .gamma = 0.1};
    fit.first = {.level = 10, .season = {0.5, 1.5}};
    fit = run_exponential(fit, std::vector<double>{6});
    CHECK(fit.last.level == doctest::Approx(10 + 0.5 * 1 / 0.5));
    CHECK(fit.last.season[0] == doctest::Approx(0.5 + 0.1 * 1 / 10.0));
    CHECK(fit.squared_errors == doctest::Approx(0.04));
  }
}

TEST_CASE("the search finds what a series was made with") {
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  SUBCASE("a level that moves by 0.4 of each surprise") {
    std::vector<double> values;
    double level = 50;
    for (int i = 0; i < 600; i++) {
      double error = normal(random);
      values.push_back(level + error);
      level += 0.4 * error;
    }
    auto fit = fit_exponential_shape({}, values, 1);
    REQUIRE(fit);
    CHECK(fit->alpha == doctest::Approx(0.4).epsilon(0.2));
  }
  SUBCASE("an ARMA process") {
    std::vector<double> values;
    double value = 0, error = 0;
    for (int i = 0; i < 3000; i++) {
      double now = normal(random);
      value = 0.7 * value + now + 0.4 * error;
      error = now;
      values.push_back(5 + value);
    }
    auto fit = fit_arima_order({.p = 1, .q = 1, .constant = true}, values);
    REQUIRE(fit);
    CHECK(fit->ar[0] == doctest::Approx(0.7).epsilon(0.08));
    CHECK(fit->ma[0] == doctest::Approx(0.4).epsilon(0.15));
    CHECK(fit->constant == doctest::Approx(5).epsilon(0.05));
    CHECK(fit->squared_errors / 3000 == doctest::Approx(1).epsilon(0.06));
  }
}

TEST_CASE("polynomials of ARIMA by hand") {
  auto taps = multiplied_taps({0.5}, {0.2}, 12, -1);
  REQUIRE(taps.size() == 3);
  CHECK(taps[1].lag == 12);
  CHECK(taps[2].lag == 13);
  CHECK(taps[2].weight == doctest::Approx(-0.1));
  // Partial autocorrelations .5 and .3: phi1 = .5 - .3 * .5, phi2 = .3
  std::vector<double> numbers{std::atanh(0.5), std::atanh(0.3)};
  auto coefficients = stationary(numbers);
  CHECK(coefficients[0] == doctest::Approx(0.35));
  CHECK(coefficients[1] == doctest::Approx(0.3));
  CHECK(ArimaOrder{.p = 2, .d = 1, .sq = 1, .season = 12}.words() == "ARIMA(2,1,0)(0,0,1)12");
}

TEST_CASE("every learner goes on with a season and a trend") {
  auto values = wave(144, 12, 0.5, 0.2), next = wave(168, 12, 0.5, 0);
  for (auto& learner : forecast_learners()) {
    auto fitted = learner.fit({values}, {.season = 12, .cycles = {12}});
    REQUIRE_MESSAGE(fitted, learner.name);
    auto forecast = fitted->forecast(24);
    double error = 0;
    for (std::size_t h = 0; h < 24; h++) error += std::abs(forecast[h] - next[144 + h]) / 24;
    CHECK_MESSAGE(error < (learner.name == "naive"   ? 13
                           : learner.name == "theta" ? 3
                                                     : 1.5),
                  learner.name << " " << fitted->words() << " " << error);
  }
}

TEST_CASE("the ONNX file answers as its forecaster does") {
  for (std::size_t season : {1, 7, 12})
    for (double slope : {0.0, 0.3}) {
      auto values = wave(140, season == 1 ? 50 : season, slope, 2, unsigned(season));
      for (auto& learner : forecast_learners()) {
        auto fitted = learner.fit({values}, {.season = season, .cycles = {double(season), 52.18}});
        REQUIRE_MESSAGE(fitted, learner.name);
        auto form = fitted->form(15);
        if (!form) continue;  // a multiplied season
        auto forecast = fitted->forecast(15);
        CHECK_MESSAGE(apart(form->forecast(values, {}, 0), forecast) < 1e-9, learner.name << " " << fitted->words());
        CHECK_MESSAGE(apart(answer_of(*form, values, {}, 0), forecast) < 1e-5, learner.name << " " << fitted->words());
        // Later windows too, as the form says.
        auto more = wave(150, season == 1 ? 50 : season, slope, 2, unsigned(season));
        CHECK_MESSAGE(apart(answer_of(*form, more, {}, 10), form->forecast(more, {}, 10)) < 1e-5, learner.name);
      }
    }
}

TEST_CASE("graphs made one after another are those made alone") {
  ForecastGraphs graphs;
  for (unsigned seed : {1u, 2u, 3u})
    for (std::size_t season : {1, 12}) {
      auto values = wave(140, season == 1 ? 50 : season, 0.2, 2, seed);
      for (auto& learner : forecast_learners()) {
        auto form = learner.fit({values}, {.season = season, .cycles = {52.18}})->form(10);
        if (!form) continue;
        ForecastGraph about{.target = "sales", .last_step = std::int64_t(100 * seed), .about = learner.name};
        auto golden = "golden " + std::to_string(seed);
        CHECK(graphs.graph(*form, about, json::object(), golden) ==
              forecast_graph(*form, about, json::object(), golden));
      }
    }
}

TEST_CASE("regression uses what is known ahead") {
  std::mt19937 random(9);
  std::vector<double> promotion(72), values;
  for (double& value : promotion) value = random() % 4 == 0;
  auto base = wave(60, 12, 0.2, 0.1);
  for (std::size_t i = 0; i < 60; i++) values.push_back(base[i] + 30 * promotion[i]);
  History history{values, promotion, 1};
  auto fitted = fit_lag_regression(history, {.season = 12, .cycles = {12}});
  REQUIRE(fitted);
  auto ahead = std::span<const double>(promotion).subspan(60);
  auto forecast = fitted->forecast(12, ahead);
  auto truth = wave(72, 12, 0.2, 0);
  for (std::size_t h = 0; h < 12; h++) CHECK(std::abs(forecast[h] - truth[60 + h] - 30 * ahead[h]) < 2);
  auto form = fitted->form(12);
  REQUIRE(form);
  CHECK(apart(answer_of(*form, values, promotion, 0), forecast) < 1e-5);
}

TEST_CASE("short and still histories are taken or turned down, never answered with nonsense") {
  for (auto& learner : forecast_learners())
    for (std::size_t points : {0, 1, 2, 3, 5, 9})
      for (double value : {0.0, 4.0}) {
        std::vector<double> values(points, value);
        auto fitted = learner.fit({values}, {.season = 7, .cycles = {7}});
        if (!fitted) continue;
        for (double answer : fitted->forecast(3)) CHECK_MESSAGE(answer == doctest::Approx(value), learner.name);
      }
}

}  // namespace gyre
