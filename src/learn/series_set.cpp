#include "learn/series_set.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/file.hpp"
#include "learn/metrics.hpp"

namespace gyre {

void SeriesSet::copy_window(const Recording& recording, std::size_t end, std::size_t steps, float* to) const {
  auto width = static_cast<std::ptrdiff_t>(columns.size());
  std::copy(recording.values.begin() + static_cast<std::ptrdiff_t>(end - steps) * width,
            recording.values.begin() + static_cast<std::ptrdiff_t>(end) * width, to);
}

static Recording recording_from(const Series& series, const Sample& sample, const std::vector<std::string>& columns) {
  std::string name = sample.path.string();
  Recording recording{name, sample.digest, {}, {}};
  std::size_t time = series.get_column("time", name);
  std::vector<std::size_t> places;
  for (auto& column : columns) places.push_back(series.get_column(column, name));
  for (std::size_t row = 0; row < series.rows(); row++) {
    double at = series.at(row, time);
    if (!std::isfinite(at) || (row && !(at > recording.time.back())))
      throw Error(Code::invalid, name + ": time does not grow at row " + std::to_string(row + 1),
                  "sort the recording by time, or clean it with a rule");
    recording.time.push_back(at);
    for (std::size_t place : places) recording.values.push_back(static_cast<float>(series.at(row, place)));
  }
  return recording;
}

static double rate_of(const std::vector<Recording>& recordings) {
  std::vector<double> gaps;
  for (auto& recording : recordings)
    for (std::size_t row = 1; row < recording.rows(); row++)
      gaps.push_back(recording.time[row] - recording.time[row - 1]);
  if (gaps.empty()) throw Error(Code::invalid, "the recordings have no two readings", "gather longer recordings");
  return 1 / quantile(std::move(gaps), 0.5);
}

static void count(RuleCounts& all, const RuleCounts& one) {
  all.used += one.used, all.late += one.late, all.dropped += one.dropped;
  all.windows += one.windows, all.failed += one.failed, all.events += one.events;
}

SeriesSet load_series_set(const std::filesystem::path& folder, Part part, double share, const std::optional<Rule>& rule,
                          std::vector<std::string> columns) {
  Dataset dataset = load_samples(folder, {}, part, share);
  SeriesSet set{std::move(columns), 0, {}, {}};
  for (auto& sample : dataset.samples) {
    Series series = decode_series(read_file(dataset.file(sample)), sample.path.string());
    if (rule) {
      std::vector<std::string> taken = series.columns;
      std::erase(taken, "time");
      RuleEngine engine(*rule, taken);
      series = replay(engine, series, sample.path.string());
      count(set.counts, engine.counts());
    }
    if (set.columns.empty()) {
      set.columns = series.columns;
      std::erase(set.columns, "time");
      if (set.columns.empty())
        throw Error(Code::invalid, sample.path.string() + ": has no column besides \"time\"", "gather some readings");
    }
    set.recordings.push_back(recording_from(series, sample, set.columns));
  }
  set.rate = rate_of(set.recordings);
  return set;
}

std::optional<Rule> load_rule(const std::optional<std::filesystem::path>& file) {
  if (!file) return {};
  return rule_from(read_json_file(*file));
}

}  // namespace gyre
