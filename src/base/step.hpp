#pragma once
// A step is declared once, in one file src/<module>/steps/<name>.cpp. The command line, the REST schema, the designer's
// palette and the reference page are read from that declaration. A step runs as a process of its own (flow/runner.hpp).
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/field.hpp"

namespace gyre {

// What flows between steps. `type` is one of: images, sounds, series, table, labels, split, model, package, report,
// any.
struct Port {
  std::string name;
  std::string type;
  std::string help;
  bool optional = false;
};

// What a running step sees of the world.
class StepContext {
 public:
  virtual ~StepContext() = default;
  virtual bool has_input(std::string_view name) const = 0;
  // A file or a folder, read-only, content-addressed. Its last path component is no name to rely on.
  virtual std::filesystem::path input(std::string_view name) const = 0;
  // Where to write this output: a path that does not exist yet; the step makes a file or a folder there.
  virtual std::filesystem::path output(std::string_view name) const = 0;
  // Survives a kill: a folder that the same step with the same key finds again. Emptied when the step succeeds.
  virtual std::filesystem::path checkpoint() const = 0;
  virtual int threads() const = 0;          // how many cores to use
  virtual bool stop_requested() const = 0;  // Ctrl-C: finish soon, leave the best so far
  virtual void metric(std::string_view name, double value, std::int64_t step = 0) = 0;
  virtual void progress(double done, double total, std::string_view what) = 0;
  virtual void say(std::string_view line) = 0;  // a line for people: findings, warnings
};

struct Step {
  std::string name;     // words joined by '-', the file's name with '_': train-images in train_images.cpp
  std::string command;  // as typed after `gyre`: "train images"
  std::string group;    // palette and reference section: data, train, model, package, fleet, watch ...
  std::string title;
  std::string help;  // one sentence; more after a blank line
  int version = 1;   // raise when the same options and inputs give another output
  std::vector<Port> inputs;
  std::vector<Port> outputs;
  std::vector<Field> fields;
  bool cached = true;     // false: it looks at the world outside (a device, the clock) and always runs
  bool parallel = false;  // it can use several cores: it gets a share of those that are free, else one
  std::function<void(const json::object& options, StepContext& context)> run;  // empty where another program owns it
  std::function<std::string()> also_from{};  // what else the result is made from, beside options and inputs: a digest
};

struct StepAbout {
  std::string name, command, group, title, help;
  int version = 1;
  std::vector<Port> inputs{}, outputs{};
  bool cached = true;
  bool parallel = false;
  std::function<std::string()> also_from{};
};

template <class Options>
Step step(StepAbout about, std::vector<Field> fields, void (*run)(const Options&, StepContext&)) {
  Step result{about.name,    about.command, about.group,  about.title,    about.help, about.version,  about.inputs,
              about.outputs, fields,        about.cached, about.parallel, {},         about.also_from};
  if (run)
    result.run = [run, fields = std::move(fields), name = about.name](const json::object& values,
                                                                      StepContext& context) {
      run(from_fields<Options>(fields, values, name), context);
    };
  return result;
}

// The table that CMake writes from src/*/steps/*.cpp. `program` is the program that can run the step.
struct StepEntry {
  const Step* step;
  std::string_view program;
};
std::span<const StepEntry> all_steps();
const Step& get_step(std::string_view name);
std::string_view program_of(std::string_view step_name);

}  // namespace gyre

// A step of gyre-nets names its body by GYRE_NETS(run): `gyre` knows the declaration and starts gyre-nets for the work.
#ifdef GYRE_PROGRAM_NETS
#define GYRE_NETS(function) function
#else
#define GYRE_NETS(function) nullptr
#endif
