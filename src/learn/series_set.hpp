#pragma once
// Recordings of series as models take them: the wanted columns in a fixed order, cut into windows. Trainers and
// evaluators read data sets through this, so that both see the same.
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/dataset.hpp"
#include "model/rules.hpp"

namespace gyre {

struct Recording {
  std::string name;    // path in the data set
  std::string digest;  // of the file as it was gathered, whatever a rule made of it
  std::vector<double> time;
  std::vector<float> values;  // [rows][columns], NaN where missing
  std::size_t rows() const { return time.size(); }
};

struct SeriesSet {
  std::vector<std::string> columns;
  double rate = 0;  // readings a second: the median of all gaps
  std::vector<Recording> recordings;
  RuleCounts counts;  // with a rule

  // [steps][columns] of the window that ends before row `end`.
  void copy_window(const Recording& recording, std::size_t end, std::size_t steps, float* to) const;
};

// `columns` empty: all that the first recording has but "time". A recording lacking one is an Error{invalid} naming
// both.
SeriesSet load_series_set(const std::filesystem::path& folder, Part part, double share, const std::optional<Rule>& rule,
                          std::vector<std::string> columns = {});

// The rule in a file, when there is one.
std::optional<Rule> load_rule(const std::optional<std::filesystem::path>& file);

}  // namespace gyre
