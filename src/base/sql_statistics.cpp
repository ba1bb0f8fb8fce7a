#include "base/sql_statistics.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace gyre {

enum class Statistic { median, percentile, stddev, mad };

// What one group or window has seen so far. SQLite keeps a pointer to it and always ends with xFinal, which frees it.
struct Seen {
  std::vector<double> values;  // in order of arrival
  double percent = 50;
};

static double percentile_of(std::vector<double> values, double percent) {
  double place = percent / 100 * static_cast<double>(values.size() - 1);
  auto below = static_cast<std::ptrdiff_t>(place);
  std::nth_element(values.begin(), values.begin() + below, values.end());
  double low = values[static_cast<std::size_t>(below)];
  double part = place - static_cast<double>(below);
  if (part == 0) return low;
  return low + part * (*std::min_element(values.begin() + below + 1, values.end()) - low);
}

static double deviation_of(const std::vector<double>& values) {
  double mean = 0, sum = 0;
  for (double value : values) mean += value / static_cast<double>(values.size());
  for (double value : values) sum += (value - mean) * (value - mean);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

static double median_distance(std::vector<double> values) {
  double median = percentile_of(values, 50);
  for (double& value : values) value = std::abs(value - median);
  return percentile_of(std::move(values), 50);
}

static Seen** slot(sqlite3_context* context, bool make) {
  return static_cast<Seen**>(sqlite3_aggregate_context(context, make ? sizeof(Seen*) : 0));
}

static Statistic statistic_of(sqlite3_context* context) {
  return *static_cast<const Statistic*>(sqlite3_user_data(context));
}

static void step(sqlite3_context* context, int count, sqlite3_value** arguments) {
  Seen** seen = slot(context, true);
  if (!seen) return sqlite3_result_error_nomem(context);
  if (!*seen) *seen = std::make_unique<Seen>().release();
  if (count > 1) {
    (*seen)->percent = sqlite3_value_double(arguments[1]);
    if (!((*seen)->percent >= 0 && (*seen)->percent <= 100))
      return sqlite3_result_error(context, "percentile(x, p): p must lie in 0..100", -1);
  }
  if (sqlite3_value_numeric_type(arguments[0]) != SQLITE_NULL)
    (*seen)->values.push_back(sqlite3_value_double(arguments[0]));
}

static void inverse(sqlite3_context* context, int, sqlite3_value** arguments) {
  Seen** seen = slot(context, false);
  if (!seen || !*seen || sqlite3_value_numeric_type(arguments[0]) == SQLITE_NULL) return;
  auto& values = (*seen)->values;
  // A frame moves forward: what leaves is what came first.
  auto leaving = std::find(values.begin(), values.end(), sqlite3_value_double(arguments[0]));
  if (leaving != values.end()) values.erase(leaving);
}

static void value(sqlite3_context* context) {
  Seen** seen = slot(context, false);
  Statistic statistic = statistic_of(context);
  std::size_t needed = statistic == Statistic::stddev ? 2 : 1;
  if (!seen || !*seen || (*seen)->values.size() < needed) return sqlite3_result_null(context);
  const auto& values = (*seen)->values;
  switch (statistic) {
    case Statistic::median:
      return sqlite3_result_double(context, percentile_of(values, 50));
    case Statistic::percentile:
      return sqlite3_result_double(context, percentile_of(values, (*seen)->percent));
    case Statistic::stddev:
      return sqlite3_result_double(context, deviation_of(values));
    case Statistic::mad:
      return sqlite3_result_double(context, median_distance(values));
  }
}

static void final(sqlite3_context* context) {
  value(context);
  if (Seen** seen = slot(context, false); seen && *seen) std::unique_ptr<Seen>(std::exchange(*seen, nullptr)).reset();
}

static constexpr std::array<std::string_view, 4> names{"median", "percentile", "stddev", "mad"};

std::span<const std::string_view> sql_statistics() { return names; }

void add_sql_statistics(sqlite3* db) {
  static std::array<Statistic, 4> kinds{Statistic::median, Statistic::percentile, Statistic::stddev, Statistic::mad};
  for (std::size_t i = 0; i < names.size(); i++) {
    int arguments = kinds[i] == Statistic::percentile ? 2 : 1;
    if (sqlite3_create_window_function(db, names[i].data(), arguments, SQLITE_UTF8 | SQLITE_DETERMINISTIC, &kinds[i],
                                       step, final, value, inverse, nullptr) != SQLITE_OK)
      throw Error(Code::internal, "SQLite takes no function " + std::string(names[i]) + ": " + sqlite3_errmsg(db));
  }
}

}  // namespace gyre
