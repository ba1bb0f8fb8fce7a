#pragma once
// What happened when, in recordings of series: a layer beside the data, keyed by a recording's content, that no model
// takes (docs/formats/intervals.md). Alarms are judged against it.
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace gyre {

struct Interval {
  double from = 0;  // seconds of the recording's own time, both ends included
  double to = 0;
  std::string what;
};

struct Intervals {
  std::map<std::string, std::vector<Interval>> of;  // by recording's digest; a recording without any is listed empty
};

Intervals load_intervals(const std::filesystem::path& file);  // Error{invalid} names what is wrong
std::string to_text(const Intervals& intervals);              // equal intervals, equal bytes; one recording a line

}  // namespace gyre
