#pragma once
// Windows of answers: what a module on a device answered over a few seconds, and what they say together.
#include <optional>
#include <string>
#include <vector>

#include "model/sketch.hpp"
#include "store/workspace.hpp"

namespace gyre {

struct AnswerWindow {
  std::string device, module, image;
  std::int64_t first_at = 0, last_at = 0;  // ms
  std::int64_t count = 0, alarms = 0, errors = 0, late = 0, dropped = 0;
  std::optional<double> p50_ms, p99_ms;
  Sketch sketch;
};
json::object to_json(const AnswerWindow& window, bool with_sketch);

struct WindowFilter {
  std::string module{}, image{}, device{};  // empty: any
  std::int64_t since = 0;                   // ms
  std::int64_t limit = 1000;
};

// Keeps a window and looks at the module's alerts. Windows older than a day are put together by the hour, so that the
// table stays small however long devices talk.
void keep_window(Workspace& workspace, const AnswerWindow& window);
std::vector<AnswerWindow> newest_windows(Workspace& workspace, const WindowFilter& filter);
// The newest windows that hold at least `answers` answers together, as one. Of the image that answered last, unless the
// filter names one.
AnswerWindow recent(Workspace& workspace, WindowFilter filter, std::int64_t answers = 100);
std::string newest_image(Workspace& workspace, const std::string& module);  // empty when it never answered

}  // namespace gyre
