#include "track/search_subjects.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <utility>

#include "base/error.hpp"

namespace gyre {

static constexpr auto number = Attribute::number;

const Subject& run_subject() {
  static const Attribute name{"name"}, started{"started_at", number};
  static const Subject subject{.table = "run",
                               .attributes = {{"run_id", {"id", Attribute::text, true}},
                                              {"run_name", name},
                                              {"run name", name},
                                              {"Run name", name},
                                              {"Run Name", name},
                                              {"status", {"status"}},
                                              {"user_id", {"who"}},
                                              {"artifact_uri", {"artifact_uri"}},
                                              {"start_time", started},
                                              {"created", started},
                                              {"Created", started},
                                              {"end_time", {"ended_at", number}}},
                               .beside = {{"metric", {"latest_metric", "run", "run.number"}},
                                          {"param", {"param", "run", "run.number"}},
                                          {"tag", {"run_tag", "run", "run.number"}}},
                               .by_absence = true,
                               .by_dataset = true,
                               .usual_order = "",
                               .last_order = "run.started_at DESC, run.id"};
  return subject;
}

const Subject& experiment_subject() {
  static const Subject subject{.table = "experiment",
                               .attributes = {{"name", {"name"}},
                                              {"experiment_id", {"id", Attribute::identifier, true}},
                                              {"creation_time", {"created_at", number}},
                                              {"last_update_time", {"updated_at", number}}},
                               .beside = {{"tag", {"experiment_tag", "experiment", "experiment.id"}}},
                               .by_absence = true,
                               .by_dataset = false,
                               .usual_order = "experiment.created_at DESC, experiment.id ASC, ",
                               .last_order = "experiment.id DESC"};
  return subject;
}

const Subject& model_subject() {
  static const Attribute updated{.column = "updated_at", .kind = number, .filtered = false};
  static const Subject subject{.table = "model",
                               .attributes = {{"name", {"name", Attribute::text, true}},
                                              {"last_updated_timestamp", updated},
                                              {"timestamp", updated}},
                               .beside = {{"tag", {"model_tag", "model", "model.name"}}},
                               .by_absence = false,
                               .by_dataset = false,
                               .usual_order = "",
                               .last_order = "model.name"};
  return subject;
}

const Subject& version_subject() {
  static const Subject subject{
      .table = "model_version",
      .attributes = {{"name", {"model", Attribute::text, true}},
                     {"version_number", {"version", number}},
                     {"run_id", {.column = "run_id", .listed = true, .ordered = false}},
                     {"source_path", {.column = "source", .ordered = false}},
                     {"creation_timestamp", {.column = "created_at", .kind = number, .filtered = false}},
                     {"last_updated_timestamp", {.column = "updated_at", .kind = number, .filtered = false}}},
      .beside = {{"tag", {"model_version_tag", "model, version", "model_version.model, model_version.version"}}},
      .by_absence = false,
      .by_dataset = false,
      .usual_order = "model_version.updated_at DESC, ",
      .last_order = "model_version.model, model_version.version DESC"};
  return subject;
}

const Subject& evaluation_dataset_subject() {
  static const Subject subject{.table = "evaluation_dataset",
                               .attributes = {{"name", {"name", Attribute::text, true}},
                                              {"created_time", {"created_at", number}},
                                              {"last_update_time", {"updated_at", number}},
                                              {"created_by", {.column = "created_by", .ordered = false}},
                                              {"last_updated_by", {.column = "updated_by", .ordered = false}}},
                               .beside = {{"tag", {"evaluation_dataset_tag", "dataset", "evaluation_dataset.id"}}},
                               .by_absence = false,
                               .by_dataset = false,
                               .usual_order = "evaluation_dataset.created_at DESC, ",
                               .last_order = "evaluation_dataset.id DESC"};
  return subject;
}

static const Attribute& attribute_of(const Subject& subject, const std::string& key, bool Attribute::*use) {
  auto it = subject.attributes.find(key);
  if (it != subject.attributes.end() && it->second.*use) return it->second;
  std::string known;
  for (auto& [name, attribute] : subject.attributes)
    if (attribute.*use) known += (known.empty() ? "" : ", ") + name;
  throw Error(Code::invalid, "Invalid attribute key '" + key.substr(0, 80) + "' specified. Valid keys are: " + known);
}

std::string order_column(const Subject& subject, const std::string& key) {
  return subject.table + "." + attribute_of(subject, key, &Attribute::ordered).column;
}

const Subject::Beside& beside_of(const Subject& subject, const std::string& group) {
  auto it = subject.beside.find(group);
  if (it == subject.beside.end())
    throw Error(Code::invalid, "Invalid entity type '" + group + "': a " + subject.table + " has none of these");
  return it->second;
}

static void check_comparison(const Clause& clause, std::initializer_list<std::string_view> known) {
  if (std::find(known.begin(), known.end(), clause.comparison) != known.end()) return;
  std::string names;
  for (auto name : known) names += (names.empty() ? "" : ", ") + std::string(name);
  throw Error(Code::invalid, "Invalid comparator '" + clause.comparison + "' for " + clause.group + " '" + clause.key +
                                 "': it is not one of " + names);
}

static void check_values(const Clause& clause, bool numbers) {
  for (auto& value : clause.values)
    if (value.is_number() != numbers)
      throw Error(Code::invalid, std::string("Expected ") + (numbers ? "numeric value type" : "a quoted string value") +
                                     " for " + clause.group + " '" + clause.key + "'. Found " + json::serialize(value));
}

static void check_numbers(const Clause& clause) {
  check_comparison(clause, {"=", "!=", "<", "<=", ">", ">="});
  check_values(clause, true);
}

static void check_texts(const Clause& clause, bool listed, bool by_absence = false) {
  if (listed)
    check_comparison(clause, {"=", "!=", "LIKE", "ILIKE", "IN", "NOT IN"});
  else if (by_absence)
    check_comparison(clause, {"=", "!=", "LIKE", "ILIKE", "IS NULL", "IS NOT NULL"});
  else
    check_comparison(clause, {"=", "!=", "LIKE", "ILIKE"});
  check_values(clause, false);
}

// The same clause with the numbers that its texts hold.
static Clause with_numbers(Clause clause) {
  check_comparison(clause, {"=", "!=", "IN", "NOT IN"});
  check_values(clause, false);
  for (auto& value : clause.values) {
    std::string text(value.get_string());
    std::int64_t id = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc() || end != text.data() + text.size())
      throw Error(Code::invalid, "Invalid experiment ID '" + text + "'. Experiment ID must be a valid integer.");
    value = id;
  }
  return clause;
}

static void add_attribute(SqlText& sql, const Subject& subject, const Clause& clause) {
  auto& attribute = attribute_of(subject, clause.key, &Attribute::filtered);
  std::string column = subject.table + "." + attribute.column;
  if (attribute.kind == Attribute::identifier) {
    sql.compare(column, with_numbers(clause));
    return;
  }
  if (attribute.kind == Attribute::number)
    check_numbers(clause);
  else
    check_texts(clause, attribute.listed);
  sql.compare(column, clause);
}

// Runs by the data that they took.
static void add_dataset(SqlText& sql, const Subject& subject, const Clause& clause) {
  if (!subject.by_dataset)
    throw Error(Code::invalid, "Invalid entity type 'dataset': a " + subject.table + " has none of these");
  check_texts(clause, true);
  if (clause.key == "context") {
    sql.text += "run.number IN (SELECT run FROM run_dataset_tag WHERE key = 'mlflow.data.context' AND ";
    sql.compare("value", clause);
  } else if (clause.key == "name" || clause.key == "digest") {
    sql.text += "run.number IN (SELECT r.run FROM run_dataset r JOIN dataset_input d ON d.id = r.dataset WHERE ";
    sql.compare("d." + clause.key, clause);
  } else {
    throw Error(Code::invalid,
                "Invalid dataset key '" + clause.key + "' specified. Valid keys are: context, digest, name");
  }
  sql.text += ")";
}

// Tags that MLflow's clients give to each run: left out of the index of run_tag, whose condition this is word for word.
static constexpr std::string_view tags_of_each_run =
    "('mlflow.runName', 'mlflow.user', 'mlflow.source.name', 'mlflow.source.type')";

static bool is_tag_of_each_run(const Subject::Beside& beside, const Clause& clause) {
  return beside.table == "run_tag" && tags_of_each_run.find("'" + clause.key + "'") != std::string_view::npos;
}

static void check_beside(const Subject& subject, const Clause& clause) {
  if (clause.group == "metric")
    check_numbers(clause);
  else
    check_texts(clause, false, subject.by_absence);
}

// "value < $3", and what else is meant by it.
static void add_value(SqlText& sql, const Clause& clause) {
  sql.text += "(";
  sql.compare("value", clause);
  // What is not a number is NULL: it compares with nothing, but it is unequal to all.
  sql.text += clause.group == "metric" && clause.comparison == "!=" ? " OR value IS NULL)" : ")";
}

static void add_look(SqlText& sql, const Subject::Beside& beside, const Clause& clause) {
  sql.text += clause.comparison == "IS NULL" ? "NOT EXISTS " : "EXISTS ";
  sql.text += "(SELECT 1 FROM " + beside.table + " WHERE run = run.number AND key = " + sql.bind(clause.key);
  if (!clause.values.empty()) {
    sql.text += " AND ";
    add_value(sql, clause);
  }
  sql.text += ")";
}

// The rows of a key, by their index.
static std::string of_key(SqlText& sql, const Subject::Beside& beside, const Clause& clause) {
  std::string rows = " FROM " + beside.table + " WHERE key = " + sql.bind(clause.key);
  if (beside.table == "run_tag") rows += " AND key NOT IN " + std::string(tags_of_each_run);
  return rows;
}

static void add_beside(SqlText& sql, const Subject& subject, const Clause& clause, ClauseForm form) {
  auto& beside = beside_of(subject, clause.group);
  check_beside(subject, clause);
  if (form == ClauseForm::look || is_tag_of_each_run(beside, clause)) return add_look(sql, beside, clause);
  std::string rows = "(SELECT " + beside.keys + of_key(sql, beside, clause);
  // MLflow's clients add this clause to every search of models: what lacks the tag is no prompt.
  bool is_no_prompt = clause.key == "mlflow.prompt.is_prompt" && clause.comparison == "!=";
  if (clause.values.empty()) {
    sql.text += "(" + beside.own + (clause.comparison == "IS NULL" ? ") NOT IN " : ") IN ") + rows + ")";
  } else if (is_no_prompt) {
    sql.text += "(" + beside.own + ") NOT IN " + rows + " AND value = " + sql.bind(clause.values.front()) + ")";
  } else {
    sql.text += "(" + beside.own + ") IN " + rows + " AND ";
    add_value(sql, clause);
    sql.text += ")";
  }
}

std::optional<std::string> indexed_runs(SqlText& sql, const Clause& clause) {
  bool metric = clause.group == "metric";
  if (!metric && clause.group != "param" && clause.group != "tag") return {};
  auto& beside = beside_of(run_subject(), clause.group);
  check_beside(run_subject(), clause);
  bool by_value = metric ? clause.comparison != "!=" : clause.comparison == "=";
  if (!by_value || is_tag_of_each_run(beside, clause)) return {};
  std::string rows = of_key(sql, beside, clause), before = std::exchange(sql.text, " AND ");
  add_value(sql, clause);
  return rows + std::exchange(sql.text, before);
}

void add_clause(SqlText& sql, const Subject& subject, const Clause& clause, ClauseForm form) {
  sql.text += " AND ";
  if (clause.group == "attribute")
    add_attribute(sql, subject, clause);
  else if (clause.group == "dataset")
    add_dataset(sql, subject, clause);
  else
    add_beside(sql, subject, clause, form);
}

}  // namespace gyre
