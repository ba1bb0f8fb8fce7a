#include "learn/profile.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/hash.hpp"
#include "data/gather.hpp"
#include "learn/date.hpp"
#include "learn/evidence.hpp"
#include "learn/scores.hpp"

namespace gyre {

namespace {

json::array histogram(const std::vector<double>& sorted) {
  std::vector<std::int64_t> counts(column_bins);
  double low = sorted.front(), width = sorted.back() - low;
  for (double value : sorted) {
    double place = width > 0 ? (value - low) / width * column_bins : 0;
    counts[std::min(column_bins - 1, static_cast<std::size_t>(place))]++;
  }
  return json::value_from(counts).as_array();
}

json::object of_numbers(const Column& column) {
  auto values = present(column);
  if (values.empty()) return {{"distinct", 0}};
  std::size_t distinct = 1;
  for (std::size_t i = 1; i < values.size(); i++) distinct += values[i] != values[i - 1];
  double middle = mean(values), squares = 0;
  for (double value : values) squares += (value - middle) * (value - middle);
  auto zeros = std::count(values.begin(), values.end(), 0.0);
  return {{"distinct", distinct},
          {"min", values.front()},
          {"max", values.back()},
          {"mean", middle},
          {"deviation", values.size() > 1 ? std::sqrt(squares / static_cast<double>(values.size() - 1)) : 0},
          {"quantiles",
           {at_share(values, 0.05), at_share(values, 0.25), at_share(values, 0.5), at_share(values, 0.75),
            at_share(values, 0.95)}},
          {"zeros", zeros},
          {"histogram", histogram(values)}};
}

json::object of_words(const Column& column) {
  auto counts = counts_of(column);
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < counts.size(); i++)
    if (counts[i]) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return counts[a] > counts[b]; });
  json::array top;
  for (std::size_t i = 0; i < std::min<std::size_t>(10, order.size()); i++)
    top.push_back({{"text", column.words[order[i]].substr(0, 100)}, {"count", counts[order[i]]}});
  json::object about{{"distinct", order.size()}, {"top", std::move(top)}};
  if (column.type == ColumnType::time && !column.words.empty()) {
    DateOrder dates = date_order(column.words);
    auto earlier = [&](auto& a, auto& b) { return date_from(a, dates).days() < date_from(b, dates).days(); };
    auto [first, last] = std::minmax_element(column.words.begin(), column.words.end(), earlier);
    about["min"] = *first, about["max"] = *last;
  }
  return about;
}

class Profiler {
 public:
  explicit Profiler(const Table& table) : table_(table) {}

  json::object run(const std::string& target_name) {
    std::optional<Learnable> cut;
    if (!target_name.empty()) cut = learnable(table_, target_name);
    json::array columns;
    for (auto& column : table_.columns) columns.push_back(describe(column, cut ? &*cut : nullptr));
    if (cut) judge_target(cut->target);
    json::array pairs = correlated_pairs();
    count_equal_rows();
    for (auto& finding : table_.findings) findings_.push_back({{"kind", "reading"}, {"text", finding}});
    return {{"name", table_.name},       {"rows", table_.rows()}, {"columns", std::move(columns)},
            {"pairs", std::move(pairs)}, {"target", target_name}, {"findings", std::move(findings_)}};
  }

 private:
  void find(std::string_view kind, const std::string& column, const std::string& text) {
    findings_.push_back({{"kind", kind}, {"column", column}, {"text", "column \"" + column + "\" " + text}});
  }

  json::object describe(const Column& column, const Learnable* cut) {
    json::object about{{"name", column.name}, {"type", name_of(column.type)}, {"missing", column.missing()}};
    for (auto& member : column.is_number() ? of_numbers(column) : of_words(column))
      about[member.key()] = member.value();
    auto missing = static_cast<double>(column.missing()), rows = static_cast<double>(table_.rows());
    auto distinct = static_cast<double>(get_int(about, "distinct"));
    if (missing == rows)
      find("empty", column.name, "has no value in any row");
    else if (distinct == 1 && missing == 0)
      find("constant", column.name, "is the same in every row");
    else if (missing > rows / 2)
      find("missing", column.name, "is missing in " + percent(missing / rows) + " of the rows");
    bool identifier = column.type == ColumnType::category && rows >= 20 && distinct > 0.9 * (rows - missing);
    if (identifier && missing < rows) find("identifier", column.name, "has another text in nearly every row");
    if (column.type == ColumnType::category && !identifier && distinct > 100)
      find("many", column.name, "has " + std::to_string(static_cast<std::size_t>(distinct)) + " different texts");
    if (!cut || column.name == cut->target.column) return about;
    const Column* learned = cut->table.find(column.name);
    double power = learned && !identifier ? power_of(*learned, cut->target) : 0;
    about["power"] = power;
    if (power > 0.97 && distinct > 1)
      find("leakage", column.name,
           "alone tells " + percent(power) + " of \"" + cut->target.column +
               "\": does it come from the target, or from after it was known?");
    return about;
  }

  static std::string percent(double share) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3g %%", share * 100);
    return text;
  }

  void judge_target(const Target& target) {
    if (target.task != Task::classify) return;
    std::vector<std::size_t> counts(target.classes());
    for (double value : target.values) counts[static_cast<std::size_t>(value)]++;
    auto rare = static_cast<std::size_t>(std::min_element(counts.begin(), counts.end()) - counts.begin());
    double share = static_cast<double>(counts[rare]) / static_cast<double>(target.values.size());
    if (share * static_cast<double>(target.classes()) < 0.2)
      find("imbalance", target.column,
           "has \"" + target.labels[rare] + "\" in " + counted(counts[rare], "row", "rows") + " only (" +
               percent(share) + "): judge by something else than accuracy, or --class-weights balanced");
  }

  json::array correlated_pairs() {
    std::vector<const Column*> numbers;
    for (auto& column : table_.columns)
      if (column.is_number() && column.missing() < table_.rows() && numbers.size() < 60) numbers.push_back(&column);
    json::array pairs;
    for (std::size_t a = 0; a < numbers.size(); a++)
      for (std::size_t b = a + 1; b < numbers.size(); b++) {
        std::vector<double> x, y;
        for (std::size_t i = 0; i < table_.rows(); i++)
          if (!numbers[a]->is_missing(i) && !numbers[b]->is_missing(i))
            x.push_back(numbers[a]->numbers[i]), y.push_back(numbers[b]->numbers[i]);
        double r = x.size() > 2 ? pearson(x, y) : NAN;
        if (std::isnan(r)) continue;
        pairs.push_back({{"a", numbers[a]->name}, {"b", numbers[b]->name}, {"correlation", r}});
        if (std::abs(r) > 0.99) find("alike", numbers[b]->name, "says nearly the same as \"" + numbers[a]->name + "\"");
      }
    std::stable_sort(pairs.begin(), pairs.end(), [](auto& one, auto& other) {
      return std::abs(get_number(one, "correlation")) > std::abs(get_number(other, "correlation"));
    });
    return pairs;
  }

  void count_equal_rows() {
    std::set<std::string> seen;
    std::size_t twice = 0;
    if (table_.rows() > 200'000) return;  // it would take longer than all else
    for (std::size_t i = 0; i < table_.rows(); i++) {
      std::string row;
      for (auto& column : table_.columns) row += column.text(i) + '\x1f';
      twice += !seen.insert(digest_of(row)).second;
    }
    if (twice)
      findings_.push_back({{"kind", "equal rows"},
                           {"text", counted(twice, "row is", "rows are") + " the same as one before in every column"}});
  }

  const Table& table_;
  json::array findings_;
};

}  // namespace

json::object profile_of(const Table& table, const std::string& target) { return Profiler(table).run(target); }

}  // namespace gyre
