#include <charconv>
#include <map>

#include "base/error.hpp"
#include "track/filter.hpp"
#include "track/logged_models.hpp"

namespace gyre {

static const std::string& column_of(const std::string& key) {
  static const std::map<std::string, std::string> columns{{"model_id", "id"},
                                                          {"id", "id"},
                                                          {"experiment_id", "experiment"},
                                                          {"name", "name"},
                                                          {"model_type", "type"},
                                                          {"source_run_id", "source_run"},
                                                          {"status", "status"},
                                                          {"artifact_location", "artifact_location"},
                                                          {"creation_time", "created_at"},
                                                          {"creation_timestamp", "created_at"},
                                                          {"creation_timestamp_ms", "created_at"},
                                                          {"last_updated_timestamp", "updated_at"},
                                                          {"last_updated_timestamp_ms", "updated_at"}};
  auto it = columns.find(key);
  if (it != columns.end()) return it->second;
  std::string known;
  for (auto& [name, column] : columns) known += (known.empty() ? "" : ", ") + name;
  throw Error(Code::invalid, "Invalid attribute of a logged model: " + key, "attributes are " + known);
}

// " AND (dataset_name = $1 AND dataset_digest = $2 OR ...)"; nothing when any data will do.
static std::string on_datasets(SqlText& sql, const std::vector<DatasetName>& datasets) {
  std::string text;
  for (auto& dataset : datasets) {
    text += (text.empty() ? " AND (" : " OR ") + ("dataset_name = " + sql.bind(dataset.name));
    if (!dataset.digest.empty()) text += " AND dataset_digest = " + sql.bind(dataset.digest);
  }
  return text.empty() ? text : text + ")";
}

static void add_clause(SqlText& sql, const Clause& clause, const std::vector<DatasetName>& datasets) {
  bool number = clause.group == "metric" ||
                (clause.group == "attribute" && (column_of(clause.key).ends_with("_at") || clause.key == "experiment"));
  for (auto& value : clause.values)
    if (value.is_number() != number)
      throw Error(Code::invalid, clause.group + "s." + clause.key + " is compared with " +
                                     (number ? "a number" : "a 'text' in quotes"));
  bool listing = clause.comparison.ends_with("IN"), like = clause.comparison.ends_with("LIKE");
  bool ordering = clause.comparison.find_first_of("<>") != std::string::npos;
  if (number ? listing || like : ordering)
    throw Error(Code::invalid, "Invalid comparison operator for " + clause.group + "s." + clause.key + ": '" +
                                   clause.comparison + "'");
  sql.text += " AND ";
  if (clause.group == "attribute") {
    sql.compare(column_of(clause.key), clause);
    return;
  }
  std::string table = "logged_model_" + clause.group;
  sql.text += "id IN (SELECT model FROM " + table + " WHERE key = " + sql.bind(clause.key) + " AND ";
  sql.compare("value", clause);
  if (clause.group == "metric") sql.text += on_datasets(sql, datasets);
  sql.text += ")";
}

static void add_order(SqlText& sql, const LoggedModelOrder& order) {
  std::string way = order.descending ? " DESC, " : ", ", value;
  auto dot = order.field.find('.');
  if (dot == std::string::npos) {
    value = column_of(order.field);
  } else {
    if (order.field.substr(0, dot) != "metrics")
      throw Error(Code::invalid, "Invalid order by field name: " + order.field + ". Only metrics are supported.");
    // The model's last measurement; models without one come last, either way.
    value = "(SELECT value FROM logged_model_metric m WHERE m.model = logged_model.id AND m.key = " +
            sql.bind(order.field.substr(dot + 1));
    if (!order.dataset.name.empty()) value += on_datasets(sql, {order.dataset});
    value += " ORDER BY at DESC, step DESC, run LIMIT 1)";
  }
  sql.text += value + " IS NULL, " + value + way;
}

Page<LoggedModel> search_logged_models(Workspace& workspace, const LoggedModelSearch& search) {
  std::size_t skip = 0;
  auto& token = search.page_token;
  auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), skip);
  if (!token.empty() && (error != std::errc() || end != token.data() + token.size()))
    throw Error(Code::invalid, "Invalid page token, could not decode: " + token);
  SqlText sql{.dialect = workspace.rows().dialect()};
  json::array experiments(search.experiments.begin(), search.experiments.end());
  sql.text =
      "SELECT * FROM logged_model WHERE stage = 'active' AND experiment IN (SELECT CAST(value AS INTEGER)"
      " FROM json_each(" +
      sql.bind(experiments) + "))";
  bool measured = false;
  for (auto& clause : parse_filter(search.filter)) {
    add_clause(sql, clause, search.datasets);
    measured |= clause.group == "metric";
  }
  if (!measured && !search.datasets.empty())
    sql.text +=
        " AND id IN (SELECT model FROM logged_model_metric WHERE 1 = 1" + on_datasets(sql, search.datasets) + ")";
  sql.text += " ORDER BY ";
  for (auto& order : search.order_by) add_order(sql, order);
  sql.text += "created_at DESC, id LIMIT " + sql.bind(search.limit + 1) + " OFFSET " + sql.bind(skip);
  auto rows = workspace.rows().query(sql.text, sql.values);
  Page<LoggedModel> page;
  if (rows.size() > search.limit) {
    rows.pop_back();
    page.next = std::to_string(skip + search.limit);
  }
  page.found = logged_models_from(workspace, rows);
  return page;
}

}  // namespace gyre
