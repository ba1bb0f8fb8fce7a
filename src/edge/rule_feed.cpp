#include "edge/rule_feed.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "edge/log.hpp"
#include "media/series.hpp"

namespace gyre {

static fs::path made(const fs::path& folder) {
  make_folders(folder);
  return folder;
}

RuleFeed::RuleFeed(Rule rule, fs::path raw, fs::path clean)
    : rule_(std::move(rule)), raw_(made(raw)), clean_(made(clean)) {
  closed_before_ = -std::numeric_limits<double>::infinity();
  if (fs::exists(clean_ / ".closed")) closed_before_ = std::stod(read_file(clean_ / ".closed"));
  newest_ = closed_before_;
}

std::vector<std::string> RuleFeed::pump() {
  std::vector<std::string> refused;
  for (auto& name : raw_.fresh()) {
    try {
      feed(name);
    } catch (const Error& error) {
      log_line("input " + name + ": " + error.text());
      refused.push_back(name);
    }
  }
  remove_closed();
  return refused;
}

void RuleFeed::feed(const std::string& name) {
  fs::path file = raw_.folder() / name;
  Series series = decode_series(read_file(file), name);
  std::size_t time = series.get_column("time", name);
  std::vector<std::string> columns;
  for (auto& column : series.columns)
    if (column != "time") columns.push_back(column);
  if (!engine_ || columns != columns_) {
    if (engine_) {
      engine_->flush([&](const Row& event) { events_.push_back(event); });
      write_events(newest_);
    }
    engine_ = std::make_unique<RuleEngine>(rule_, columns);
    columns_ = columns;
    counted_ = {};
  }
  double last = -std::numeric_limits<double>::infinity();
  std::string trouble;
  std::vector<double> values(columns.size());
  for (std::size_t row = 0; row < series.rows(); row++) {
    double when = series.at(row, time);
    if (when < closed_before_ && engine_->counts().windows == 0) continue;  // read again after a restart
    for (std::size_t i = 0, to = 0; i < series.columns.size(); i++)
      if (i != time) values[to++] = series.at(row, i);
    try {
      engine_->add(when, values, [&](const Row& event) { events_.push_back(event); });
    } catch (const Error& error) {
      trouble = error.text();  // that window is given up and counted; the readings after it go on
    }
    write_events(when);
    if (std::isfinite(when)) last = std::max(last, when);
  }
  if (!trouble.empty()) log_line("input " + name + ": " + trouble);
  newest_ = std::max(newest_, last);
  open_.push_back({file, last});
  late_ += engine_->counts().late - counted_.late;
  dropped_ += engine_->counts().dropped - counted_.dropped;
  counted_ = engine_->counts();
}

static double number_of(const json::value& value) {
  return value.is_null() || value.is_string() ? std::numeric_limits<double>::quiet_NaN() : value.to_number<double>();
}

// A file for each window, so that the module answers after each; `when` closed it.
void RuleFeed::write_events(double when) {
  if (events_.empty()) return;
  Series clean;
  for (auto& column : engine_->event_columns()) clean.columns.push_back(column);
  for (auto& event : events_)
    for (auto& [column, value] : event) clean.values.push_back(number_of(value));
  char name[40];
  std::snprintf(name, sizeof name, "%020lld.csv", static_cast<long long>(std::llround(when * 1000)));
  write_file(clean_ / name, encode_series(clean));
  events_.clear();
}

void RuleFeed::remove_closed() {
  double every = static_cast<double>(rule_.every_ms) / 1000, lateness = static_cast<double>(rule_.lateness_ms) / 1000;
  double closed = std::floor((newest_ - lateness) / every) * every;
  if (!(closed > closed_before_)) return;
  closed_before_ = closed;
  write_file(clean_ / ".closed", std::to_string(closed));
  std::erase_if(open_, [&](const Raw& raw) {
    if (raw.last_time >= closed) return false;
    remove_all(raw.file);
    return true;
  });
}

void RuleFeed::take_counts() { late_ = dropped_ = 0; }

}  // namespace gyre
