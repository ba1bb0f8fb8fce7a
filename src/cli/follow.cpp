#include "cli/follow.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>

#include "base/clock.hpp"
#include "cli/git_state.hpp"
#include "cli/terminal.hpp"

namespace gyre {

static std::atomic<int> interrupts{0};

bool interrupted() { return interrupts > 0; }

void watch_interrupts() {
  auto handler = [](int) {
    if (++interrupts > 1) ::_exit(130);
  };
  ::signal(SIGINT, handler);
  ::signal(SIGTERM, handler);
}

static std::string metrics_text(const json::object& node) {
  std::string out;
  for (auto& [name, value] : node.at("metrics").as_object()) {
    char text[64];
    std::snprintf(text, sizeof text, "%.4g", value.to_number<double>());
    out += (out.empty() ? "" : "  ") + std::string(name) + " " + text;
  }
  return out;
}

namespace {

// Turns each new status into lines: what changed for plain output, what runs for live output.
class View {
 public:
  View(const FollowOptions& options, bool terminal)
      : options_(options), terminal_(terminal), live_(terminal && !options.quiet) {}

  void show(const json::object& status) {
    if (options_.quiet) return;
    std::vector<std::string> lines;
    for (auto& item : status.at("nodes").as_array()) {
      auto& node = item.as_object();
      std::string id = get_string(node, "node"), state = get_string(node, "state");
      say_new(node, id);
      if (state == "running")
        lines.push_back(running_line(node, id));
      else if (state != "waiting" && ended_.insert(id).second)
        live_.print(ended_line(node, id, state));
    }
    live_.draw(lines);
  }
  void clear() { live_.draw({}); }

 private:
  void say_new(const json::object& node, const std::string& id) {
    auto& said = node.at("said").as_array();
    if (get_string(node, "state") == "cached") said_[id] = said.size();  // said when it was made
    for (auto& shown = said_[id]; shown < said.size(); shown++)
      live_.print("    " + tinted(Tint::dim, id + ": " + std::string(said[shown].as_string()), terminal_));
  }

  std::string running_line(const json::object& node, const std::string& id) {
    double seconds = get_number(node, "seconds");
    std::string station = string_or(node, "station", "");
    std::string line = "  " + (station.empty() ? station : padded(station, 9)) + padded(id, 22);
    auto* progress = find(node, "progress");
    if (!progress) return line + tinted(Tint::dim, short_duration(seconds), terminal_);
    double done = get_number(*progress, "done"), total = get_number(*progress, "total");
    double share = total > 0 ? done / total : 0;
    std::string left = share > 0.02 ? short_duration(seconds * (1 - share) / share) + " left" : "";
    if (seconds > 2) plain_progress(id, share, get_string(*progress, "what"));
    return line + tinted(Tint::blue, bar(share, 20), terminal_) + " " +
           padded(std::to_string(std::lround(share * 100)) + " %", 6) + padded(left, 16) +
           get_string(*progress, "what");
  }

  // Without a terminal: a line at each quarter of what takes long.
  void plain_progress(const std::string& id, double share, const std::string& what) {
    int quarter = static_cast<int>(share * 4);
    if (terminal_ || quarter <= quarters_[id]) return;
    quarters_[id] = quarter;
    live_.print("    " + id + ": " + std::to_string(quarter * 25) + " %  " + what);
  }

  std::string ended_line(const json::object& node, const std::string& id, const std::string& state) {
    bool good = state == "done" || state == "cached";
    std::string mark = good                 ? tinted(Tint::green, "✓", terminal_)
                       : state == "stopped" ? tinted(Tint::yellow, "■", terminal_)
                                            : tinted(Tint::red, "✗", terminal_);
    std::string time = state == "cached" ? "cached" : short_duration(get_number(node, "seconds"));
    std::string text = metrics_text(node), station = string_or(node, "station", "");
    if (!station.empty()) station = padded(station, 9);
    if (state == "failed") text = string_or(node, "error", "");
    if (state == "stopped") text = "stopped early, best so far kept  " + text;
    return "  " + tinted(Tint::bold, station, terminal_) + mark + " " + padded(id, 20) +
           tinted(Tint::dim, padded(time, 12), terminal_) + text;
  }

  const FollowOptions& options_;
  bool terminal_;
  LiveLines live_;
  std::set<std::string> ended_;
  std::map<std::string, std::size_t> said_;
  std::map<std::string, int> quarters_;
};

}  // namespace

json::object follow_pipeline(Api& api, const json::value& start_body, const FollowOptions& options) {
  watch_interrupts();
  std::string id = get_string(api.call("POST", "/api/pipelines", start_body), "id");
  if (json::object source = git_state(std::filesystem::current_path()); !source.empty()) {
    if (auto file = find_string(start_body, "where")) source["file"] = *file;
    api.call("POST", "/api/pipelines/" + id + "/source", source);
  }
  View view(options, is_terminal(1));
  std::int64_t seen = -1;
  bool told = false;
  while (true) {
    json::object status =
        api.call("GET", "/api/pipelines/" + id + "?wait=0.5&seen=" + std::to_string(seen)).as_object();
    seen = get_int(status, "changes");
    view.show(status);
    if (options.watch) options.watch(status);
    if (interrupted() && !told) {
      told = true;
      api.call("POST", "/api/pipelines/" + id + "/stop");
      if (!options.quiet)
        std::fprintf(stderr, "gyre: stopping; what is best so far is kept (Ctrl-C again to quit at once)\n");
    }
    if (get_string(status, "state") == "running") continue;
    view.clear();
    if (get_string(status, "state") == "failed")
      for (auto& node : status.at("nodes").as_array())
        if (get_string(node, "state") == "failed")
          throw Error(code_named(string_or(node, "error_code", "internal")), string_or(node, "error", "it failed"),
                      string_or(node, "hint", ""));
    return status;
  }
}

}  // namespace gyre
