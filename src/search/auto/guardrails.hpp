#pragma once
// What was looked at before anything was learned, and what was done about it.
#include <string>
#include <vector>

#include "base/json.hpp"
#include "learn/target.hpp"

namespace gyre {

struct Guardrail {
  std::string name;
  std::string state;  // passed | done | alerted
  std::string text;
};
std::vector<Guardrail> look_at_rows(const Table& table);  // what matters without a target, too
std::vector<Guardrail> look_at(const Table& table, const Target& target);
json::array to_json(const std::vector<Guardrail>& guardrails);

}  // namespace gyre
