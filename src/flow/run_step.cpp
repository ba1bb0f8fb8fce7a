#include "flow/run_step.hpp"

#include <signal.h>
#include <sys/stat.h>

#include <thread>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/process.hpp"
#include "flow/step_file.hpp"

namespace gyre {

std::string cache_key(const Step& step, const json::object& options, const std::map<std::string, std::string>& inputs) {
  json::object key{
      {"step", step.name}, {"version", step.version}, {"options", options}, {"inputs", json::value_from(inputs)}};
  if (step.also_from) key["also_from"] = step.also_from();
  return digest_of(canonical(key));
}

static fs::path program_path(std::string_view program) {
  fs::path path = own_program().parent_path() / program;
  if (!fs::exists(path))
    throw Error(Code::unsupported,
                "the program " + std::string(program) + " is not beside gyre (" + path.string() + ")",
                "build it, or install the package that has it");
  return path;
}

static Spawn spawn_for(const StepRun& run, const fs::path& folder, int threads, const json::object& environment) {
  Spawn spawn{.command = {program_path(program_of(run.step)).string(), "step", (folder / "step.json").string()},
              .output_file = folder / "log",
              .events = true};
  // OpenMP threads that wait for each other spin for a few microseconds only, not for ever: sleeping at once costs a
  // training that has the machine for itself a tenth, spinning for long makes three at once four times slower. Each
  // library gets its share of cores by hand.
  spawn.environment = {
      {"GOMP_SPINCOUNT", "1000"}, {"OPENBLAS_NUM_THREADS", "1"}, {"OMP_NUM_THREADS", std::to_string(threads)}};
  for (auto& [name, value] : environment) spawn.environment[std::string(name)] = std::string(value.as_string());
  return spawn;
}

static void take_event(std::string_view line, StepRun& run, const StepEvents& events, std::optional<Error>& error) {
  json::value event = parse_json(line, "event of step " + run.step);
  std::string kind = get_string(event, "kind");
  if (kind == "metric") {
    std::string name = get_string(event, "name");
    run.metrics[name] = get_number(event, "value");
    events.metric(name, get_number(event, "value"), get_int(event, "step"));
  } else if (kind == "progress") {
    events.progress(get_number(event, "done"), get_number(event, "total"), get_string(event, "what"));
  } else if (kind == "say") {
    events.said(get_string(event, "line"));
  } else if (kind == "error") {
    error.emplace(code_named(get_string(event, "code")), get_string(event, "text"), get_string(event, "hint"));
  }
}

static std::string last_lines(const fs::path& log) {
  if (!fs::exists(log)) return "";
  std::string text = read_file(log);
  if (text.size() > 2000) text = "..." + text.substr(text.size() - 2000);
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

// A file that came from outside keeps its name, so that a step can name it in what it says.
static fs::path named(const fs::path& content, const StepRun& run, const std::string& input, const fs::path& folder) {
  auto name = run.file_names.find(input);
  if (name == run.file_names.end() || fs::is_directory(content)) return content;
  make_folders(folder / "inputs" / input);
  fs::create_symlink(content, folder / "inputs" / input / name->second);
  return folder / "inputs" / input / name->second;
}

void run_step(Workspace& workspace, StepRun& run, int threads, const json::object& environment,
              const std::atomic<bool>& stop, const StepEvents& events) {
  const Step& step = get_step(run.step);
  fs::path folder = workspace.run_folder() / "steps" / std::to_string(run.id);
  remove_tree(folder);
  make_folders(folder / "outputs");
  fs::path checkpoint = workspace.run_folder() / "checkpoints" / run.key.substr(7);
  make_folders(checkpoint);

  StepFile file{.step = run.step, .options = run.options, .checkpoint = checkpoint.string(), .threads = threads};
  for (auto& [name, digest] : run.inputs)
    file.inputs[name] = named(workspace.blobs().open(digest), run, name, folder).string();
  for (auto& port : step.outputs) file.outputs[port.name] = (folder / "outputs" / port.name).string();
  write_file(folder / "step.json", pretty(to_json(file)));

  std::optional<Error> error;
  Child child = Child::start(spawn_for(run, folder, threads, environment));
  {
    std::jthread stopper([&](std::stop_token no_more) {
      bool told = false;
      while (!no_more.stop_requested()) {
        if (stop && !told) {
          ::kill(child.pid(), SIGTERM);  // the child is reaped only after this thread has ended
          told = true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    });
    read_lines(child.events(), [&](std::string_view line) { take_event(line, run, events, error); });
  }
  int code = child.wait();
  if (code != 0 && code != stopped_exit_code) {
    if (!error) {
      std::string how = code > 128 ? "was killed by signal " + std::to_string(code - 128)
                                   : "ended with exit code " + std::to_string(code);
      error.emplace(Code::internal, "the step " + run.step + " " + how, last_lines(folder / "log"));
    }
    run.state = stop ? "cancelled" : "failed";
    remove_tree(folder);  // what it had made so far is of no use and may be all that fills the disk
    throw *error;
  }
  for (auto& [name, path] : file.outputs) {
    if (!fs::exists(path)) {
      if (std::any_of(step.outputs.begin(), step.outputs.end(),
                      [&](auto& port) { return port.name == name && port.optional; }))
        continue;
      throw Error(Code::internal, "the step " + run.step + " ended without its output \"" + name + "\"");
    }
    run.outputs[name] = workspace.blobs().put(path, true);
  }
  remove_tree(folder);
  if (code == 0) remove_tree(checkpoint);
  run.state = code == 0 ? "done" : "stopped";
}

}  // namespace gyre
