#pragma once
// A module's answers of the last seconds, which become one `answers` message (edge/messages.hpp).
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace gyre {

class AnswerBatch {
 public:
  static constexpr std::size_t most_items = 256;

  // A line of the module about one file: an answer, "waiting" or "error".
  void add(const json::object& line, std::int64_t now_ms);
  void set_sketch(json::value sketch) { sketch_ = std::move(sketch); }
  bool empty() const { return files_.empty() && sketch_.is_null(); }
  bool full() const { return files_.size() >= most_items; }
  std::int64_t since() const { return from_; }                      // when the first came; 0: none
  const std::vector<std::string>& files() const { return files_; }  // all that can be removed once this is stored
  // The message's body, without what only the agent knows; null when there is nothing to tell.
  json::value body() const;

 private:
  std::vector<std::string> files_;
  json::array items_;
  std::map<std::string, std::int64_t> labels_;
  std::vector<double> milliseconds_;
  std::int64_t alarms_ = 0, errors_ = 0, from_ = 0, to_ = 0;
  json::value sketch_;
};

double percentile_of(std::vector<double> values, double percent);  // nearest rank; 0 of none

// Why this answer's input should come back to be labelled; empty: it need not.
bool is_uncertain(const json::value& answer, double below);

}  // namespace gyre
