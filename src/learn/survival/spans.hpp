#pragma once
// Spans of time until an end, some of which had not ended when they were last seen: those lasted at least so long.
#include <span>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "learn/table.hpp"

namespace gyre {

struct Spans {
  std::vector<double> lengths;  // positive
  std::vector<bool> ended;
  std::size_t count() const { return lengths.size(); }
  std::size_t ends() const;
};

// Of two columns; `rows` gets the rows that know both, findings say how many others there are. `ended` may be empty:
// then all have. Error{invalid} names the row of a span that is not positive and of an end that is neither yes nor no.
Spans spans_of(const Table& table, const std::string& length, const std::string& ended, std::vector<std::size_t>& rows,
               std::vector<std::string>& findings);

// The share of pairs of which is known who lasted longer that the answers put into the right order (Harrell's C); NaN
// without such pairs.
double concordance(const Spans& spans, std::span<const double> answers);

// {"concordance", "ended", "mae_of_ended", "median_absolute_error_of_ended"}
json::object span_scores(const Spans& spans, std::span<const double> answers);

}  // namespace gyre
