#include "learn/unsupervised/factors.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "base/random.hpp"
#include "data/gather.hpp"
#include "learn/forecast/linear_system.hpp"
#include "learn/metrics.hpp"
#include "learn/parallel.hpp"

namespace gyre {

Ratings ratings_from(const Table& table, const std::string& user, const std::string& item, const std::string& rating,
                     std::vector<std::string>& findings) {
  auto& users = table.get(user);
  auto& items = table.get(item);
  auto& values = table.get(rating);
  if (!values.is_number())
    throw Error(Code::invalid, table.name + ": the column of ratings \"" + values.name + "\" is no number",
                "--rating names a column of numbers");
  Ratings ratings{users.name, items.name, {}, {}, {}, {}, {}};
  std::vector<std::uint32_t> user_places(users.words.size()), item_places(items.words.size());
  auto place = [](const Column& column, std::size_t row, std::vector<std::uint32_t>& places,
                  std::vector<std::string>& names) {
    auto& place = places[static_cast<std::size_t>(column.codes[row])];  // 0: not met yet
    if (!place) {
      names.push_back(column.text(row));
      place = static_cast<std::uint32_t>(names.size());
    }
    return place - 1;
  };
  std::size_t lacking = 0, first = 0;
  for (std::size_t i = 0; i < table.rows(); i++) {
    if (users.is_missing(i) || items.is_missing(i) || values.is_missing(i)) {
      if (lacking++ == 0) first = i;
      continue;
    }
    ratings.user.push_back(place(users, i, user_places, ratings.users));
    ratings.item.push_back(place(items, i, item_places, ratings.items));
    ratings.value.push_back(values.numbers[i]);
  }
  if (lacking)
    findings.push_back(counted(lacking, "row lacks", "rows lack") + " a user, an item or a rating and " +
                       (lacking == 1 ? "is" : "are") + " left out; the first is row " +
                       std::to_string(table.row_numbers[first]));
  if (ratings.value.empty()) throw Error(Code::invalid, table.name + ": no row has a user, an item and a rating");
  return ratings;
}

static std::vector<std::vector<std::uint32_t>> ratings_of(const std::vector<std::uint32_t>& side, std::size_t count) {
  std::vector<std::vector<std::uint32_t>> of(count);
  for (std::size_t i = 0; i < side.size(); i++) of[side[i]].push_back(static_cast<std::uint32_t>(i));
  return of;
}

FactorModel::FactorModel(const Ratings& ratings, const FactorPlan& plan) : plan_(plan) {
  users_ = {ratings.user_column, ratings.users, {}, {}};
  items_ = {ratings.item_column, ratings.items, {}, {}};
  mean_ = gyre::mean(ratings.value);
  auto [least, most] = std::minmax_element(ratings.value.begin(), ratings.value.end());
  least_ = *least, most_ = *most;
  Random random(plan.seed);
  for (auto* side : {&users_, &items_}) {
    side->factors.assign((side->names.size() + 1) * plan.factors, 0.0);
    side->bias.assign(side->names.size() + 1, 0.0);
    for (std::size_t i = 0; i < side->names.size() * plan.factors; i++) side->factors[i] = 0.1 * random.normal();
  }
  auto of_users = ratings_of(ratings.user, ratings.users.size());
  auto of_items = ratings_of(ratings.item, ratings.items.size());
  double former = HUGE_VAL;
  while (rounds_ < plan.rounds) {
    fit(users_, items_, of_users, ratings.item, ratings);
    fit(items_, users_, of_items, ratings.user, ratings);
    rounds_++;
    double now = rmse_of(ratings);
    if (former - now < 1e-4 * now) break;
    former = now;
  }
}

// One side by ridge regressions on the other's factors and a constant, its bias.
void FactorModel::fit(Side& side, const Side& other, const std::vector<std::vector<std::uint32_t>>& of,
                      const std::vector<std::uint32_t>& others, const Ratings& ratings) const {
  std::size_t factors = plan_.factors, width = factors + 1;
  for_rows(side.names.size(), plan_.threads, [&](std::size_t from, std::size_t to) {
    std::vector<double> gram(width * width), sums(width), x(width, 1.0);
    for (std::size_t one = from; one < to; one++) {
      std::fill(gram.begin(), gram.end(), 0.0);
      std::fill(sums.begin(), sums.end(), 0.0);
      for (auto rating : of[one]) {
        std::size_t them = others[rating];
        std::copy_n(&other.factors[them * factors], factors, x.begin());
        double left = ratings.value[rating] - mean_ - other.bias[them];
        for (std::size_t i = 0; i < width; i++) {
          sums[i] += x[i] * left;
          for (std::size_t j = 0; j <= i; j++) gram[i * width + j] += x[i] * x[j];
        }
      }
      for (std::size_t i = 0; i < width; i++)
        gram[i * width + i] += plan_.penalty * static_cast<double>(of[one].size());
      if (of[one].empty() || !solve_positive(gram, sums)) std::fill(sums.begin(), sums.end(), 0.0);
      std::copy_n(sums.begin(), factors, &side.factors[one * factors]);
      side.bias[one] = sums[factors];
    }
  });
}

double FactorModel::value(std::size_t user, std::size_t item) const {
  double sum = mean_ + users_.bias[user] + items_.bias[item];
  for (std::size_t f = 0; f < plan_.factors; f++)
    sum += users_.factors[user * plan_.factors + f] * items_.factors[item * plan_.factors + f];
  return plan_.clip ? std::clamp(sum, least_, most_) : sum;
}

double FactorModel::rmse_of(const Ratings& ratings) const {
  double sum = 0;
  for (std::size_t i = 0; i < ratings.count(); i++) {
    double error = ratings.value[i] - value(ratings.user[i], ratings.item[i]);
    sum += error * error;
  }
  return std::sqrt(sum / static_cast<double>(ratings.count()));
}

std::vector<std::vector<double>> FactorModel::answers(const Table& table, int threads) const {
  auto places_of = [&](const Side& side) {
    std::unordered_map<std::string, std::size_t> known;
    for (std::size_t i = 0; i < side.names.size(); i++) known.emplace(side.names[i], i);
    auto& column = table.get(side.column);
    std::vector<std::size_t> places(table.rows(), side.names.size());
    for (std::size_t i = 0; i < places.size(); i++)
      if (auto found = known.find(column.text(i)); found != known.end()) places[i] = found->second;
    return places;
  };
  auto users = places_of(users_), items = places_of(items_);
  std::vector<double> values(table.rows());
  for_rows(values.size(), threads, [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; i++) values[i] = value(users[i], items[i]);
  });
  return {std::move(values)};
}

std::vector<RowAnswer> FactorModel::export_to(GraphBuilder& graph, TableInputs& inputs) const {
  using Integers = std::vector<std::int64_t>;
  auto width = static_cast<std::int64_t>(plan_.factors + 2);
  // Each side's row: its factors, and its bias where the other side has a 1.
  auto rows_of = [&](const Side& side, bool bias_first) {
    auto count = static_cast<std::int64_t>(side.names.size());
    std::vector<float> table;
    for (std::size_t i = 0; i < side.bias.size(); i++) {
      table.insert(table.end(), side.factors.begin() + static_cast<std::ptrdiff_t>(i * plan_.factors),
                   side.factors.begin() + static_cast<std::ptrdiff_t>((i + 1) * plan_.factors));
      auto bias = static_cast<float>(side.bias[i]);
      table.push_back(bias_first ? bias : 1.0f);
      table.push_back(bias_first ? 1.0f : bias);
    }
    Integers places(side.names.size());
    std::iota(places.begin(), places.end(), 0);
    auto name = inputs.value(graph, side.column, DataType::text);
    auto place = graph.node("ai.onnx.ml.LabelEncoder", {name},
                            {{"keys_strings", side.names}, {"values_int64s", places}, {"default_int64", count}});
    auto found = graph.node("Gather", {graph.constant(Tensor::floats({count + 1, width}, table)), place});
    return graph.node("Squeeze", {found, graph.constant(Integers{1})});
  };
  auto users = rows_of(users_, true), items = rows_of(items_, false);
  auto sum = graph.node("ReduceSum", {graph.node("Mul", {users, items}), graph.constant(Integers{1})});
  auto value = graph.node("Add", {sum, graph.constant(static_cast<float>(mean_))});
  if (plan_.clip)
    value = graph.node("Clip",
                       {value, graph.constant(static_cast<float>(least_)), graph.constant(static_cast<float>(most_))});
  return {{"value", value}};
}

// The discounted gain of the first n by `order_by`; those it holds equal share their places.
static double discounted_gain(const std::vector<std::pair<double, double>>& by_and_gain, std::size_t n) {
  auto sorted = by_and_gain;
  std::sort(sorted.begin(), sorted.end(), [](auto& a, auto& b) { return a.first > b.first; });
  double sum = 0;
  for (std::size_t from = 0, to = 0; from < sorted.size(); from = to) {
    double gain = 0, places = 0;
    for (; to < sorted.size() && sorted[to].first == sorted[from].first; to++) {
      gain += sorted[to].second;
      if (to < n) places += 1 / std::log2(static_cast<double>(to) + 2);
    }
    sum += gain / static_cast<double>(to - from) * places;
  }
  return sum;
}

double mean_ndcg(const std::vector<std::uint32_t>& users, const std::vector<double>& ratings,
                 const std::vector<double>& predicted, std::size_t n) {
  if (users.empty()) return std::nan("");
  double lowest = std::min(0.0, *std::min_element(ratings.begin(), ratings.end())), sum = 0, judged = 0;
  for (auto& mine : ratings_of(users, std::size_t{*std::max_element(users.begin(), users.end())} + 1)) {
    if (mine.size() < 2) continue;
    std::vector<std::pair<double, double>> given, best;
    for (auto i : mine) {
      given.emplace_back(predicted[i], ratings[i] - lowest);
      best.emplace_back(ratings[i], ratings[i] - lowest);
    }
    double most = discounted_gain(best, n);
    sum += most > 0 ? discounted_gain(given, n) / most : 0;
    judged++;
  }
  return sum / judged;
}

json::object rating_scores(const Ratings& ratings, const std::vector<double>& predicted, std::size_t n) {
  double ndcg = mean_ndcg(ratings.user, ratings.value, predicted, n);
  return {{"rmse", rmse(ratings.value, predicted)},
          {"mae", mean_absolute_error(ratings.value, predicted)},
          {"ndcg", std::isfinite(ndcg) ? json::value(ndcg) : json::value()}};
}

}  // namespace gyre
