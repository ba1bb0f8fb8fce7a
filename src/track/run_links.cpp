#include "track/run_links.hpp"

#include "base/error.hpp"
#include "track/lineage.hpp"

namespace gyre {

static Run active_run(Workspace& workspace, const std::string& id) {
  Run run = get_run(workspace, id);
  if (run.stage != "active")
    throw Error(Code::invalid, "The run " + id + " must be in the 'active' state. Current state is " + run.stage + ".",
                "restore it first");
  return run;
}

static void check_dataset(const DatasetInput& dataset) {
  auto limit = [](std::string_view what, std::size_t size, std::size_t most) {
    if (size > most)
      throw Error(Code::invalid,
                  "'" + std::string(what) + "' exceeds the maximum length of " + std::to_string(most) + " characters");
  };
  limit("name", dataset.name.size(), 500);
  limit("digest", dataset.digest.size(), 36);
  limit("source", dataset.source.size(), 65535);
  limit("schema", dataset.schema.value_or("").size(), 1048575);
  limit("profile", dataset.profile.value_or("").size(), 16777215);
  for (auto& [key, value] : dataset.tags) {
    limit("key", key.size(), 255);
    limit("value", value.size(), 500);
  }
}

static json::value or_null(const std::optional<std::string>& text) { return text ? json::value(*text) : json::value(); }

static std::int64_t keep_dataset(Workspace& workspace, std::int64_t experiment, const DatasetInput& dataset) {
  auto& rows = workspace.rows();
  rows.run(
      "INSERT INTO dataset_input (experiment, name, digest, source_type, source, schema, profile)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
      {experiment, dataset.name, dataset.digest, dataset.source_type, dataset.source, or_null(dataset.schema),
       or_null(dataset.profile)});
  auto row = rows.one("SELECT id FROM dataset_input WHERE experiment = $1 AND name = $2 AND digest = $3",
                      {experiment, dataset.name, dataset.digest});
  return get_int(*row, "id");
}

void log_inputs(Workspace& workspace, const std::string& id, const std::vector<DatasetInput>& datasets,
                const std::vector<std::string>& models) {
  for (auto& dataset : datasets) check_dataset(dataset);
  workspace.rows().transaction([&] {
    auto run = active_run(workspace, id);
    for (auto& dataset : datasets) {
      std::int64_t kept = keep_dataset(workspace, run.experiment, dataset);
      auto fresh = workspace.rows().query(
          "INSERT INTO run_dataset VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING run", {run.number, kept});
      if (fresh.empty()) continue;
      for (auto& [key, value] : dataset.tags)
        workspace.rows().run(
            "INSERT INTO run_dataset_tag VALUES ($1, $2, $3, $4) ON CONFLICT (run, dataset, key) DO UPDATE SET value = "
            "$4",
            {run.number, kept, key, value});
      add_edge(workspace, {"data", dataset.name + "@" + dataset.digest}, {"run", id}, "used");
    }
    for (auto& model : models)
      workspace.rows().run("INSERT INTO run_model VALUES ($1, 'input', $2, 0) ON CONFLICT DO NOTHING",
                           {run.number, model});
  });
}

void log_outputs(Workspace& workspace, const std::string& id, const std::vector<ModelOutput>& models) {
  workspace.rows().transaction([&] {
    auto run = active_run(workspace, id);
    for (auto& output : models)
      workspace.rows().run("INSERT INTO run_model VALUES ($1, 'output', $2, $3) ON CONFLICT DO NOTHING",
                           {run.number, output.model, output.step});
  });
}

std::unordered_map<std::int64_t, RunLinks> links_of(Workspace& workspace, std::span<const Run> runs) {
  std::unordered_map<std::int64_t, RunLinks> links;
  json::array numbers;
  for (auto& run : runs) numbers.push_back(run.number);
  std::string among = "run IN (SELECT CAST(value AS INTEGER) FROM json_each($1))";
  std::unordered_map<std::int64_t, std::unordered_map<std::int64_t, std::size_t>> places;  // run -> data set -> index
  for (auto& row :
       workspace.rows().query("SELECT r.run, d.* FROM run_dataset r JOIN dataset_input d ON d.id = r.dataset WHERE r." +
                                  among + " ORDER BY r.run, r.dataset",
                              {numbers})) {
    auto& datasets = links[get_int(row, "run")].datasets;
    places[get_int(row, "run")][get_int(row, "id")] = datasets.size();
    datasets.push_back({.name = get_string(row, "name"),
                        .digest = get_string(row, "digest"),
                        .source_type = get_string(row, "source_type"),
                        .source = get_string(row, "source"),
                        .schema = find_string(row, "schema"),
                        .profile = find_string(row, "profile")});
  }
  if (!places.empty())
    for (auto& row : workspace.rows().query("SELECT * FROM run_dataset_tag WHERE " + among, {numbers})) {
      std::int64_t run = get_int(row, "run");
      links[run].datasets[places[run][get_int(row, "dataset")]].tags.emplace_back(get_string(row, "key"),
                                                                                  get_string(row, "value"));
    }
  for (auto& row : workspace.rows().query("SELECT * FROM run_model WHERE " + among + " ORDER BY run, role, step, model",
                                          {numbers})) {
    auto& link = links[get_int(row, "run")];
    if (get_string(row, "role") == "input")
      link.input_models.push_back(get_string(row, "model"));
    else
      link.output_models.push_back({get_string(row, "model"), get_int(row, "step")});
  }
  return links;
}

json::array dataset_summaries(Workspace& workspace, const std::vector<std::int64_t>& experiments) {
  json::array summaries;
  for (auto& row :
       workspace.rows().query("SELECT d.experiment, d.name, d.digest, t.value AS context FROM dataset_input d"
                              " JOIN run_dataset r ON r.dataset = d.id LEFT JOIN run_dataset_tag t ON t.run = r.run"
                              " AND t.dataset = r.dataset AND t.key = 'mlflow.data.context'"
                              " WHERE d.experiment IN (SELECT CAST(value AS INTEGER) FROM json_each($1))"
                              " GROUP BY d.id, d.experiment, d.name, d.digest, t.value ORDER BY d.id LIMIT 1000",
                              {json::array(experiments.begin(), experiments.end())})) {
    json::object summary{{"experiment_id", std::to_string(get_int(row, "experiment"))},
                         {"name", row["name"]},
                         {"digest", row["digest"]}};
    if (!row["context"].is_null()) summary["context"] = row["context"];
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

}  // namespace gyre
