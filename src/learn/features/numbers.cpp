#include "learn/features/numbers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "learn/features/relevance.hpp"
#include "learn/metrics.hpp"

namespace gyre {

using Integers = std::vector<std::int64_t>;

float NumberRule::operator()(float value) const {
  if (std::isnan(value)) {
    if (keep_holes) return value;
    value = fill;
  }
  return (value - move) * factor;
}

static double median_of(const std::vector<double>& values) { return quantile(values, 0.5); }

NumberRule number_rule(const std::vector<float>& cells, const std::string& fill, const std::string& scale,
                       const Target* target) {
  std::vector<double> values;
  for (float cell : cells)
    if (!std::isnan(cell)) values.push_back(cell);
  NumberRule rule;
  rule.keep_holes = fill == "keep";
  if (values.empty()) return rule;
  if (fill == "mean") rule.fill = static_cast<float>(mean(values));
  if (fill == "median") rule.fill = static_cast<float>(median_of(values));
  double middle = 0, spread = 1;
  if (scale == "standard") {
    middle = mean(values);
    double squares = 0;
    for (double value : values) squares += (value - middle) * (value - middle);
    spread = std::sqrt(squares / static_cast<double>(values.size()));
  } else if (scale == "min-max") {
    auto [low, high] = std::minmax_element(values.begin(), values.end());
    middle = *low, spread = *high - *low;
  } else if (scale == "robust") {
    middle = median_of(values);
    spread = quantile(values, 0.75) - quantile(values, 0.25);
  }
  rule.move = static_cast<float>(middle);
  double factor = spread > 0 && std::isfinite(spread) ? 1 / spread : 1;
  if (target) factor *= relevance_of(cells, *target);
  rule.factor = std::isfinite(static_cast<float>(factor)) ? static_cast<float>(factor) : 1.0f;
  return rule;
}

std::string export_rules(GraphBuilder& graph, const std::string& values, const std::vector<NumberRule>& rules) {
  std::vector<float> fill, move, factor;
  bool fills = false, moves = false;
  for (auto& rule : rules) {
    fills |= !rule.keep_holes;
    moves |= rule.move != 0 || rule.factor != 1;
    fill.push_back(rule.keep_holes ? std::numeric_limits<float>::quiet_NaN() : rule.fill);
    move.push_back(rule.move), factor.push_back(rule.factor);
  }
  auto row = [&](const std::vector<float>& of) {
    return graph.constant(Tensor::floats({1, static_cast<std::int64_t>(of.size())}, of));
  };
  // An infinity, from a cell or from one beyond the floats, is a hole.
  std::string hole = graph.node("Or", {graph.node("IsNaN", {values}), graph.node("IsInf", {values})});
  std::string result = graph.node("Where", {hole, row(fill), values});
  if (!moves) return result;
  return graph.node("Mul", {graph.node("Sub", {result, row(move)}), row(factor)});
}

float narrowed(double value) {
  auto narrow = static_cast<float>(value);
  return std::isinf(narrow) ? std::numeric_limits<float>::quiet_NaN() : narrow;
}

NumberBlock::NumberBlock(const Table& table, std::vector<std::string> columns, const std::string& fill,
                         const std::string& scale, const Target* target)
    : columns_(std::move(columns)) {
  for (auto* column : table.get_all(columns_)) {
    std::vector<float> cells;
    for (double value : column->numbers) cells.push_back(narrowed(value));
    rules_.push_back(number_rule(cells, fill, scale, target));
  }
}

std::vector<Feature> NumberBlock::features() const {
  std::vector<Feature> list;
  for (auto& name : columns_) list.push_back({name});
  return list;
}

void NumberBlock::write(const Table& table, Matrix& to, std::size_t place) const {
  auto columns = table.get_all(columns_);
  constexpr std::size_t tile = 128;  // rows whose features stay in the cache while column after column is written
  for (std::size_t from = 0; from < to.rows; from += tile)
    for (std::size_t c = 0; c < columns_.size(); c++) {
      const double* numbers = columns[c]->numbers.data();
      NumberRule rule = rules_[c];
      float* cell = to.values.data() + from * to.columns + place + c;
      for (std::size_t i = from; i < std::min(to.rows, from + tile); i++, cell += to.columns)
        *cell = rule(narrowed(numbers[i]));
    }
}

std::string NumberBlock::export_to(GraphBuilder& graph, const std::map<std::string, std::string>& inputs) const {
  std::vector<std::string> values;
  for (auto& name : columns_) values.push_back(inputs.at(name));
  std::string all = values.size() == 1 ? values[0] : graph.node("Concat", values, {{"axis", std::int64_t{1}}});
  return export_rules(graph, all, rules_);
}

static constexpr std::string_view part_names[] = {"days", "year", "month", "day", "weekday", "hour"};

static std::array<float, 6> parts_of(std::string_view text, DateOrder order) {
  std::array<float, 6> parts;
  parts.fill(std::numeric_limits<float>::quiet_NaN());
  Date date = date_from(text, order);
  if (!date.known) return parts;
  double days = date.days(), whole = std::floor(days) + 3;  // 1970-01-01 was a Thursday: 3 days after a Monday
  return {static_cast<float>(days),
          static_cast<float>(date.year),
          static_cast<float>(date.month),
          static_cast<float>(date.day),
          static_cast<float>(whole - 7 * std::floor(whole / 7)),
          static_cast<float>(date.hour)};
}

static std::vector<std::array<float, 6>> parts_of_words(const Column& column, DateOrder order) {
  std::vector<std::array<float, 6>> parts;
  for (auto& word : column.words) parts.push_back(parts_of(word, order));
  return parts;
}

DateBlock::DateBlock(const Table& table, std::string column, const std::string& fill, const std::string& scale)
    : column_(std::move(column)) {
  auto& cells = table.get(column_);
  order_ = date_order(cells.words);
  auto parts = parts_of_words(cells, order_);
  for (std::size_t part = 0; part < std::size(part_names); part++) {
    std::vector<float> values;
    for (auto code : cells.codes)
      values.push_back(code < 0 ? std::numeric_limits<float>::quiet_NaN()
                                : parts[static_cast<std::size_t>(code)][part]);
    float low = std::numeric_limits<float>::infinity(), high = -low;
    for (float value : values)
      if (!std::isnan(value)) low = std::min(low, value), high = std::max(high, value);
    if (!(low < high) && part > 0) continue;
    parts_.push_back(part);
    rules_.push_back(number_rule(values, fill, scale));
  }
}

std::vector<Feature> DateBlock::features() const {
  std::vector<Feature> list;
  for (auto part : parts_) list.push_back({column_ + "." + std::string(part_names[part])});
  return list;
}

void DateBlock::write(const Table& table, Matrix& to, std::size_t place) const {
  auto& column = table.get(column_);
  auto parts = parts_of_words(column, order_);
  for (std::size_t i = 0; i < column.codes.size(); i++)
    for (std::size_t p = 0; p < parts_.size(); p++) {
      auto code = column.codes[i];
      to.row(i)[place + p] = rules_[p](code < 0 ? std::numeric_limits<float>::quiet_NaN()
                                                : parts[static_cast<std::size_t>(code)][parts_[p]]);
    }
}

namespace {

// date.cpp's arithmetic as nodes, in doubles.
class DateNodes {
 public:
  DateNodes(GraphBuilder& graph, const std::string& texts, DateOrder order) : graph_(graph) {
    auto digits = graph.node("com.microsoft.Tokenizer", {texts},
                             {{"mark", std::int64_t{0}},
                              {"mincharnum", std::int64_t{1}},
                              {"pad_value", std::string("nan")},
                              {"tokenexp", std::string("[0-9]+")}});
    auto runs = graph.node("Squeeze", {graph.node("Cast", {digits}, {{"to", std::int64_t{11}}}), ints({1})});
    double nothing = std::numeric_limits<double>::quiet_NaN();
    Tensor hole = Tensor::zeros(DataType::f64, {});
    hole.as<double>()[0] = nothing;
    runs_ = graph.node("Pad", {runs, ints({0, 0, 0, 6}), graph.constant(hole)});
    auto first = run(0), second = run(1), third = run(2);
    auto year_first = graph.node("Greater", {first, number(31)});
    bool day = order == DateOrder::day_first;
    year_ = where(year_first, first, third);
    month_ = where(year_first, second, day ? second : first);
    day_ = where(year_first, third, day ? first : second);
    hour_ = or_zero(run(3)), minute_ = or_zero(run(4)), second_ = or_zero(run(5));
    known_ = within(year_, 32, 9999);
    for (auto& [value, low, high] : std::initializer_list<std::tuple<std::string, double, double>>{
             {month_, 1, 12}, {day_, 1, 31}, {hour_, 0, 24}, {minute_, 0, 60}, {second_, 0, 60}})
      known_ = graph.node("And", {known_, within(value, low, high)});
  }
  std::string part(std::size_t which) {
    std::string value = which == 0   ? days()
                        : which == 1 ? year_
                        : which == 2 ? month_
                        : which == 3 ? day_
                        : which == 4 ? weekday()
                                     : hour_;
    std::string narrow = graph_.node("Cast", {value}, {{"to", std::int64_t{1}}});
    return graph_.node("Where", {known_, narrow, graph_.constant(std::numeric_limits<float>::quiet_NaN())});
  }

 private:
  std::string ints(Integers values) { return graph_.constant(std::move(values)); }
  std::string number(double value) {
    Tensor tensor = Tensor::zeros(DataType::f64, {});
    tensor.as<double>()[0] = value;
    return graph_.constant(tensor);
  }
  std::string run(std::int64_t i) { return graph_.node("Slice", {runs_, ints({i}), ints({i + 1}), ints({1})}); }
  std::string where(const std::string& condition, const std::string& yes, const std::string& no) {
    return graph_.node("Where", {condition, yes, no});
  }
  std::string or_zero(const std::string& value) { return where(graph_.node("IsNaN", {value}), number(0), value); }
  std::string within(const std::string& value, double low, double high) {
    return graph_.node("And", {graph_.node("GreaterOrEqual", {value, number(low)}),
                               graph_.node("LessOrEqual", {value, number(high)})});
  }
  std::string add(const std::string& a, const std::string& b) { return graph_.node("Add", {a, b}); }
  std::string times(const std::string& a, double b) { return graph_.node("Mul", {a, number(b)}); }
  std::string whole(const std::string& a, double by) {
    return graph_.node("Floor", {graph_.node("Div", {a, number(by)})});
  }
  std::string day_number() {
    if (!day_number_.empty()) return day_number_;
    auto early = graph_.node("LessOrEqual", {month_, number(2)});
    auto year = add(year_, where(early, number(-1), number(0)));
    auto era = whole(year, 400);
    auto of_era = add(year, times(era, -400));
    auto month = add(month_, where(early, number(9), number(-3)));
    auto of_year = add(whole(add(times(month, 153), number(2)), 5), add(day_, number(-1)));
    auto sum = add(times(era, 146097), times(of_era, 365));
    sum = add(add(sum, whole(of_era, 4)), times(whole(of_era, 100), -1));
    return day_number_ = add(add(sum, of_year), number(-719468));
  }
  std::string days() {
    auto seconds = add(add(times(hour_, 3600), times(minute_, 60)), second_);
    return add(day_number(), graph_.node("Div", {seconds, number(86400)}));
  }
  // Of the whole days: an hour of 24 belongs to the next one.
  std::string weekday() {
    auto moved = add(graph_.node("Floor", {days()}), number(3));
    return add(moved, times(whole(moved, 7), -7));
  }
  GraphBuilder& graph_;
  std::string runs_, year_, month_, day_, hour_, minute_, second_, known_, day_number_;
};

}  // namespace

std::string DateBlock::export_to(GraphBuilder& graph, const std::map<std::string, std::string>& inputs) const {
  DateNodes nodes(graph, inputs.at(column_), order_);
  std::vector<std::string> values;
  for (auto part : parts_) values.push_back(nodes.part(part));
  std::string all = values.size() == 1 ? values[0] : graph.node("Concat", values, {{"axis", std::int64_t{1}}});
  return export_rules(graph, all, rules_);
}

}  // namespace gyre
