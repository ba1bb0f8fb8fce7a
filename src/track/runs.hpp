#pragma once
// Experiments and runs as rows. The functions that change something say who did; times are milliseconds.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/workspace.hpp"
#include "track/keys.hpp"
#include "track/points.hpp"

namespace gyre {

using Pairs = std::vector<std::pair<std::string, std::string>>;  // params, tags

struct Experiment {
  std::int64_t id = 0;
  std::string name;
  std::string artifact_location;
  std::string stage;  // active | deleted
  std::int64_t created_at = 0;
  std::int64_t updated_at = 0;
  Pairs tags;
};
Experiment create_experiment(Workspace& workspace, const std::string& name, const std::string& artifact_location,
                             const Pairs& tags, std::string_view who);
Experiment get_experiment(Workspace& workspace, std::int64_t id);
std::optional<Experiment> find_experiment(Workspace& workspace, const std::string& name);
Experiment experiment_from(Workspace& workspace, const Row& row);
void rename_experiment(Workspace& workspace, std::int64_t id, const std::string& name, std::string_view who);
void set_experiment_stage(Workspace& workspace, std::int64_t id, const std::string& stage, std::string_view who);
void set_experiment_tag(Workspace& workspace, std::int64_t id, const std::string& key, const std::string& value);
void delete_experiment_tag(Workspace& workspace, std::int64_t id, const std::string& key);

struct Run {
  std::int64_t number = 0;  // in the tables
  std::string id;
  std::int64_t experiment = 0;
  std::string name;
  std::string who;
  std::string status;
  std::string stage;
  std::string artifact_uri;
  std::int64_t started_at = 0;
  std::optional<std::int64_t> ended_at;
  std::vector<Point> metrics{};  // the last of each
  Pairs params{};
  Pairs tags{};
};
struct NewRun {
  std::string id;  // made when empty
  std::int64_t experiment = 0;
  std::string name;
  std::int64_t started_at = 0;
  Pairs params{};
  Pairs tags{};
  std::string who = "local";
};
Run create_run(Workspace& workspace, const NewRun& wanted);
// The same in two: the run as it will be, without its number, and what a transaction has to do.
Run planned_run(Workspace& workspace, const NewRun& wanted);
void put_run(Workspace& workspace, Run& run);
Run get_run(Workspace& workspace, const std::string& id);  // with metrics, params, tags
struct RunChange {
  std::optional<std::string> status{};
  std::optional<std::int64_t> ended_at{};
  std::optional<std::string> name{};
};
void update_run(Workspace& workspace, const std::string& id, const RunChange& change, std::string_view who);
void set_run_stage(Workspace& workspace, const std::string& id, const std::string& stage, std::string_view who);

// Runs as they are read: `run_columns` of the table run become a Run, and all of a list get what belongs to them in a
// few queries.
inline constexpr std::string_view run_columns =
    "run.number, run.id, run.experiment, run.name, run.who, run.status, run.stage, run.artifact_uri, run.started_at,"
    " run.ended_at";
Run run_from(const SqlColumns& row);
void complete(Workspace& workspace, std::vector<Run>& runs);
json::object to_json(const Run& run);  // Gyre's own form; MLflow's is in mlflow_routes

// All or nothing. A param that is there with another value is refused: a run's params say how it was made.
void log_batch(Workspace& workspace, const std::string& run, const std::vector<Point>& metrics, const Pairs& params,
               const Pairs& tags);
// What a transaction has to do for it; what can be refused beforehand is refused here.
std::function<void()> batch_to_log(Workspace& workspace, std::string run, std::vector<Point> metrics, Pairs params,
                                   Pairs tags);
void delete_run_tag(Workspace& workspace, const std::string& run, const std::string& key);
std::vector<Point> history_of(Workspace& workspace, const std::string& run, const std::string& key);

}  // namespace gyre
