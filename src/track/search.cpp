#include "track/search.hpp"

#include <charconv>
#include <map>

#include "base/error.hpp"
#include "track/filter.hpp"

namespace gyre {

namespace {

// What can be asked of one kind of thing: its own columns, and tables of keys and values beside it.
struct Subject {
  std::string table;
  std::map<std::string, std::string> columns;  // attribute -> column
  struct Beside {
    std::string table;
    std::string keys;  // its columns that name the thing
    std::string own;   // the thing's columns that they name
  };
  std::map<std::string, Beside> beside;  // group -> table of (keys, key, value)
  std::string last_order;                // makes every order total
};

const Subject& run_subject() {
  static const Subject subject{"run",
                               {{"run_id", "id"},
                                {"run_uuid", "id"},
                                {"run_name", "name"},
                                {"name", "name"},
                                {"status", "status"},
                                {"user_id", "who"},
                                {"start_time", "started_at"},
                                {"created", "started_at"},
                                {"end_time", "ended_at"},
                                {"artifact_uri", "artifact_uri"},
                                {"experiment_id", "experiment"}},
                               {{"metric", {"latest_metric", "run", "number"}},
                                {"param", {"param", "run", "number"}},
                                {"tag", {"run_tag", "run", "number"}}},
                               "started_at DESC, id"};
  return subject;
}
const Subject& experiment_subject() {
  static const Subject subject{
      "experiment",
      {{"name", "name"}, {"experiment_id", "id"}, {"creation_time", "created_at"}, {"last_update_time", "updated_at"}},
      {{"tag", {"experiment_tag", "experiment", "id"}}},
      "id DESC"};
  return subject;
}
const Subject& model_subject() {
  static const Subject subject{"model",
                               {{"name", "name"},
                                {"creation_timestamp", "created_at"},
                                {"last_updated_timestamp", "updated_at"},
                                {"timestamp", "updated_at"}},
                               {{"tag", {"model_tag", "model", "name"}}},
                               "name"};
  return subject;
}
const Subject& version_subject() {
  static const Subject subject{"model_version",
                               {{"name", "model"},
                                {"version_number", "version"},
                                {"version", "version"},
                                {"run_id", "run_id"},
                                {"source_path", "source"},
                                {"source", "source"},
                                {"digest", "digest"},
                                {"stage", "stage"},
                                {"creation_timestamp", "created_at"},
                                {"last_updated_timestamp", "updated_at"}},
                               {{"tag", {"model_version_tag", "model, version", "model, version"}}},
                               "updated_at DESC, model, version DESC"};
  return subject;
}

std::string column_of(const Subject& subject, const std::string& key) {
  auto it = subject.columns.find(key);
  if (it != subject.columns.end()) return it->second;
  std::string known;
  for (auto& [name, column] : subject.columns) known += (known.empty() ? "" : ", ") + name;
  throw Error(Code::invalid, "Invalid attribute key '" + key + "' specified. Valid keys are: " + known);
}

const Subject::Beside& beside_of(const Subject& subject, const std::string& group) {
  auto it = subject.beside.find(group);
  if (it == subject.beside.end())
    throw Error(Code::invalid, "Invalid entity type '" + group + "': a " + subject.table + " has none of these");
  return it->second;
}

void add_clause(SqlText& sql, const Subject& subject, const Clause& clause) {
  sql.text += " AND ";
  if (clause.group == "attribute") {
    sql.compare(column_of(subject, clause.key), clause);
    return;
  }
  auto& beside = beside_of(subject, clause.group);
  bool number = clause.group == "metric";
  for (auto& value : clause.values)
    if (value.is_number() != number)
      throw Error(Code::invalid, clause.group + "s." + clause.key + " is compared with " +
                                     (number ? "a number" : "a 'text' in quotes"));
  // MLflow's clients add this clause to every search of models: what lacks the tag is no prompt.
  if (clause.key == "mlflow.prompt.is_prompt" && clause.comparison == "!=") {
    sql.text += "(" + beside.own + ") NOT IN (SELECT " + beside.keys + " FROM " + beside.table +
                " WHERE key = " + sql.bind(clause.key) + " AND value = " + sql.bind(clause.values.front()) + ")";
    return;
  }
  sql.text += "(" + beside.own + ") IN (SELECT " + beside.keys + " FROM " + beside.table +
              " WHERE key = " + sql.bind(clause.key) + " AND ";
  sql.compare("value", clause);
  sql.text += number ? " AND is_nan = 0)" : ")";
}

void add_order(SqlText& sql, const Subject& subject, const std::vector<std::string>& orders) {
  sql.text += " ORDER BY ";
  for (auto& text : orders) {
    Order order = parse_order(text);
    std::string way = order.descending ? " DESC" : " ASC";
    if (order.group == "attribute") {
      std::string column = column_of(subject, order.key);
      sql.text += column + " IS NULL, " + column + way + ", ";
      continue;
    }
    auto& beside = beside_of(subject, order.group);
    if (beside.keys.find(',') != std::string::npos) throw Error(Code::invalid, "versions cannot be ordered by tags");
    // Things without the key come last, either way; a NaN before them.
    std::string key = sql.bind(order.key);
    auto part = [&](const std::string& column) {
      return "(SELECT " + column + " FROM " + beside.table + " b WHERE b." + beside.keys + " = " + subject.table + "." +
             beside.own + " AND b.key = " + key + ")";
    };
    sql.text += part("b.key") + " IS NULL, ";
    if (order.group == "metric") sql.text += part("b.is_nan") + ", ";
    sql.text += part("b.value") + way + ", ";
  }
  sql.text += subject.last_order;
}

// Where the next page starts. Offsets, not keys: an order may be by anything.
std::size_t skip_of(const std::string& token) {
  std::size_t skip = 0;
  auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), skip);
  if (!token.empty() && (error != std::errc() || end != token.data() + token.size()))
    throw Error(Code::invalid, "Invalid page token, could not decode: " + token);
  return skip;
}

std::vector<Row> search_rows(Workspace& workspace, const Subject& subject, const std::string& condition,
                             SqlValues values, const Search& search, std::string& next) {
  SqlText sql{"SELECT * FROM " + subject.table + " WHERE " + condition, std::move(values)};
  for (auto& clause : parse_filter(search.filter)) add_clause(sql, subject, clause);
  add_order(sql, subject, search.order_by);
  std::size_t skip = skip_of(search.page_token);
  sql.text += " LIMIT " + sql.bind(search.limit + 1) + " OFFSET " + sql.bind(skip);
  auto rows = workspace.rows().query(sql.text, sql.values);
  if (rows.size() > search.limit) {
    rows.pop_back();
    next = std::to_string(skip + search.limit);
  }
  return rows;
}

std::string of_stage(Stages stages) {
  return stages == Stages::all ? "1 = 1" : stages == Stages::active ? "stage = 'active'" : "stage = 'deleted'";
}

}  // namespace

Page<Run> search_runs(Workspace& workspace, const std::vector<std::int64_t>& experiments, const Search& search) {
  Page<Run> page;
  if (experiments.empty()) return page;
  SqlText some;
  some.compare("experiment", {"attribute", "experiment", "IN", {experiments.begin(), experiments.end()}});
  auto rows = search_rows(workspace, run_subject(), of_stage(search.stages) + " AND " + some.text, some.values, search,
                          page.next);
  page.found = runs_from(workspace, rows);
  return page;
}

Page<Experiment> search_experiments(Workspace& workspace, const Search& search) {
  Page<Experiment> page;
  for (auto& row : search_rows(workspace, experiment_subject(), of_stage(search.stages), {}, search, page.next))
    page.found.push_back(experiment_from(workspace, row));
  return page;
}

Page<std::string> search_models(Workspace& workspace, const Search& search) {
  Page<std::string> page;
  for (auto& row : search_rows(workspace, model_subject(), "1 = 1", {}, search, page.next))
    page.found.push_back(get_string(row, "name"));
  return page;
}

Page<ModelVersion> search_versions(Workspace& workspace, const Search& search) {
  Page<ModelVersion> page;
  for (auto& row : search_rows(workspace, version_subject(), "1 = 1", {}, search, page.next))
    page.found.push_back(version_from(workspace, row));
  return page;
}

}  // namespace gyre
