// MLflow's SQLite database. A copy is read: opening a database writes beside it, and this one is somebody else's.
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/sqlite.hpp"
#include "track/importing/source.hpp"

namespace gyre {

namespace {

json::array pairs(Rows& rows, const std::string& sql, const SqlValues& values) {
  json::array list;
  for (auto& row : rows.query(sql, values)) list.push_back(json::array{row["k"], row["v"]});
  return list;
}

json::value text_or_empty(const json::value& value) { return value.is_null() ? json::value("") : value; }
json::value whole(const json::value& value) {
  if (value.is_double()) return static_cast<std::int64_t>(value.get_double());
  return value.is_null() ? json::value(0) : value;
}

class Database : public MlflowSource {
 public:
  Database(const fs::path& file, fs::path artifacts)
      : store_(file.parent_path()), artifacts_(std::move(artifacts)), rows_(copied(file)) {
    if (!rows_.one("SELECT name FROM sqlite_master WHERE name = 'experiments'"))
      throw Error(Code::invalid, file.string() + " is no database of MLflow's");
    logged_models_ = rows_.one("SELECT name FROM sqlite_master WHERE name = 'logged_models'").has_value();
  }

  std::vector<json::object> experiments() override {
    std::vector<json::object> all;
    for (auto& row : rows_.query("SELECT * FROM experiments ORDER BY experiment_id")) {
      std::string key = std::to_string(get_int(row, "experiment_id"));
      all.push_back({{"key", key},
                     {"name", row["name"]},
                     {"stage", row["lifecycle_stage"]},
                     {"created_at", whole(row["creation_time"])},
                     {"updated_at", whole(row["last_update_time"])},
                     {"tags", pairs(rows_, "SELECT key AS k, value AS v FROM experiment_tags WHERE experiment_id = $1",
                                    {row["experiment_id"]})}});
    }
    return all;
  }

  std::vector<std::string> runs(const std::string& experiment) override {
    return ids("SELECT run_uuid AS id FROM runs WHERE experiment_id = CAST($1 AS INTEGER) ORDER BY start_time",
               experiment);
  }
  std::vector<std::string> logged_models(const std::string& experiment) override {
    if (!logged_models_) return {};
    return ids(
        "SELECT model_id AS id FROM logged_models WHERE experiment_id = CAST($1 AS INTEGER)"
        " ORDER BY creation_timestamp_ms",
        experiment);
  }

  json::object run(const std::string& id) override {
    Row row = *rows_.one("SELECT * FROM runs WHERE run_uuid = $1", {id});
    json::object run{{"id", id},
                     {"name", text_or_empty(row["name"])},
                     {"user", text_or_empty(row["user_id"])},
                     {"status", row["status"]},
                     {"stage", row["lifecycle_stage"]},
                     {"started_at", whole(row["start_time"])},
                     {"ended_at", row["end_time"]},
                     {"artifacts", row["artifact_uri"]}};
    run["params"] = pairs(rows_, "SELECT key AS k, value AS v FROM params WHERE run_uuid = $1", {id});
    run["tags"] = pairs(rows_, "SELECT key AS k, value AS v FROM tags WHERE run_uuid = $1", {id});
    json::array points;
    rows_.each("SELECT key, value, is_nan, timestamp, step FROM metrics WHERE run_uuid = $1", {id},
               [&](const SqlColumns& point) {
                 json::value value = point.integer(2) ? json::value("NaN") : json::value(point.number(1));
                 points.push_back(json::array{point.text(0), value, point.integer(3), point.integer(4)});
               });
    run["points"] = std::move(points);
    add_inputs(id, run);
    return run;
  }

  json::object logged_model(const std::string& id) override {
    Row row = *rows_.one("SELECT *, CAST(status AS TEXT) AS status_text FROM logged_models WHERE model_id = $1", {id});
    json::object model{{"id", id},
                       {"name", row["name"]},
                       {"type", text_or_empty(row["model_type"])},
                       {"source_run", text_or_empty(row["source_run_id"])},
                       {"status", status_of_logged_model(get_string(row, "status_text"))},
                       {"stage", row["lifecycle_stage"]},
                       {"created_at", whole(row["creation_timestamp_ms"])},
                       {"updated_at", whole(row["last_updated_timestamp_ms"])},
                       {"artifacts", row["artifact_location"]}};
    model["params"] =
        pairs(rows_, "SELECT param_key AS k, param_value AS v FROM logged_model_params WHERE model_id = $1", {id});
    model["tags"] =
        pairs(rows_, "SELECT tag_key AS k, tag_value AS v FROM logged_model_tags WHERE model_id = $1", {id});
    json::array points;
    for (auto& point : rows_.query("SELECT * FROM logged_model_metrics WHERE model_id = $1", {id}))
      points.push_back(json::array{point["metric_name"],
                                   point["metric_value"].is_null() ? json::value("NaN") : point["metric_value"],
                                   point["metric_timestamp_ms"], point["metric_step"], text_or_empty(point["run_id"]),
                                   text_or_empty(point["dataset_name"]), text_or_empty(point["dataset_digest"])});
    model["points"] = std::move(points);
    return model;
  }

  std::vector<json::object> models() override {
    std::vector<json::object> all;
    for (auto& row : rows_.query("SELECT * FROM registered_models ORDER BY name")) {
      json::object model{{"name", row["name"]},
                         {"description", text_or_empty(row["description"])},
                         {"created_at", whole(row["creation_time"])},
                         {"updated_at", whole(row["last_updated_time"])}};
      model["tags"] =
          pairs(rows_, "SELECT key AS k, value AS v FROM registered_model_tags WHERE name = $1", {row["name"]});
      model["aliases"] =
          pairs(rows_, "SELECT alias AS k, version AS v FROM registered_model_aliases WHERE name = $1", {row["name"]});
      json::array versions;
      for (auto& version : rows_.query("SELECT * FROM model_versions WHERE name = $1 ORDER BY version", {row["name"]}))
        versions.push_back(json::object{
            {"version", version["version"]},
            {"source", text_or_empty(version["source"])},
            {"run_id", text_or_empty(version["run_id"])},
            {"run_link", text_or_empty(version["run_link"])},
            {"description", text_or_empty(version["description"])},
            {"stage", text_or_empty(version["current_stage"])},
            {"user", text_or_empty(version["user_id"])},
            {"created_at", whole(version["creation_time"])},
            {"updated_at", whole(version["last_updated_time"])},
            {"tags",
             pairs(rows_, "SELECT key AS k, value AS v FROM model_version_tags WHERE name = $1 AND version = $2",
                   {row["name"], version["version"]})}});
      model["versions"] = std::move(versions);
      all.push_back(std::move(model));
    }
    return all;
  }

  bool artifacts(const json::object& thing, const TakeFile& take) override {
    return take_artifact_files(string_or(thing, "artifacts", ""), store_, artifacts_, take);
  }

 private:
  fs::path copied(const fs::path& file) {
    fs::path copy = folder_.path() / "store.db";
    fs::copy_file(file, copy);
    if (fs::exists(file.string() + "-wal")) fs::copy_file(file.string() + "-wal", copy.string() + "-wal");
    return copy;
  }
  std::vector<std::string> ids(const std::string& sql, const std::string& experiment) {
    std::vector<std::string> all;
    for (auto& row : rows_.query(sql, {experiment})) all.push_back(get_string(row, "id"));
    return all;
  }

  void add_inputs(const std::string& id, json::object& run) {
    json::array datasets, taken, made;
    for (auto& row :
         rows_.query("SELECT d.*, i.input_uuid FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id"
                     " WHERE i.destination_id = $1 AND i.source_type = 'DATASET'",
                     {id}))
      datasets.push_back(json::object{
          {"name", row["name"]},
          {"digest", row["digest"]},
          {"source_type", row["dataset_source_type"]},
          {"source", row["dataset_source"]},
          {"schema", row["dataset_schema"]},
          {"profile", row["dataset_profile"]},
          {"tags",
           pairs(rows_, "SELECT name AS k, value AS v FROM input_tags WHERE input_uuid = $1", {row["input_uuid"]})}});
    if (logged_models_) {
      for (auto& row : rows_.query("SELECT * FROM inputs WHERE (destination_id = $1 OR source_id = $1)"
                                   " AND (destination_type LIKE 'MODEL%' OR source_type LIKE 'RUN_%')",
                                   {id})) {
        bool output = get_string(row, "source_id") == id;
        std::string other = get_string(row, output ? "destination_id" : "source_id");
        if (!other.starts_with("m-")) other = get_string(row, output ? "source_id" : "destination_id");
        if (!other.starts_with("m-")) continue;
        if (get_string(row, "source_type") == "RUN_OUTPUT" || output)
          made.push_back(json::array{other, whole(row["step"])});
        else
          taken.push_back(json::value(other));
      }
    }
    run["datasets"] = std::move(datasets);
    run["input_models"] = std::move(taken);
    run["output_models"] = std::move(made);
  }

  TemporaryFolder folder_;
  fs::path store_, artifacts_;
  Sqlite rows_;
  bool logged_models_ = false;
};

}  // namespace

std::unique_ptr<MlflowSource> open_mlflow_database(const fs::path& file, const fs::path& artifacts) {
  return std::make_unique<Database>(file, artifacts);
}

}  // namespace gyre
