#include "track/runs.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <functional>
#include <future>
#include <map>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "store/row_batch.hpp"
#include "track/ids.hpp"
#include "track/text_limits.hpp"

namespace gyre {

// As MLflow: a name that is a path must be one that cannot be written shorter.
static bool is_plain_path(std::string_view name) {
  if (name.starts_with("..")) return false;
  while (true) {
    auto slash = name.find('/');
    auto part = name.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
}

void check_key(std::string_view what, const std::string& key) {
  if (key.empty()) throw Error(Code::invalid, "Missing value for required parameter '" + std::string(what) + ".key'.");
  if (characters_of(key) > 250)
    throw Error(Code::invalid, "'key' exceeds the maximum length of 250 characters: the " + std::string(what) + " " +
                                   cut_to(key, 40) + "...");
  auto allowed = [](unsigned char c) {
    return std::isalnum(c) || c >= 0x80 ||
           std::string_view("_-. :/").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (!is_plain_path(key) || !std::all_of(key.begin(), key.end(), allowed))
    throw Error(Code::invalid, "Invalid " + std::string(what) + " name: '" + key + "'",
                "names hold letters, digits, _ - . : / and spaces, and are no path upwards");
}

static void check_status(const std::string& status) {
  for (auto known : {"RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"})
    if (status == known) return;
  throw Error(Code::invalid, "\"" + status + "\" is no run status", "RUNNING, SCHEDULED, FINISHED, FAILED or KILLED");
}

static Row row_of_run(Workspace& workspace, const std::string& id) {
  auto row = workspace.rows().one("SELECT * FROM run WHERE id = $1", {id});
  if (!row) throw Error(Code::not_found, "Run with id=" + id + " not found", "gyre runs lists them");
  return *row;
}

static std::int64_t active_run_key(Workspace& workspace, const std::string& id) {
  std::int64_t number = 0;
  bool active = false;
  workspace.rows().each("SELECT number, stage = 'active' FROM run WHERE id = $1", {id}, [&](const SqlColumns& row) {
    number = row.integer(0);
    active = row.integer(1);
  });
  if (number == 0) row_of_run(workspace, id);  // says that there is none
  if (!active)
    throw Error(Code::invalid, "The run " + id + " must be in the 'active' state. Current state is deleted.",
                "restore it first");
  return number;
}

constexpr std::size_t longest_tag = 8000;

static void put_tag(Workspace& workspace, std::int64_t run, const std::string& key, const std::string& whole) {
  check_key("tag", key);
  std::string value = cut_to(whole, longest_tag);
  workspace.rows().run("INSERT INTO run_tag VALUES ($1, $2, $3) ON CONFLICT (run, key) DO UPDATE SET value = $3",
                       {run, key, value});
  if (key == "mlflow.runName")
    workspace.rows().run("UPDATE run SET name = $2 WHERE number = $1 AND name != $2", {run, value});
}

static void put_param(Workspace& workspace, std::int64_t run, const std::string& key, const std::string& whole) {
  check_key("param", key);
  std::string value = cut_to(whole, 6000);
  auto before = workspace.rows().one("SELECT value FROM param WHERE run = $1 AND key = $2", {run, key});
  if (before && get_string(*before, "value") != value)
    throw Error(Code::invalid, "Changing param values is not allowed. Param with key='" + key +
                                   "' was already logged with value='" + get_string(*before, "value") +
                                   "'. Attempted logging new value '" + value + "'.");
  if (!before) workspace.rows().run("INSERT INTO param VALUES ($1, $2, $3)", {run, key, value});
}

std::function<void()> batch_to_log(Workspace& workspace, std::string run, std::vector<Point> metrics, Pairs params,
                                   Pairs tags) {
  return [&workspace, run = std::move(run), packed = pack_points(std::move(metrics)), params = std::move(params),
          tags = std::move(tags)] {
    std::int64_t number = active_run_key(workspace, run);
    for (auto& [key, value] : params) put_param(workspace, number, key, value);
    append_points(workspace, number, packed);
    for (auto& [key, value] : tags) put_tag(workspace, number, key, value);
  };
}

void log_batch(Workspace& workspace, const std::string& run, const std::vector<Point>& metrics, const Pairs& params,
               const Pairs& tags) {
  workspace.rows().transaction(batch_to_log(workspace, run, metrics, params, tags));
}

static std::string location_for_runs(Workspace& workspace, std::int64_t id) {
  std::optional<std::string> location;
  bool active = false;
  workspace.rows().each("SELECT artifact_location, stage = 'active' FROM experiment WHERE id = $1", {id},
                        [&](const SqlColumns& row) {
                          location = row.text(0);
                          active = row.integer(1);
                        });
  if (!location) get_experiment(workspace, id);  // says that there is none
  if (!active)
    throw Error(Code::invalid,
                "The experiment " + std::to_string(id) + " must be in the 'active' state. Current state is deleted.");
  return *location;
}

Run planned_run(Workspace& workspace, const NewRun& wanted) {
  std::string id = wanted.id.empty() ? new_id() : wanted.id, name = wanted.name;
  for (auto& [key, value] : wanted.tags)
    if (key == "mlflow.runName" && name.empty()) name = value;
  if (name.empty()) name = "run-" + id.substr(id.size() - std::min<std::size_t>(8, id.size()));
  std::map<std::string, std::string> tags;
  for (auto& [key, value] : wanted.tags) {
    check_key("tag", key);
    tags.emplace(key, cut_to(value, longest_tag));
  }
  tags["mlflow.runName"] = name = cut_to(name, longest_tag);
  return {.id = id,
          .experiment = wanted.experiment,
          .name = name,
          .who = wanted.who,
          .status = "RUNNING",
          .stage = "active",
          .artifact_uri = location_for_runs(workspace, wanted.experiment) + "/" + id + "/artifacts",
          .started_at = wanted.started_at ? wanted.started_at : now_ms(),
          .params = wanted.params,
          .tags = {tags.begin(), tags.end()}};
}

void put_run(Workspace& workspace, Run& run) {
  auto& rows = workspace.rows();
  location_for_runs(workspace, run.experiment);  // it may be gone since
  run.number = rows.insert(
      "INSERT INTO run (id, experiment, name, who, status, stage, artifact_uri, started_at)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
      {run.id, run.experiment, run.name, run.who, run.status, run.stage, run.artifact_uri, run.started_at}, "number");
  for (auto& [key, value] : run.params) put_param(workspace, run.number, key, value);
  RowBatch tags(rows, "INSERT INTO run_tag", 3);  // the name is among them already, and none is there before
  for (auto& [key, value] : run.tags) tags.add({run.number, key, value});
  tags.flush();
  workspace.audit(run.who, "run create", run.id, nullptr, {{"experiment", run.experiment}, {"name", run.name}});
}

Run create_run(Workspace& workspace, const NewRun& wanted) {
  Run run = planned_run(workspace, wanted);
  workspace.rows().transaction([&] { put_run(workspace, run); });
  return run;
}

Run get_run(Workspace& workspace, const std::string& id) {
  std::vector<Run> runs;
  workspace.rows().each("SELECT " + std::string(run_columns) + " FROM run WHERE id = $1", {id},
                        [&](const SqlColumns& row) { runs.push_back(run_from(row)); });
  if (runs.empty()) row_of_run(workspace, id);  // says that there is none
  complete(workspace, runs);
  return std::move(runs.front());
}

void update_run(Workspace& workspace, const std::string& id, const RunChange& change, std::string_view who) {
  if (change.status) check_status(*change.status);
  workspace.rows().transaction([&] {
    std::int64_t number = active_run_key(workspace, id);
    Row before = row_of_run(workspace, id);
    if (change.status) workspace.rows().run("UPDATE run SET status = $2 WHERE number = $1", {number, *change.status});
    if (change.ended_at)
      workspace.rows().run("UPDATE run SET ended_at = $2 WHERE number = $1", {number, *change.ended_at});
    if (change.name && !change.name->empty()) put_tag(workspace, number, "mlflow.runName", *change.name);
    Row after = row_of_run(workspace, id);
    if (before != after)
      workspace.audit(who, "run update", id, {{"status", before["status"]}, {"name", before["name"]}},
                      {{"status", after["status"]}, {"name", after["name"]}});
  });
}

void set_run_stage(Workspace& workspace, const std::string& id, const std::string& stage, std::string_view who) {
  workspace.rows().transaction([&] {
    Row before = row_of_run(workspace, id);
    if (get_string(before, "stage") == stage) return;
    workspace.rows().run("UPDATE run SET stage = $2 WHERE id = $1", {id, stage});
    workspace.audit(who, "run stage", id, before["stage"], json::value(stage));
  });
}

void delete_run_tag(Workspace& workspace, const std::string& run, const std::string& key) {
  auto gone = workspace.rows().query("DELETE FROM run_tag WHERE run = $1 AND key = $2 RETURNING key",
                                     {active_run_key(workspace, run), key});
  if (gone.empty()) throw Error(Code::not_found, "No tag with name: " + key + " in run with id " + run);
}

std::vector<Point> history_of(Workspace& workspace, const std::string& run, const std::string& key) {
  return curve_of(workspace, get_int(row_of_run(workspace, run), "number"), key);
}

// Calls `take` with the number of the run and each row of `columns` of `table` that belongs to one of the runs. The
// last one fills the list up: one statement text for any number of runs.
static void for_rows_of(Workspace& workspace, const std::vector<Run>& runs, const std::string& columns,
                        const std::string& table,
                        const std::function<void(std::int64_t run, const SqlColumns& row)>& take) {
  const std::size_t at_once = runs.size() == 1 ? 1 : 200;
  std::string list;
  for (std::size_t i = 1; i <= at_once; i++) list += (i > 1 ? ", $" : "$") + std::to_string(i);
  for (std::size_t start = 0; start < runs.size(); start += at_once) {
    SqlValues numbers;
    for (std::size_t i = 0; i < at_once; i++) numbers.push_back(runs[std::min(start + i, runs.size() - 1)].number);
    workspace.rows().each(
        "SELECT run, " + columns + " FROM " + table + " WHERE run IN (" + list + ") ORDER BY run, key", numbers,
        [&](const SqlColumns& row) { take(row.integer(0), row); });
  }
}

Run run_from(const SqlColumns& row) {
  Run run{.number = row.integer(0),
          .id = std::string(row.text(1)),
          .experiment = row.integer(2),
          .name = std::string(row.text(3)),
          .who = std::string(row.text(4)),
          .status = std::string(row.text(5)),
          .stage = std::string(row.text(6)),
          .artifact_uri = std::string(row.text(7)),
          .started_at = row.integer(8)};
  if (!row.is_null(9)) run.ended_at = row.integer(9);
  return run;
}

void complete(Workspace& workspace, std::vector<Run>& runs) {
  if (runs.empty()) return;
  std::unordered_map<std::int64_t, Run*> by_number;
  for (auto& run : runs) by_number[run.number] = &run;
  auto metrics = [&] {
    if (runs.size() == 1) {
      runs[0].metrics = last_points(workspace, runs[0].number);
      return;
    }
    settle_points(workspace);
    for_rows_of(workspace, runs, "key, step, at, value", "latest_metric", [&](std::int64_t run, const SqlColumns& row) {
      by_number.at(run)->metrics.push_back(
          {std::string(row.text(1)), row.is_null(4) ? std::nan("") : row.number(4), row.integer(3), row.integer(2)});
    });
  };
  auto pairs = [&](const std::string& table, Pairs Run::*member) {
    for_rows_of(workspace, runs, "key, value", table, [&](std::int64_t run, const SqlColumns& row) {
      (by_number.at(run)->*member).emplace_back(row.text(1), row.text(2));
    });
  };
  if (runs.size() < 500) {
    metrics();
    pairs("param", &Run::params);
    pairs("run_tag", &Run::tags);
    return;
  }
  // A long page: the three tables are read side by side.
  auto params = std::async(std::launch::async, pairs, "param", &Run::params);
  auto tags = std::async(std::launch::async, pairs, "run_tag", &Run::tags);
  metrics();
  params.get();
  tags.get();
}

json::object to_json(const Run& run) {
  json::object metrics, params, tags;
  for (auto& point : run.metrics)
    metrics[point.key] = std::isnan(point.value) ? json::value() : json::value(point.value);
  for (auto& [key, value] : run.params) params[key] = value;
  for (auto& [key, value] : run.tags)
    if (!key.starts_with("mlflow.")) tags[key] = value;
  return {{"id", run.id},
          {"experiment", run.experiment},
          {"name", run.name},
          {"who", run.who},
          {"status", run.status},
          {"stage", run.stage},
          {"started_at", run.started_at},
          {"ended_at", run.ended_at ? json::value(*run.ended_at) : json::value()},
          {"metrics", metrics},
          {"params", params},
          {"tags", tags}};
}

}  // namespace gyre
