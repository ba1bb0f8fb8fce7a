#pragma once
// References and alerts: what a module saw at validation, and when what it sees now is something else.
#include "watch/windows.hpp"

namespace gyre {

// An empty image: for every version of the module that has none of its own.
void set_reference(Workspace& workspace, const std::string& module, const std::string& image, const Sketch& sketch);
std::optional<Sketch> find_reference(Workspace& workspace, const std::string& module, const std::string& image);

struct DriftAnswer {
  AnswerWindow current;
  bool has_reference = false;
  Drift drift;
};
// Compares the newest answers with the reference.
DriftAnswer current_drift(Workspace& workspace, const WindowFilter& filter, std::int64_t answers = 100);
json::object to_json(const DriftAnswer& answer);

// Raises and ends alerts; looks at most every two seconds, for a module on many devices talks all the time.
void check_alerts(Workspace& workspace, const std::string& module, const std::string& image, bool now = false);
json::array list_alerts(Workspace& workspace, bool ended_too);

}  // namespace gyre
