#include "search/sweep_run.hpp"

#include <algorithm>
#include <cmath>

#include "base/clock.hpp"
#include "base/cores.hpp"
#include "track/recorder.hpp"

namespace gyre {

static bool has_ended(const Trial& trial) { return trial.state != "running"; }
static bool is_usable(const Trial& trial) {
  return trial.value && (trial.state == "done" || trial.state == "cached" || trial.state == "stopped");
}

SweepRun::SweepRun(Workspace& workspace, Engine& engine, std::string id, json::object row, bool attach)
    : workspace_(workspace),
      engine_(engine),
      id_(std::move(id)),
      spec_(SweepSpec::from_json(parse_json(get_string(row, "specification"), "sweep"))),
      parent_run_(get_string(row, "parent_run")),
      attach_(attach),
      sampler_(make_sampler(spec_.sampler, spec_.space, spec_.seed)),
      began_(seconds_since_start()),
      spent_before_(get_number(row, "seconds")) {
  std::size_t cores = usable_cores();
  concurrent_ = spec_.concurrent ? spec_.concurrent : std::min(cores, spec_.max_trials);
  threads_each_ = static_cast<int>(std::max<std::size_t>(1, cores / concurrent_));
  for (auto& trial : workspace.rows().query("SELECT record FROM sweep_trial WHERE sweep = $1 ORDER BY number", {id_})) {
    Trial known = trial_from(parse_json(get_string(trial, "record"), "sweep_trial"));
    trials_[known.number] = known;
  }
}

SweepRun::~SweepRun() {
  abandon_ = true;
  if (thread_.joinable()) thread_.join();
}

void SweepRun::start() {
  thread_ = std::thread([this] {
    try {
      go();
    } catch (const std::exception& error) {  // a full disk: what is on record stays, and goes on later
      std::lock_guard lock(mutex_);
      state_ = "failed";
      error_ = error.what();
      changes_++;
      changed_.notify_all();
    }
  });
}

double SweepRun::elapsed() const { return spent_before_ + seconds_since_start() - began_; }

std::size_t SweepRun::running_trials() const {
  return static_cast<std::size_t>(
      std::count_if(trials_.begin(), trials_.end(), [](auto& item) { return !has_ended(item.second); }));
}

const Trial* SweepRun::best() const {
  const Trial* best = nullptr;
  for (auto& [number, trial] : trials_)
    if (is_usable(trial) && (!best || (spec_.minimise ? *trial.value < *best->value : *trial.value > *best->value)))
      best = &trial;
  return best;
}

bool SweepRun::running() {
  std::lock_guard lock(mutex_);
  return state_ == "running";
}

void SweepRun::record(const Trial& trial) {
  workspace_.rows().run(
      "INSERT INTO sweep_trial VALUES ($1, $2, $3) ON CONFLICT (sweep, number) DO UPDATE SET record = $3",
      {id_, static_cast<std::int64_t>(trial.number), to_json(trial)});
}

void SweepRun::record_self() {
  workspace_.rows().run("UPDATE sweep SET state = $2, error = $3, seconds = $4 WHERE id = $1",
                        {id_, state_, error_, elapsed()});
}

// On record before it starts: after a kill the same trial is started again, and found in the cache if it was done.
void SweepRun::begin(Trial& trial) {
  record(trial);
  trial.pipeline_run = engine_.start(spec_.pipeline_of(trial.options, threads_each_));
  trial.run = run_id_of(trial.pipeline_run, trial_node);
  trial_began_[trial.number] = seconds_since_start();
  record(trial);
}

void SweepRun::take_up_again() {
  std::lock_guard lock(mutex_);
  for (auto& [number, trial] : trials_) {
    if (has_ended(trial)) continue;
    if (attach_ && !trial.pipeline_run.empty())
      trial_began_[number] = seconds_since_start();
    else
      begin(trial);
  }
}

bool SweepRun::launch() {
  std::size_t number = trials_.size();
  if (stop_ || number >= spec_.max_trials) return false;
  if (spec_.timeout > 0 && elapsed() >= spec_.timeout) return false;
  std::vector<Tried> tried;
  for (auto& [_, trial] : trials_) {
    if (trial.state == "failed") continue;
    auto value = has_ended(trial) ? trial.value : std::nullopt;
    tried.push_back({trial.point, value && spec_.minimise ? std::optional(-*value) : value});
  }
  auto point = sampler_->propose(number, tried);
  if (!point) return false;
  Trial& trial = trials_[number];
  trial = {.number = number, .point = *point, .options = spec_.space.at(*point), .state = "running"};
  begin(trial);
  return true;
}

// The run of a trial belongs below the sweep's. A trial out of the cache has no run of its own: it gets one.
void SweepRun::tag(Trial& trial) {
  Pairs tags{{"mlflow.parentRunId", parent_run_}, {"gyre.sweep", id_}, {"gyre.trial", std::to_string(trial.number)}};
  workspace_.rows().transaction([&] {
    if (!workspace_.rows().one("SELECT id FROM run WHERE id = $1", {trial.run})) {
      NewRun run{.id = trial.run, .experiment = get_run(workspace_, parent_run_).experiment, .who = "gyre"};
      run.name = std::string(trial_node);
      for (auto& [name, value] : trial.options) run.params.emplace_back(name, canonical(value));
      create_run(workspace_, run);
      if (trial.value) log_batch(workspace_, trial.run, {{spec_.metric, *trial.value, now_ms(), 0}}, {}, {});
      update_run(workspace_, trial.run, {.status = "FINISHED", .ended_at = now_ms()}, "gyre");
    }
    log_batch(workspace_, trial.run, {}, {}, tags);
  });
}

void SweepRun::read_reports(Trial& trial, const json::object& node) {
  Curve& curve = curves_[trial.number];
  if (auto* metrics = find(node, "metrics"))
    if (auto value = find_number(*metrics, spec_.metric)) trial.value = *value;
  if (!trial.value || spec_.stopping.kind == StoppingKind::none) return;
  if (!workspace_.rows().one("SELECT id FROM run WHERE id = $1", {trial.run})) return;
  auto points = history_of(workspace_, trial.run, spec_.metric);
  std::sort(points.begin(), points.end(), [](auto& a, auto& b) { return a.step < b.step; });
  for (std::size_t i = curve.reports.size(); i < points.size(); i++) {
    curve.reports.push_back(spec_.minimise ? -points[i].value : points[i].value);
    trial.reports = curve.reports.size();
    std::vector<Curve> curves;
    for (std::size_t number = 0; number < trials_.size(); number++) curves.push_back(curves_[number]);
    if (trial.why.empty() && should_stop(spec_.stopping, spec_.minimise, curves, trial.number))
      end_early(trial, "behind the others after " + std::to_string(curve.reports.size()) + " reports");
  }
}

void SweepRun::end_early(Trial& trial, const std::string& why) {
  if (!trial.why.empty()) return;
  trial.why = why;
  try {
    engine_.stop(trial.pipeline_run);
  } catch (const Error& error) {
    if (error.code != Code::not_found) throw;  // it ended in this moment
  }
}

void SweepRun::look_at(Trial& trial) {
  json::object status = engine_.status(trial.pipeline_run);
  auto& nodes = status.at("nodes").as_array();
  json::object node = nodes.empty() ? json::object() : nodes[0].as_object();
  trial.seconds = seconds_since_start() - trial_began_[trial.number];
  auto before = trial.value;
  read_reports(trial, node);
  if (trial.value != before) changes_++;
  if (stop_) end_early(trial, "the sweep was stopped");
  if (spec_.trial_timeout > 0 && trial.seconds > spec_.trial_timeout) end_early(trial, "its time was up");
  if (spec_.timeout > 0 && elapsed() > spec_.timeout) end_early(trial, "the sweep's time was up");
  if (get_string(status, "state") == "running") return;
  trial.state = string_or(node, "state", get_string(status, "state"));
  if (auto* outputs = find(node, "outputs")) trial.outputs = outputs->as_object();
  if (trial.state == "failed") trial.why = string_or(node, "error", string_or(status, "error", "it failed"));
  if (trial.state == "done" && !trial.value) {
    trial.state = "failed";
    trial.why = "the step reported no metric \"" + spec_.metric + "\"";
  }
  curves_[trial.number].ended = true;
  tag(trial);
  record(trial);
  record_self();
  changes_++;
}

void SweepRun::go() {
  take_up_again();
  while (!abandon_) {
    std::string waited_for;
    {
      std::lock_guard lock(mutex_);
      for (auto& [number, trial] : trials_)
        if (!has_ended(trial)) look_at(trial);
      std::size_t failed = 0, ended = 0;
      for (auto& [number, trial] : trials_) failed += trial.state == "failed", ended += has_ended(trial);
      if (failed >= 3 && failed == ended) {  // it is not the options
        error_ = trials_.begin()->second.why;
        stop_ = true;
      }
      bool more = true;
      while (more && running_trials() < concurrent_) {
        more = launch();
        changes_ += more;
      }
      changed_.notify_all();
      if (!more && running_trials() == 0) return finish();
      for (auto& [number, trial] : trials_)
        if (!has_ended(trial)) waited_for = trial.pipeline_run;
    }
    engine_.status(waited_for, INT64_MAX, 0.03);
  }
  // The process ends: what ran is on record as running and goes on with the next.
  std::lock_guard lock(mutex_);
  record_self();
}

void SweepRun::finish() {
  bool any = std::any_of(trials_.begin(), trials_.end(), [](auto& item) { return is_usable(item.second); });
  if (!any && error_.empty() && !trials_.empty()) error_ = trials_.begin()->second.why;
  state_ = !any ? "failed" : stop_ && error_.empty() ? "stopped" : "done";
  if (any) {
    const Trial& chosen = *best();
    log_batch(workspace_, parent_run_, {{spec_.metric, *chosen.value, now_ms(), 0}}, {}, {{"gyre.best", chosen.run}});
  }
  update_run(workspace_, parent_run_, {.status = any ? "FINISHED" : "FAILED", .ended_at = now_ms()}, "gyre");
  record_self();
  changes_++;
  changed_.notify_all();
}

// By the mean of what ended, and never more than the limit.
double SweepRun::time_left() const {
  double seconds = 0;
  std::size_t ended = 0;
  for (auto& [number, trial] : trials_)
    if (has_ended(trial) && trial.state != "cached") seconds += trial.seconds, ended++;
  double left = 0;
  if (ended > 0)
    left = seconds / static_cast<double>(ended) *
           static_cast<double>(spec_.max_trials - std::min(spec_.max_trials, ended + running_trials() / 2)) /
           static_cast<double>(concurrent_);
  if (spec_.timeout > 0) {
    double limit = std::max(0.0, spec_.timeout - elapsed());
    left = ended > 0 ? std::min(left, limit) : limit;
  }
  return left;
}

json::object SweepRun::described() const {
  json::array trials;
  for (auto& [number, trial] : trials_) trials.push_back(to_json(trial));
  json::object result{{"id", id_},
                      {"name", spec_.name},
                      {"step", spec_.node.step},
                      {"metric", spec_.metric},
                      {"goal", spec_.minimise ? "minimize" : "maximize"},
                      {"state", state_},
                      {"changes", changes_},
                      {"parent_run", parent_run_},
                      {"max_trials", static_cast<std::int64_t>(spec_.max_trials)},
                      {"seconds", elapsed()},
                      {"seconds_left", state_ == "running" ? time_left() : 0},
                      {"trials", trials}};
  if (auto* chosen = best()) result["best"] = to_json(*chosen);
  if (!error_.empty()) result["error"] = error_;
  return result;
}

json::object SweepRun::status(std::int64_t seen, double wait_seconds) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::duration<double>(wait_seconds),
                    [&] { return changes_ > seen || state_ != "running"; });
  return described();
}

}  // namespace gyre
