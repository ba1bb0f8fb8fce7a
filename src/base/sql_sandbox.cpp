#include "base/sql_sandbox.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/error.hpp"
#include "base/sql_statistics.hpp"

namespace gyre {

namespace {

struct Close {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Close>;
using Statement = std::unique_ptr<sqlite3_stmt, Close>;

constexpr int work_per_run = 20'000'000;  // virtual machine instructions: about half a second on a small board
constexpr int work_between_checks = 1000;
constexpr std::size_t rows_per_run = 100'000;

// Deterministic, and none that reads a file, a clock or a setting.
constexpr std::array<std::string_view, 45> functions{
    "abs",          "avg",    "ceil",  "ceiling", "coalesce", "count", "cume_dist", "dense_rank", "exp",  "first_value",
    "floor",        "format", "glob",  "ifnull",  "iif",      "instr", "lag",       "last_value", "lead", "length",
    "like",         "ln",     "log",   "log10",   "log2",     "lower", "max",       "min",        "mod",  "nth_value",
    "nullif",       "ntile",  "pow",   "power",   "printf",   "rank",  "round",     "row_number", "sign", "sqrt",
    "percent_rank", "sum",    "total", "typeof",  "upper"};

bool allowed_function(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  auto own = sql_statistics();
  return std::find(functions.begin(), functions.end(), lower) != functions.end() ||
         std::find(own.begin(), own.end(), lower) != own.end();
}

std::string quoted_name(std::string_view name) {
  std::string result = "\"";
  for (char c : name) result += c == '"' ? std::string("\"\"") : std::string(1, c);
  return result + '"';
}

json::value cell(sqlite3_stmt* statement, int i) {
  switch (sqlite3_column_type(statement, i)) {
    case SQLITE_INTEGER:
      return sqlite3_column_int64(statement, i);
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, i);
    case SQLITE_NULL:
      return nullptr;
    default:
      return json::string(reinterpret_cast<const char*>(sqlite3_column_text(statement, i)));
  }
}

}  // namespace

struct SqlSandbox::Body {
  std::string where;
  std::string table;
  std::string refusal;  // what the authorizer said no to, in words
  int work_left = 0;
  bool own = true;  // the statement at work is ours, not the one from outside (SQLite may prepare either again)
  std::size_t columns = 0;
  std::vector<std::string> result_columns;
  Database db;
  Statement insert, clear, select;

  Error wrong(const std::string& text, std::string hint = {}) const {
    if (hint.empty()) hint = "docs/formats/rules.md shows what a rule's SELECT may use";
    return {Code::invalid, where + ": " + text, std::move(hint)};
  }

  Statement prepare(std::string_view sql, const char** rest = nullptr) {
    sqlite3_stmt* made = nullptr;
    if (sqlite3_prepare_v3(db.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &made,
                           rest) != SQLITE_OK)
      throw wrong(refusal.empty() ? sqlite3_errmsg(db.get()) : refusal);
    return Statement(made);
  }

  static int authorize(void* self, int action, const char* first, const char* second, const char*, const char*) {
    auto& body = *static_cast<Body*>(self);
    if (body.own) return SQLITE_OK;
    auto text = [](const char* value) { return std::string(value ? value : ""); };
    switch (action) {
      case SQLITE_SELECT:
        return SQLITE_OK;
      case SQLITE_READ:
        if (text(first) == body.table) return SQLITE_OK;
        body.refusal = "may not read the table \"" + text(first) + "\"";
        return SQLITE_DENY;
      case SQLITE_FUNCTION:
        if (allowed_function(text(second))) return SQLITE_OK;
        body.refusal = "may not call " + text(second) + "()";
        return SQLITE_DENY;
      default:
        body.refusal = "may only SELECT from " + body.table;
        return SQLITE_DENY;
    }
  }

  int step_own(const Statement& statement) {
    own = true;
    work_left = work_per_run / work_between_checks;
    int code = sqlite3_step(statement.get());
    sqlite3_reset(statement.get());
    own = false;
    return code;
  }

  static int work(void* self) { return --static_cast<Body*>(self)->work_left < 0; }
};

static Database open_memory() {
  sqlite3* db = nullptr;
  int code =
      sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database result(db);
  if (code != SQLITE_OK) throw Error(Code::internal, "SQLite opens no database in memory");
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  // A misspelt column in double quotes must be an error, not a text.
  sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 65536);
  sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, 16384);
  sqlite3_limit(db, SQLITE_LIMIT_EXPR_DEPTH, 100);
  sqlite3_limit(db, SQLITE_LIMIT_COMPOUND_SELECT, 10);
  sqlite3_exec(db, "PRAGMA temp_store=MEMORY; PRAGMA journal_mode=OFF; PRAGMA cache_size=-256", nullptr, nullptr,
               nullptr);
  return result;
}

SqlSandbox::SqlSandbox(std::string where, std::string_view table, const std::vector<std::string>& columns,
                       std::string_view select)
    : body_(std::make_unique<Body>()) {
  Body& body = *body_;
  body.where = std::move(where);
  body.table = table;
  body.columns = columns.size();
  body.db = open_memory();
  std::string names, marks;
  for (auto& column : columns) {
    names += (names.empty() ? "" : ", ") + quoted_name(column) + " REAL";
    marks += marks.empty() ? "?" : ", ?";
  }
  if (sqlite3_exec(body.db.get(), ("CREATE TABLE " + quoted_name(table) + " (" + names + ")").c_str(), nullptr, nullptr,
                   nullptr) != SQLITE_OK)
    throw body.wrong("the readings' columns make no table: " + std::string(sqlite3_errmsg(body.db.get())),
                     "every column needs a name of its own");
  body.insert = body.prepare("INSERT INTO " + quoted_name(table) + " VALUES (" + marks + ")");
  body.clear = body.prepare("DELETE FROM " + quoted_name(table));
  add_sql_statistics(body.db.get());
  sqlite3_set_authorizer(body.db.get(), Body::authorize, &body);
  sqlite3_progress_handler(body.db.get(), work_between_checks, Body::work, &body);
  body.work_left = work_per_run / work_between_checks;
  body.own = false;
  const char* rest = nullptr;
  body.select = body.prepare(select, &rest);
  std::string_view more(rest, static_cast<std::size_t>(select.data() + select.size() - rest));
  if (!body.select) throw body.wrong("the SQL is empty");
  if (more.find_first_not_of(" \t\r\n;") != more.npos) throw body.wrong("more than one statement");
  if (!sqlite3_stmt_readonly(body.select.get()) || sqlite3_column_count(body.select.get()) == 0)
    throw body.wrong("may only SELECT from " + body.table);
  if (sqlite3_bind_parameter_count(body.select.get()) > 0) throw body.wrong("parameters (?) have no values here");
  std::set<std::string> once;
  for (int i = 0; i < sqlite3_column_count(body.select.get()); i++) {
    body.result_columns.emplace_back(sqlite3_column_name(body.select.get(), i));
    if (!once.insert(body.result_columns.back()).second)
      throw body.wrong("gives two columns named \"" + body.result_columns.back() + "\"", "name one of them with AS");
  }
}

SqlSandbox::~SqlSandbox() = default;
SqlSandbox::SqlSandbox(SqlSandbox&&) noexcept = default;

const std::vector<std::string>& SqlSandbox::result_columns() const { return body_->result_columns; }

void SqlSandbox::insert(std::span<const double> values) {
  Body& body = *body_;
  if (values.size() != body.columns)
    throw body.wrong("a reading of " + std::to_string(values.size()) + " values, where the columns are " +
                         std::to_string(body.columns),
                     "give one value for each column, NaN where one is missing");
  for (std::size_t i = 0; i < values.size(); i++)
    if (std::isnan(values[i]))
      sqlite3_bind_null(body.insert.get(), static_cast<int>(i + 1));
    else
      sqlite3_bind_double(body.insert.get(), static_cast<int>(i + 1), values[i]);
  if (body.step_own(body.insert) != SQLITE_DONE)
    throw Error(Code::internal, body.where + ": " + sqlite3_errmsg(body.db.get()));
}

std::vector<Row> SqlSandbox::run() {
  Body& body = *body_;
  body.work_left = work_per_run / work_between_checks;
  sqlite3_stmt* select = body.select.get();
  std::vector<Row> rows;
  int code;
  while ((code = sqlite3_step(select)) == SQLITE_ROW && rows.size() < rows_per_run) {
    Row row;
    for (std::size_t i = 0; i < body.result_columns.size(); i++)
      row[body.result_columns[i]] = cell(select, static_cast<int>(i));
    rows.push_back(std::move(row));
  }
  std::string problem = code == SQLITE_INTERRUPT ? "takes too much work for one window"
                        : code == SQLITE_ROW
                            ? "gives more than " + std::to_string(rows_per_run) + " rows for one window"
                        : code != SQLITE_DONE ? sqlite3_errmsg(body.db.get())
                                              : "";
  sqlite3_reset(select);
  if (body.step_own(body.clear) != SQLITE_DONE)
    throw Error(Code::internal, body.where + ": " + sqlite3_errmsg(body.db.get()));
  if (!problem.empty()) throw body.wrong(problem);
  return rows;
}

}  // namespace gyre
