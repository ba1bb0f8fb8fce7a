#include "flow/engine.hpp"

#include <condition_variable>
#include <optional>
#include <random>
#include <set>

#include "base/clock.hpp"
#include "base/cores.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "flow/run_step.hpp"

namespace gyre {

json::object to_json(const StepRun& run) {
  json::object object{{"id", run.id},           {"pipeline_run", run.pipeline_run},
                      {"node", run.node},       {"step", run.step},
                      {"options", run.options}, {"inputs", json::value_from(run.inputs)},
                      {"key", run.key},         {"outputs", json::value_from(run.outputs)},
                      {"state", run.state},     {"seconds", run.seconds},
                      {"metrics", run.metrics}, {"said", json::value_from(run.said)}};
  if (!run.error.empty()) object["error"] = run.error, object["error_code"] = run.error_code, object["hint"] = run.hint;
  return object;
}

StepRun step_run_from(const json::value& value) {
  StepRun run;
  run.id = get_int(value, "id");
  run.pipeline_run = get_string(value, "pipeline_run");
  run.node = get_string(value, "node");
  run.step = get_string(value, "step");
  run.options = value.at("options").as_object();
  run.inputs = json::value_to<std::map<std::string, std::string>>(value.at("inputs"));
  run.key = get_string(value, "key");
  run.outputs = json::value_to<std::map<std::string, std::string>>(value.at("outputs"));
  run.state = get_string(value, "state");
  run.seconds = get_number(value, "seconds");
  run.metrics = value.at("metrics").as_object();
  run.said = json::value_to<std::vector<std::string>>(value.at("said"));
  run.error = string_or(value, "error", "");
  run.error_code = string_or(value, "error_code", "");
  run.hint = string_or(value, "hint", "");
  return run;
}

namespace {

struct Progress {
  double done = 0, total = 0;
  std::string what;
};

// One pipeline in flight. Everything below `mutex` of the engine.
struct Running {
  std::string id;
  Pipeline pipeline;
  bool fresh = false;
  std::string state = "running";
  std::string error, hint;
  std::map<std::string, StepRun> nodes;  // by node id
  std::map<std::string, Progress> progress;
  std::map<std::string, double> started;  // node -> when, for the seconds so far
  std::int64_t changes = 0;
  std::atomic<bool> stop{false};
  std::thread thread;
};

}  // namespace

// The engine's threads have nobody above them who would catch: what could not be written (a full disk) is told.
static std::optional<Error> guarded(const std::function<void()>& body) {
  try {
    body();
    return {};
  } catch (const Error& error) {
    return error;
  } catch (const std::exception& error) {
    return Error(Code::internal, error.what());
  }
}

struct Engine::Body {
  Workspace& workspace;
  int cores;
  int free_cores;
  std::vector<StepObserver*> observers;
  json::object environment;
  std::map<std::string, std::unique_ptr<Running>> running;
  std::set<std::string> keys;  // of the cached steps that run
  std::mutex mutex;            // guards all of the above, and each Running
  std::condition_variable changed;

  void tell(const std::function<void(StepObserver&)>& call) {
    for (auto* observer : observers) call(*observer);
  }
  void touch(Running& running) {
    running.changes++;
    changed.notify_all();
  }
  void record(const StepRun& run, bool ended) {
    auto& rows = workspace.rows();
    rows.run("UPDATE step_run SET state = $2, record = $3, ended_at = $4 WHERE id = $1",
             {run.id, run.state, to_json(run), ended ? json::value(now_ms()) : json::value(nullptr)});
  }
  void go(Running& running);
  void run_node(Running& running, const Node& node, int threads);
  bool from_cache(StepRun& run);
  void take_key(const std::string& key, const Running& running);
  void give_key(const std::string& key);
  std::string resolve(const std::string& reference, const Running& running);
  void finish(Running& running);
};

Engine::Engine(Workspace& workspace, int cores) {
  if (cores <= 0) cores = static_cast<int>(usable_cores());
  remove_tree(workspace.run_folder() / "steps");  // of those that were killed
  body_.reset(new Body{workspace, cores, cores, {}, {}, {}, {}, {}});
}

Engine::~Engine() {
  {
    std::lock_guard lock(body_->mutex);
    for (auto& [id, running] : body_->running) running->stop = true;
    body_->changed.notify_all();
  }
  for (auto& [id, running] : body_->running)
    if (running->thread.joinable()) running->thread.join();
}

void Engine::observe(StepObserver* observer) { body_->observers.push_back(observer); }
void Engine::environment(const std::string& name, const std::string& value) { body_->environment[name] = value; }

// How the user calls a file that is no content's output: "file:/home/ann/day.csv", "sha256:...#day.csv".
static std::string name_from_outside(const std::string& reference) {
  auto start = reference.starts_with("file:")     ? 4
               : reference.starts_with("sha256:") ? reference.find('#')
                                                  : reference.npos;
  if (start == reference.npos) return {};
  return std::filesystem::path(reference.substr(start + 1)).filename().string();
}

std::string Engine::Body::resolve(const std::string& reference, const Running& running) {
  if (reference.starts_with("sha256:")) {
    std::string digest = reference.substr(0, reference.find('#'));
    return workspace.blobs().path(digest), digest;
  }
  if (reference.starts_with("file:")) return workspace.blobs().put(reference.substr(5));
  if (auto dot = reference.rfind('.'); dot != std::string::npos)
    if (auto it = running.nodes.find(reference.substr(0, dot)); it != running.nodes.end())
      if (auto output = it->second.outputs.find(reference.substr(dot + 1)); output != it->second.outputs.end())
        return output->second;
  return get_asset(workspace, reference).digest;
}

bool Engine::Body::from_cache(StepRun& run) {
  auto row = workspace.rows().one("SELECT record FROM step_cache WHERE key = $1", {run.key});
  if (!row) return false;
  StepRun former = step_run_from(parse_json(get_string(*row, "record"), "step_cache"));
  for (auto& [name, digest] : former.outputs)
    if (!workspace.blobs().has(digest)) return false;  // content went away: make it again
  run.outputs = former.outputs;
  run.metrics = former.metrics;
  run.said = former.said;
  run.state = "cached";
  return true;
}

// The same work is not done twice at a time, in the same files: who comes second waits, and finds it done. It comes
// when a pipeline that was cut off is taken up again while a person has started it anew.
void Engine::Body::take_key(const std::string& key, const Running& running) {
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return running.stop || !keys.count(key); });
  if (running.stop) throw Error(Code::cancelled, "stopped while the same step ran in another pipeline");
  keys.insert(key);
}

void Engine::Body::give_key(const std::string& key) {
  std::lock_guard lock(mutex);
  keys.erase(key);
  changed.notify_all();
}

void Engine::Body::run_node(Running& running, const Node& node, int threads) {
  StepRun run;
  double begin = seconds_since_start();
  const Step& step = get_step(node.step);
  bool started = false, has_key = false;
  try {
    {
      std::lock_guard lock(mutex);
      run = running.nodes.at(node.id);
    }
    for (auto& [name, reference] : node.inputs) {
      run.inputs[name] = resolve(reference, running);
      if (std::string file = name_from_outside(reference); !file.empty()) run.file_names[name] = file;
    }
    run.key = cache_key(step, run.options, run.inputs);
    run.state = "running";
    workspace.rows().run(
        "INSERT INTO step_run (pipeline_run, node, step, key, state, record, started_at) VALUES ($1, $2, $3, $4, "
        "'running', '{}', $5)",
        {running.id, run.node, run.step, run.key, now_ms()});
    run.id = get_int(*workspace.rows().one("SELECT max(id) AS id FROM step_run WHERE pipeline_run = $1 AND node = $2",
                                           {running.id, run.node}),
                     "id");
    record(run, false);
    if (step.cached) take_key(run.key, running), has_key = true;
    if (!step.cached || running.fresh || !from_cache(run)) {
      tell([&](auto& observer) { observer.started(run); });
      started = true;
      {
        std::lock_guard lock(mutex);
        running.nodes[node.id] = run;
        running.started[node.id] = begin;
        touch(running);
      }
      StepEvents events;
      events.metric = [&](std::string_view name, double value, std::int64_t at) {
        tell([&](auto& observer) { observer.metric(run, name, value, at); });
        std::lock_guard lock(mutex);
        running.nodes[node.id].metrics[name] = value;
        touch(running);
      };
      events.progress = [&](double done, double total, std::string_view what) {
        std::lock_guard lock(mutex);
        running.progress[node.id] = {done, total, std::string(what)};
        touch(running);
      };
      events.said = [&](std::string_view line) {
        run.said.emplace_back(line);
        std::lock_guard lock(mutex);
        running.nodes[node.id].said.emplace_back(line);
        touch(running);
      };
      run_step(workspace, run, threads, environment, running.stop, events);
    }
    for (auto& [output, asset] : node.keep)
      if (auto made = run.outputs.find(output); made != run.outputs.end())
        for (auto& port : step.outputs)
          if (port.name == output) keep_asset(workspace, asset, port.type, made->second);
  } catch (const Error& error) {
    if (run.state != "cancelled") run.state = error.code == Code::cancelled ? "cancelled" : "failed";
    run.error = error.text();
    run.error_code = row_of(error.code).name;
    run.hint = error.hint;
  } catch (const std::exception& error) {
    run.state = "failed";
    run.error = error.what();
    run.error_code = "internal";
  }
  run.seconds = seconds_since_start() - begin;
  try {
    workspace.rows().transaction([&] {
      if (run.id) record(run, true);
      if (run.state == "done" && step.cached)
        workspace.rows().run(
            "INSERT INTO step_cache VALUES ($1, $2, $3, $4) ON CONFLICT (key) DO UPDATE SET"
            " step = excluded.step, record = excluded.record, made_at = excluded.made_at",
            {run.key, run.step, to_json(run), now_ms()});
    });
  } catch (const Error& error) {  // a full disk: the step counts as failed, it is not recorded as done
    run.state = "failed";
    run.error = error.text();
    run.error_code = row_of(error.code).name;
    run.hint = error.hint;
  }
  if (has_key) give_key(run.key);
  auto not_kept = guarded([&] {
    if (started) tell([&](auto& observer) { observer.ended(run); });
  });
  std::lock_guard lock(mutex);
  if (not_kept && running.error.empty())
    running.error = run.node + ": " + not_kept->text(), running.hint = not_kept->hint;
  running.nodes[node.id] = run;
  running.progress.erase(node.id);
  if (run.state == "failed" && running.error.empty()) {
    running.error = run.node + ": " + run.error;
    running.hint = run.hint;
  }
  free_cores += threads;
  touch(running);
}

// Starts nodes as their inputs come to be, within the engine's cores; ends when nothing runs and nothing can start.
void Engine::Body::go(Running& running) {
  std::vector<std::size_t> order = check(running.pipeline);
  std::vector<std::thread> workers;
  auto input_ready = [&](const std::string& reference) {
    auto dot = reference.rfind('.');
    if (reference.starts_with("file:") || reference.starts_with("sha256:") || dot == std::string::npos) return true;
    auto it = running.nodes.find(reference.substr(0, dot));
    return it == running.nodes.end() || it->second.outputs.count(reference.substr(dot + 1)) > 0;
  };
  auto is = [&](const Node& node, std::string_view state) { return running.nodes.at(node.id).state == state; };
  std::unique_lock lock(mutex);
  while (true) {
    std::vector<const Node*> ready;
    int busy = 0;
    for (auto i : order) {
      const Node& node = running.pipeline.nodes[i];
      if (is(node, "running")) busy++;
      bool able = is(node, "waiting");
      for (auto& [name, reference] : node.inputs) able = able && input_ready(reference);
      if (able) ready.push_back(&node);
    }
    bool halted = running.stop || !running.error.empty();
    if (busy == 0 && (halted || ready.empty())) break;
    bool launched = false;
    for (std::size_t i = 0; !halted && i < ready.size() && free_cores > 0; i++) {
      const Node& node = *ready[i];
      // Steps that can use several cores share what is free among all that are ready; the others take one.
      int waiting = static_cast<int>(ready.size() - i);
      int threads = get_step(node.step).parallel ? (free_cores + waiting - 1) / waiting : 1;
      if (node.threads > 0) threads = std::min(threads, node.threads);
      free_cores -= threads;
      running.nodes[node.id].state = "running";
      running.started[node.id] = seconds_since_start();
      workers.emplace_back([this, &running, &node, threads] { run_node(running, node, threads); });
      launched = true;
    }
    if (!launched) changed.wait(lock);
  }
  lock.unlock();
  for (auto& worker : workers) worker.join();
  finish(running);
}

void Engine::Body::finish(Running& running) {
  std::lock_guard lock(mutex);
  bool all = std::all_of(running.nodes.begin(), running.nodes.end(), [](auto& node) {
    auto& state = node.second.state;
    return state == "done" || state == "cached" || state == "stopped";
  });
  running.state = !running.error.empty() ? "failed" : all ? "done" : "cancelled";
  auto not_kept = guarded([&] {
    workspace.rows().run("UPDATE pipeline_run SET state = $2, error = $3, ended_at = $4 WHERE id = $1",
                         {running.id, running.state, running.error, now_ms()});
  });
  if (not_kept) {  // it is on record as running still and will be taken up by the next server
    running.state = "failed";
    if (running.error.empty()) running.error = not_kept->text(), running.hint = not_kept->hint;
  }
  touch(running);
}

static std::string new_id() {
  std::random_device random;
  std::string bytes;
  for (int i = 0; i < 8; i++) bytes += static_cast<char>(random());
  return hex(bytes);
}

static void launch(Engine::Body& body, std::unique_ptr<Running> running, const std::function<void(Running&)>& go) {
  for (auto& node : running->pipeline.nodes) {
    StepRun run;
    run.pipeline_run = running->id;
    run.node = node.id;
    run.step = node.step;
    run.options = complete(get_step(node.step).fields, node.options, node.id);
    run.state = "waiting";
    running->nodes[node.id] = std::move(run);
  }
  Running& kept = *running;
  std::lock_guard lock(body.mutex);
  body.running[kept.id] = std::move(running);
  kept.thread = std::thread([&kept, go] { go(kept); });
}

std::string Engine::start(const Pipeline& pipeline, bool fresh) {
  check(pipeline);
  auto running = std::make_unique<Running>();
  running->id = new_id();
  running->pipeline = pipeline;
  running->fresh = fresh;
  std::string id = running->id;
  body_->workspace.rows().run(
      "INSERT INTO pipeline_run (id, name, definition, options, state, started_at) VALUES ($1, $2, $3, $4, 'running', "
      "$5)",
      {id, pipeline.name, to_json(pipeline), json::object{{"fresh", fresh}}, now_ms()});
  launch(*body_, std::move(running), [this](Running& running) { body_->go(running); });
  return id;
}

void Engine::resume() {
  auto& rows = body_->workspace.rows();
  rows.run("UPDATE step_run SET state = 'cancelled', ended_at = $1 WHERE state = 'running'", {now_ms()});
  for (auto& row : rows.query("SELECT * FROM pipeline_run WHERE state = 'running'")) {
    auto running = std::make_unique<Running>();
    running->id = get_string(row, "id");
    running->pipeline = pipeline_from(parse_json(get_string(row, "definition"), "pipeline_run"));
    try {
      check(running->pipeline);
    } catch (const Error& error) {  // it names a step that this version no longer has
      rows.run("UPDATE pipeline_run SET state = 'failed', error = $2 WHERE id = $1", {running->id, error.text()});
      continue;
    }
    launch(*body_, std::move(running), [this](Running& running) { body_->go(running); });
  }
}

void Engine::stop(const std::string& id) {
  std::lock_guard lock(body_->mutex);
  auto it = body_->running.find(id);
  if (it == body_->running.end()) throw Error(Code::not_found, "no pipeline \"" + id + "\" is running");
  it->second->stop = true;
  body_->touch(*it->second);
}

static json::object status_of(const Running& running) {
  json::array nodes;
  for (auto& node : running.pipeline.nodes) {
    auto& run = running.nodes.at(node.id);
    json::object object = to_json(run);
    object["station"] = node.station;
    if (run.state == "running")
      if (auto it = running.started.find(node.id); it != running.started.end())
        object["seconds"] = seconds_since_start() - it->second;
    if (auto it = running.progress.find(node.id); it != running.progress.end())
      object["progress"] = {{"done", it->second.done}, {"total", it->second.total}, {"what", it->second.what}};
    nodes.push_back(std::move(object));
  }
  json::object status{{"id", running.id},
                      {"name", running.pipeline.name},
                      {"state", running.state},
                      {"changes", running.changes},
                      {"nodes", nodes}};
  if (!running.error.empty()) status["error"] = running.error, status["hint"] = running.hint;
  return status;
}

json::object Engine::status(const std::string& id, std::int64_t seen, double wait_seconds) {
  std::unique_lock lock(body_->mutex);
  auto it = body_->running.find(id);
  if (it != body_->running.end()) {
    Running& running = *it->second;
    body_->changed.wait_for(lock, std::chrono::duration<double>(wait_seconds),
                            [&] { return running.changes > seen || running.state != "running"; });
    return status_of(running);
  }
  lock.unlock();
  auto row = body_->workspace.rows().one("SELECT * FROM pipeline_run WHERE id = $1", {id});
  if (!row) throw Error(Code::not_found, "there is no pipeline run \"" + id + "\"");
  json::array nodes;
  for (auto& step :
       body_->workspace.rows().query("SELECT record FROM step_run WHERE pipeline_run = $1 ORDER BY id", {id}))
    nodes.push_back(parse_json(get_string(step, "record"), "step_run"));
  json::object status{
      {"id", id}, {"name", row->at("name")}, {"state", row->at("state")}, {"changes", 0}, {"nodes", nodes}};
  if (auto error = find_string(*row, "error"); error && !error->empty()) status["error"] = *error;
  return status;
}

json::array Engine::list() {
  json::array result;
  for (auto& row : body_->workspace.rows().query(
           "SELECT id, name, state, started_at, ended_at FROM pipeline_run ORDER BY started_at DESC LIMIT 200"))
    result.push_back(row);
  return result;
}

json::object Engine::wait(const std::string& id) {
  while (true) {
    json::object status = this->status(id, INT64_MAX, 3600);
    if (get_string(status, "state") != "running") return status;
  }
}

}  // namespace gyre
