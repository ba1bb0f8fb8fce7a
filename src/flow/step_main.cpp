#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstdio>
#include <mutex>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/step.hpp"
#include "base/utf8.hpp"
#include "flow/step_file.hpp"

namespace gyre {

json::object to_json(const StepFile& file) {
  return {{"step", file.step},
          {"options", file.options},
          {"inputs", json::value_from(file.inputs)},
          {"outputs", json::value_from(file.outputs)},
          {"checkpoint", file.checkpoint},
          {"threads", file.threads}};
}

StepFile step_file_from(const json::value& value) {
  StepFile file;
  file.step = get_string(value, "step");
  file.options = value.at("options").as_object();
  file.inputs = json::value_to<std::map<std::string, std::string>>(value.at("inputs"));
  file.outputs = json::value_to<std::map<std::string, std::string>>(value.at("outputs"));
  file.checkpoint = get_string(value, "checkpoint");
  file.threads = static_cast<int>(get_int(value, "threads"));
  return file;
}

static std::atomic<bool> stop_asked{false};

namespace {

class ProcessContext : public StepContext {
 public:
  explicit ProcessContext(const StepFile& file) : file_(file), events_(::fcntl(3, F_GETFD) >= 0 ? 3 : -1) {}

  bool has_input(std::string_view name) const override { return file_.inputs.count(std::string(name)) > 0; }
  fs::path input(std::string_view name) const override { return lookup(file_.inputs, name, "input"); }
  fs::path output(std::string_view name) const override { return lookup(file_.outputs, name, "output"); }
  fs::path checkpoint() const override { return file_.checkpoint; }
  int threads() const override { return file_.threads; }
  bool stop_requested() const override {
    if (stop_asked) heard_ = true;
    return stop_asked;
  }
  bool stopped_early() const { return heard_; }

  void metric(std::string_view name, double value, std::int64_t step) override {
    if (!std::isfinite(value)) return send({{"kind", "say"}, {"line", std::string(name) + " is not finite"}});
    send({{"kind", "metric"}, {"name", name}, {"value", value}, {"step", step}});
  }
  void progress(double done, double total, std::string_view what) override {
    double now = seconds_since_start();
    if (done < total && now - last_progress_ < 0.1) return;  // people do not read faster
    last_progress_ = now;
    send({{"kind", "progress"}, {"done", done}, {"total", total}, {"what", what}});
  }
  void say(std::string_view line) override { send({{"kind", "say"}, {"line", line}}); }
  void send(const json::object& event) {
    std::string line = valid_utf8(json::serialize(event));  // an error may quote a file that holds anything
    std::lock_guard lock(mutex_);
    if (events_ >= 0)
      write_all(events_, line + "\n", "events");
    else
      std::fprintf(stderr, "%s\n", line.c_str());
  }

 private:
  static fs::path lookup(const std::map<std::string, std::string>& paths, std::string_view name, const char* what) {
    auto it = paths.find(std::string(name));
    if (it == paths.end())
      throw Error(Code::invalid, std::string("the step has no ") + what + " \"" + std::string(name) + "\"");
    return it->second;
  }
  const StepFile& file_;
  int events_;
  double last_progress_ = -1;
  std::mutex mutex_;
  mutable std::atomic<bool> heard_{false};
};

}  // namespace

int step_main(const std::filesystem::path& step_json) {
  ::signal(SIGTERM, [](int) { stop_asked = true; });
  ::signal(SIGINT, [](int) { stop_asked = true; });
  ::signal(SIGPIPE, SIG_IGN);
  StepFile file = step_file_from(read_json_file(step_json));
  ProcessContext context(file);
  try {
    const Step& step = get_step(file.step);
    if (!step.run) throw Error(Code::internal, "the step " + step.name + " belongs to another program");
    step.run(file.options, context);
    return context.stopped_early() ? stopped_exit_code : 0;
  } catch (const Error& error) {
    context.send({{"kind", "error"}, {"code", row_of(error.code).name}, {"text", error.text()}, {"hint", error.hint}});
    return row_of(error.code).exit_code;
  } catch (const std::exception& error) {
    context.send({{"kind", "error"}, {"code", "internal"}, {"text", error.what()}, {"hint", ""}});
    return 1;
  }
}

}  // namespace gyre
