#include "model/rules.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"

namespace gyre {

constexpr std::size_t readings_per_window = 100'000;
constexpr double latest_time = 1e11;  // seconds: beyond any clock, within exact milliseconds

static Error wrong(const std::string& name, const std::string& text) {
  return {Code::invalid, "rule " + name + ": " + text,
          R"(a rule is {"name", "every_ms", "sql"} and optionally "window", "lateness_ms")"};
}

static std::int64_t milliseconds(const json::value& value, const std::string& name, std::string_view key,
                                 std::int64_t least) {
  double number = get_number(value, key);
  constexpr double day = 86'400'000;
  if (number != std::floor(number) || number < static_cast<double>(least) || number > day)
    throw wrong(name, std::string(key) + " is " + canonical(*find(value, key)) + ", not a whole number from " +
                          std::to_string(least) + " to 86400000");
  return static_cast<std::int64_t>(number);
}

Rule rule_from(const json::value& value) {
  Rule rule;
  if (!value.is_object()) throw wrong("(unnamed)", "is no object");
  rule.name = string_or(value, "name", "");
  if (rule.name.empty()) throw wrong("(unnamed)", "has no name");
  for (auto& [key, unused] : value.get_object())
    if (key != "name" && key != "window" && key != "every_ms" && key != "lateness_ms" && key != "sql")
      throw wrong(rule.name, "unknown member \"" + std::string(key) + "\"");
  for (std::string_view key : {"every_ms", "sql"})
    if (!find(value, key)) throw wrong(rule.name, "has no \"" + std::string(key) + "\"");
  rule.window = string_or(value, "window", "tumbling");
  if (rule.window != "tumbling") throw wrong(rule.name, "unknown window \"" + rule.window + "\": use tumbling");
  rule.every_ms = milliseconds(value, rule.name, "every_ms", 1);
  if (find(value, "lateness_ms")) rule.lateness_ms = milliseconds(value, rule.name, "lateness_ms", 0);
  rule.sql = get_string(value, "sql");
  return rule;
}

json::object to_json(const Rule& rule) {
  return {{"name", rule.name},
          {"window", rule.window},
          {"every_ms", rule.every_ms},
          {"lateness_ms", rule.lateness_ms},
          {"sql", rule.sql}};
}

json::object to_json(const RuleCounts& counts) {
  return {{"used", counts.used},       {"late", counts.late},     {"dropped", counts.dropped},
          {"windows", counts.windows}, {"failed", counts.failed}, {"events", counts.events}};
}

static std::vector<std::string> with_time(const std::vector<std::string>& columns) {
  std::vector<std::string> all{"time"};
  all.insert(all.end(), columns.begin(), columns.end());
  return all;
}

RuleEngine::RuleEngine(Rule rule, const std::vector<std::string>& columns)
    : rule_(std::move(rule)),
      columns_(columns.size()),
      sandbox_("rule " + rule_.name, "readings", with_time(columns), rule_.sql) {}

void RuleEngine::add(double time, std::span<const double> values, const Emit& emit) {
  if (values.size() != columns_)
    throw wrong(rule_.name, "a reading of " + std::to_string(values.size()) + " values, where the columns are " +
                                std::to_string(columns_));
  if (!(std::abs(time) < latest_time)) {
    counts_.dropped++;
    return;
  }
  auto ms = static_cast<std::int64_t>(std::llround(time * 1000));
  auto window_of = [&](std::int64_t at) {
    return at >= 0 ? at / rule_.every_ms : -((-at + rule_.every_ms - 1) / rule_.every_ms);
  };
  std::int64_t window = window_of(ms);
  if (window < first_open_) {
    counts_.late++;
    return;
  }
  auto& readings = open_[window];
  if (readings.size() >= readings_per_window) {
    counts_.dropped++;
    return;
  }
  std::vector<double> reading{time};
  reading.insert(reading.end(), values.begin(), values.end());
  readings.push_back(std::move(reading));
  counts_.used++;
  close_before(window_of(ms - rule_.lateness_ms), emit);
}

void RuleEngine::close_before(std::int64_t window, const Emit& emit) {
  first_open_ = std::max(first_open_, window);
  while (!open_.empty() && open_.begin()->first < first_open_) evaluate(open_.extract(open_.begin()).mapped(), emit);
}

void RuleEngine::flush(const Emit& emit) {
  if (!open_.empty()) close_before(open_.rbegin()->first + 1, emit);
}

void RuleEngine::evaluate(const std::vector<std::vector<double>>& readings, const Emit& emit) {
  counts_.windows++;
  try {
    for (auto& reading : readings) sandbox_.insert(reading);
    std::vector<Row> events = sandbox_.run();
    counts_.events += static_cast<std::int64_t>(events.size());
    for (auto& event : events) emit(event);
  } catch (const Error&) {
    counts_.failed++;
    throw;
  }
}

void check_rule(const json::value& value, const std::vector<std::string>& columns) {
  RuleEngine engine(rule_from(value), columns);
  // What only shows when it runs: one reading of ones.
  engine.add(0, std::vector<double>(columns.size(), 1.0), [](const Row&) {});
  engine.flush([](const Row&) {});
}

Series replay(RuleEngine& engine, const Series& readings, std::string_view where) {
  std::size_t time = readings.get_column("time", where);
  Series events{engine.event_columns(), {}};
  auto keep = [&](const Row& event) {
    for (auto& [name, value] : event)
      events.values.push_back(value.is_number() ? value.to_number<double>() : std::numeric_limits<double>::quiet_NaN());
  };
  std::vector<double> values;
  for (std::size_t row = 0; row < readings.rows(); row++) {
    values.clear();
    for (std::size_t c = 0; c < readings.columns.size(); c++)
      if (c != time) values.push_back(readings.at(row, c));
    engine.add(readings.at(row, time), values, keep);
  }
  engine.flush(keep);
  return events;
}

}  // namespace gyre
