#include "learn/survival/spans.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.hpp"
#include "data/gather.hpp"
#include "learn/scores.hpp"

namespace gyre {

std::size_t Spans::ends() const { return static_cast<std::size_t>(std::count(ended.begin(), ended.end(), true)); }

static bool is_end(const Table& table, const Column& column, std::size_t row) {
  std::string cell = column.text(row), small;
  for (char c : cell) small += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (small == "true" || small == "yes" || small == "1") return true;
  if (small == "false" || small == "no" || small == "0") return false;
  throw Error(Code::invalid,
              table.place(row) + ": column \"" + column.name + "\": \"" + cell.substr(0, 60) +
                  "\" does not say whether the span has ended",
              "true, yes or 1 where it has; false, no or 0 where it was still going on");
}

Spans spans_of(const Table& table, const std::string& length, const std::string& ended, std::vector<std::size_t>& rows,
               std::vector<std::string>& findings) {
  auto& lengths = table.get(length);
  auto* ends = ended.empty() ? nullptr : &table.get(ended);
  if (!lengths.is_number())
    throw Error(Code::invalid, table.name + ": the column of spans \"" + lengths.name + "\" is no number");
  Spans spans;
  std::size_t unknown = 0;
  for (std::size_t i = 0; i < table.rows(); i++) {
    if (lengths.is_missing(i) || (ends && ends->is_missing(i))) {
      unknown++;
      continue;
    }
    if (!(lengths.numbers[i] > 0))
      throw Error(Code::invalid, table.place(i) + ": column \"" + lengths.name + "\": a span of " + lengths.text(i),
                  "spans are longer than 0; `gyre table filter` leaves rows out");
    rows.push_back(i);
    spans.lengths.push_back(lengths.numbers[i]);
    spans.ended.push_back(!ends || is_end(table, *ends, i));
  }
  if (unknown) findings.push_back(counted(unknown, "row lacks", "rows lack") + " a span or its end: left out");
  return spans;
}

namespace {

// How many of the places before one were counted.
class Counts {
 public:
  explicit Counts(std::size_t size) : sums_(size + 1) {}
  void add(std::size_t place) {
    for (place++; place < sums_.size(); place += place & -place) sums_[place]++;
  }
  double before(std::size_t place) const {
    double sum = 0;
    for (; place > 0; place -= place & -place) sum += sums_[place];
    return sum;
  }

 private:
  std::vector<double> sums_;
};

}  // namespace

double concordance(const Spans& spans, std::span<const double> answers) {
  std::vector<double> sorted(answers.begin(), answers.end());
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  auto place = [&](std::size_t i) {
    return static_cast<std::size_t>(std::lower_bound(sorted.begin(), sorted.end(), answers[i]) - sorted.begin());
  };
  // The longest first; of equal spans what had not ended lasted longer.
  auto key = [&](std::size_t i) { return std::pair(-spans.lengths[i], static_cast<bool>(spans.ended[i])); };
  std::vector<std::size_t> order(spans.count());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return key(a) < key(b); });
  Counts longer(sorted.size());
  double right = 0, pairs = 0, seen = 0;
  for (std::size_t from = 0, to = 0; from < order.size();) {
    for (; to < order.size() && key(order[to]) == key(order[from]); to++) {
      if (!spans.ended[order[to]]) continue;
      double below = longer.before(place(order[to])), up_to = longer.before(place(order[to]) + 1);
      right += seen - up_to + (up_to - below) / 2;
      pairs += seen;
    }
    for (; from < to; from++) longer.add(place(order[from])), seen++;  // those that end together tell nothing
  }
  return pairs > 0 ? right / pairs : std::numeric_limits<double>::quiet_NaN();
}

json::object span_scores(const Spans& spans, std::span<const double> answers) {
  std::vector<double> truth, given;
  for (std::size_t i = 0; i < spans.count(); i++)
    if (spans.ended[i]) truth.push_back(spans.lengths[i]), given.push_back(answers[i]);
  json::object scores;
  if (double share = concordance(spans, answers); !std::isnan(share)) scores["concordance"] = share;
  scores["ended"] = truth.size();
  if (!truth.empty()) {
    scores["mae_of_ended"] = mean_absolute_error(truth, given);
    scores["median_absolute_error_of_ended"] = median_absolute_error(truth, given);
  }
  return scores;
}

}  // namespace gyre
