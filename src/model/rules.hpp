#pragma once
// Stream rules: SQL over windows of readings, on the device and wherever its readings are replayed.
//
//   {"name": "clean", "window": "tumbling", "every_ms": 5000, "lateness_ms": 0,
//    "sql": "select time, median(pressure) over (order by time rows between 3 preceding and 3 following) as pressure
//            from readings"}
//
// The readings of one window are the rows of the table `readings` (time in seconds and the columns); the rows that the
// SELECT gives are the events. Time is the readings' own. See docs/formats/rules.md.
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/sql_sandbox.hpp"
#include "media/series.hpp"

namespace gyre {

struct Rule {
  std::string name;
  std::string window = "tumbling";  // the one kind today
  std::int64_t every_ms = 0;        // windows start at its multiples
  std::int64_t lateness_ms = 0;     // how long a window waits for readings that come out of order
  std::string sql;
};
Rule rule_from(const json::value& value);  // Error{invalid} names the rule and the member
json::object to_json(const Rule& rule);

// Every reading that went in is in exactly one of the first three.
struct RuleCounts {
  std::int64_t used = 0;     // in a window that was evaluated, or waiting in an open one
  std::int64_t late = 0;     // its window was closed already
  std::int64_t dropped = 0;  // without a usable time, or above the bound of a window
  std::int64_t windows = 0;  // evaluated
  std::int64_t failed = 0;   // of these, the SELECT failed: their readings gave no event
  std::int64_t events = 0;
};
json::object to_json(const RuleCounts& counts);

class RuleEngine {
 public:
  using Emit = std::function<void(const Row& event)>;
  // `columns`: of the readings, without "time". Error{invalid} names the rule and what is wrong with its SQL.
  RuleEngine(Rule rule, const std::vector<std::string>& columns);

  // Takes a reading (NaN: missing) and evaluates the windows that it closes. When a SELECT fails, its window is given
  // up and counted and the Error thrown; the engine goes on with the next reading.
  void add(double time, std::span<const double> values, const Emit& emit);
  void flush(const Emit& emit);  // evaluates the windows still open: the stream has ended
  const RuleCounts& counts() const { return counts_; }
  const Rule& rule() const { return rule_; }
  const std::vector<std::string>& event_columns() const { return sandbox_.result_columns(); }

 private:
  void evaluate(const std::vector<std::vector<double>>& readings, const Emit& emit);
  void close_before(std::int64_t window, const Emit& emit);

  Rule rule_;
  std::size_t columns_;
  SqlSandbox sandbox_;
  std::map<std::int64_t, std::vector<std::vector<double>>> open_;  // by window number
  std::int64_t first_open_ = INT64_MIN;                            // windows below it are closed
  RuleCounts counts_;
};

// For a server, before it sends the rule to a device: the same checks. Error{invalid} names the rule.
void check_rule(const json::value& rule, const std::vector<std::string>& columns);

// A whole recording through a rule, as a device would: its events as a series again (NULL and texts are missing
// values).
Series replay(RuleEngine& engine, const Series& readings, std::string_view where);

}  // namespace gyre
