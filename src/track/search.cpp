#include "track/search.hpp"

#include <algorithm>
#include <charconv>
#include <span>
#include <utility>

#include "base/error.hpp"
#include "track/filter.hpp"
#include "track/search_plan.hpp"
#include "track/search_subjects.hpp"

namespace gyre {

namespace {

// The tables that an order needs, and the order. Things without the key come last, either way; a NaN before them.
struct Ordering {
  std::string joins;
  std::string by;
};
Ordering ordering_of(SqlText& sql, const Subject& subject, std::span<const Order> orders) {
  Ordering result;
  for (std::size_t i = 0; i < orders.size(); i++) {
    auto& order = orders[i];
    std::string way = order.descending ? " DESC" : " ASC";
    if (order.group == "attribute") {
      std::string column = order_column(subject, order.key);
      // Only where there can be a NULL: an index gives the order of the bare column.
      bool may_lack = column == "run.ended_at" || column == "model_version.digest";
      result.by += (may_lack ? column + " IS NULL, " : "") + column + way + ", ";
      continue;
    }
    auto& beside = beside_of(subject, order.group);
    if (beside.keys.find(',') != std::string::npos)
      throw Error(Code::invalid, "Invalid order_by entity: " + order.group);
    std::string name = "o" + std::to_string(i + 1);
    result.joins += " LEFT JOIN " + beside.table + " " + name + " ON " + name + "." + beside.keys + " = " + beside.own +
                    " AND " + name + ".key = " + sql.bind(order.key);
    result.by += name + ".key IS NULL, " + name + ".value IS NULL, " + name + ".value" + way + ", ";
  }
  if (orders.empty()) result.by += subject.usual_order;
  result.by += subject.last_order;
  return result;
}

// Where the next page starts. Offsets, not keys: an order may be by anything.
std::size_t skip_of(const std::string& token) {
  std::size_t skip = 0;
  auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), skip);
  if (!token.empty() && (error != std::errc() || end != token.data() + token.size()))
    throw Error(Code::invalid, "Invalid page token, could not decode: " + token);
  return skip;
}

using Take = std::function<void(const SqlColumns& row)>;

// A page of what one or several statements give, one after the other; `rests` are what stands behind "SELECT columns
// FROM". Gives where the next page starts.
std::string page_of(Workspace& workspace, SqlText sql, const std::vector<std::string>& rests, const Search& search,
                    std::string_view columns, const Take& take) {
  std::size_t skip = skip_of(search.page_token), start = skip, found = 0;
  std::string limit = sql.bind(std::int64_t()), offset = sql.bind(std::int64_t());
  for (std::size_t i = 0; i < rests.size() && found <= search.limit; i++) {
    sql.values[sql.values.size() - 2] = search.limit + 1 - found;
    sql.values.back() = start;
    std::size_t before = found;
    workspace.rows().each(
        "SELECT " + std::string(columns) + " FROM " + rests[i] + " LIMIT " + limit + " OFFSET " + offset, sql.values,
        [&](const SqlColumns& row) {
          if (++found <= search.limit) take(row);
        });
    if (found > before) {
      start = 0;
    } else if (i + 1 < rests.size() && start > 0) {
      std::string counted = rests[i].substr(0, rests[i].find(" ORDER BY "));
      std::int64_t passed = get_int(*workspace.rows().one("SELECT count(*) AS n FROM " + counted, sql.values), "n");
      start -= std::min(start, static_cast<std::size_t>(passed));
    }
  }
  return found > search.limit ? std::to_string(skip + search.limit) : "";
}

std::string search_rows(Workspace& workspace, const Subject& subject, SqlText sql, const Search& search,
                        std::string_view columns, const Take& take, const std::string& experiments = {}) {
  sql.dialect = workspace.rows().dialect();
  std::string condition = std::exchange(sql.text, "");
  auto clauses = parse_filter(search.filter);
  // Of runs only: others are not that many.
  auto few = experiments.empty()
                 ? std::nullopt
                 : few_runs(workspace, sql, clauses, experiments, skip_of(search.page_token) + search.limit);
  bool look = !experiments.empty() && sql.dialect == Dialect::sqlite;
  for (std::size_t i = 0; i < clauses.size(); i++)
    if (!few || few->clause != i) add_clause(sql, subject, clauses[i], look ? ClauseForm::look : ClauseForm::list);
  condition += std::exchange(sql.text, "");
  std::vector<Order> orders;
  for (auto& text : search.order_by) {
    orders.push_back(parse_order(text));
    auto same = [&](const Order& other) {
      return other.group == orders.back().group && other.key == orders.back().key;
    };
    if (std::any_of(orders.begin(), orders.end() - 1, same))
      throw Error(Code::invalid, "`order_by` contains duplicate fields: " + text);
  }
  auto first = orders.empty() || experiments.empty() || few
                   ? std::nullopt
                   : first_order(workspace, sql, orders[0], clauses, experiments);
  if (!first) {
    auto ordering = ordering_of(sql, subject, orders);
    std::string table = few ? few->runs + " few CROSS JOIN run ON run.number = few.run" : subject.table;
    return page_of(workspace, sql, {table + ordering.joins + " WHERE " + condition + " ORDER BY " + ordering.by},
                   search, columns, take);
  }
  auto ordering = ordering_of(sql, subject, std::span(orders).subspan(1));
  return page_of(workspace, sql,
                 {first->table + " first" + first->join + "run ON run.number = first.run" + ordering.joins +
                      " WHERE first.key = " + first->key + first->condition + " AND first.value IS NOT NULL AND " +
                      condition + " ORDER BY " + first->by + ", " + ordering.by,
                  "run LEFT JOIN " + first->table + " first ON first.run = run.number AND first.key = " + first->key +
                      ordering.joins + " WHERE first.value IS NULL AND " + condition + " ORDER BY first.key IS NULL, " +
                      ordering.by},
                 search, columns, take);
}

std::string of_stage(Stages stages) {
  return stages == Stages::all ? "1 = 1" : stages == Stages::active ? "stage = 'active'" : "stage = 'deleted'";
}

}  // namespace

Page<Run> search_runs(Workspace& workspace, const std::vector<std::int64_t>& experiments, const Search& search) {
  Page<Run> page;
  if (experiments.empty()) return page;
  settle_points(workspace);
  SqlText sql;
  // A lone experiment by =: so its index gives an order.
  bool one = experiments.size() == 1;
  std::vector<json::value> ids(experiments.begin(), experiments.end());
  sql.compare("experiment", {"attribute", "experiment", one ? "=" : "IN", ids});
  std::string some = std::exchange(sql.text, "");
  sql.text = of_stage(search.stages) + " AND run." + some;
  page.next = search_rows(
      workspace, run_subject(), sql, search, run_columns,
      [&](const SqlColumns& row) { page.found.push_back(run_from(row)); }, some);
  complete(workspace, page.found);
  return page;
}

Page<Experiment> search_experiments(Workspace& workspace, const Search& search) {
  Page<Experiment> page;
  page.next = search_rows(workspace, experiment_subject(), {.text = of_stage(search.stages)}, search, "experiment.*",
                          [&](const SqlColumns& columns) {
                            Row row = columns.row();
                            page.found.push_back(experiment_from(workspace, row));
                          });
  return page;
}

Page<std::string> search_models(Workspace& workspace, const Search& search) {
  Page<std::string> page;
  page.next =
      search_rows(workspace, model_subject(), {.text = "1 = 1"}, search, "model.*", [&](const SqlColumns& columns) {
        Row row = columns.row();
        page.found.push_back(get_string(row, "name"));
      });
  return page;
}

Page<ModelVersion> search_versions(Workspace& workspace, const Search& search) {
  Page<ModelVersion> page;
  page.next = search_rows(workspace, version_subject(), {.text = "1 = 1"}, search, "model_version.*",
                          [&](const SqlColumns& columns) {
                            Row row = columns.row();
                            page.found.push_back(version_from(workspace, row));
                          });
  return page;
}

Page<Row> search_evaluation_dataset_rows(Workspace& workspace, const std::vector<std::int64_t>& experiments,
                                         const Search& search) {
  SqlText sql{.text = "1 = 1"};
  if (!experiments.empty())
    sql.text =
        "id IN (SELECT dataset FROM evaluation_dataset_experiment WHERE experiment IN"
        " (SELECT CAST(value AS INTEGER) FROM json_each(" +
        sql.bind(json::array(experiments.begin(), experiments.end())) + ")))";
  Page<Row> page;
  page.next = search_rows(workspace, evaluation_dataset_subject(), sql, search, "evaluation_dataset.*",
                          [&](const SqlColumns& columns) { page.found.push_back(columns.row()); });
  return page;
}

}  // namespace gyre
